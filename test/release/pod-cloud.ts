// A cloud that gives tokens, and the registry that takes them, where pods find both.
import { relayTo } from "../cluster/relay.ts";
import { startRegistry } from "../cluster/registry.ts";
import { connectProxy } from "../runtime/network/connect-proxy.ts";
import { type Ecr, ecr, ecrHost } from "../integration/ecr.ts";

export interface PodCloud {
  /** Of ECR's API. */
  readonly url: string;
  /** By which they reach the registry, which has a certificate of this authority. */
  readonly proxy: string;
  readonly ca: string;
  /** So many passwords it has given. */
  minted(): number;
  /** From now on it answers no more, or again. */
  setDown(down: boolean): void;
  close(): Promise<void>;
}

const lifetime = Temporal.Duration.from({ seconds: 60 });

/** At an address of this machine. Its first answer is that it is too busy. */
export async function podCloud(address: string): Promise<PodCloud> {
  await using opening = new AsyncDisposableStack();
  const registry = await startRegistry({ auth: { kind: "htpasswd", users: [] }, tls: true, hosts: [ecrHost] });
  opening.defer(() => registry.stop());
  const proxy = await connectProxy(Number(new URL(registry.url).port), { address });
  opening.defer(() => proxy.close());
  let isDown = false;
  let isFirst = true;
  const cloud: Ecr = await ecr({
    lifetime,
    asked: () => {
      if (isDown) return "refused";
      if (!isFirst) return undefined;
      isFirst = false;
      return "throttled";
    },
    minted: ({ password }) => registry.setUsers([{ name: "AWS", password }]),
  });
  opening.defer(() => cloud.close());
  const target = cloud.routes["api.ecr.eu-west-3.amazonaws.com"]?.url ?? "";
  const relayed = await relayTo(Number(new URL(target).port), address);
  opening.defer(() => relayed.close());
  const running = opening.move();
  return {
    url: `http://${address}:${relayed.port}`,
    proxy: proxy.url,
    ca: registry.ca ?? "",
    minted: () => cloud.mints.length,
    setDown: (down) => {
      isDown = down;
    },
    close: () => running.disposeAsync(),
  };
}
