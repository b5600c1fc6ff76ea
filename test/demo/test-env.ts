// What the story acts on, set up on any stage.
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { defaultPullSecretName } from "../../src/api/names.ts";
import type { Part } from "../cluster/part.ts";
import { pushImage } from "../cluster/push-image.ts";
import { type Registry, startRegistry } from "../cluster/registry.ts";
import { watchdog } from "../cluster/watchdog.ts";
import type { Clouds } from "./clouds.ts";
import type { ClusterClient } from "./cluster-client.ts";
import { type Manifest, manifest } from "./manifest.ts";
import { type Observer, observer } from "./observer.ts";
import { operatorProcess } from "./operator-process.ts";
import { orInterrupted } from "./interruption.ts";
import type { Crew } from "./player.ts";
import { createNamespace, type Stage, tenantNames } from "./stage.ts";

export interface TestEnv {
  readonly client: ClusterClient;
  readonly observer: Observer;
  readonly registry: Registry;
  /** Undefined on a cluster of the user's own. */
  readonly clouds: Clouds | undefined;
  readonly operator: Part;
  /** The operator's namespace. */
  readonly system: string;
  readonly prefix: string;
  readonly tenants: Tenants;
  /** The namespace that the story makes. */
  readonly lateTenant: string;
  /** HOST:PORT/REPOSITORY:TAG */
  readonly image: string;
  readonly repository: string;
  readonly tag: string;
  /** With the password that holds now. */
  manifest(): Manifest;
  /** Gives the registry another password. */
  changePassword(): Promise<void>;
  /** A docker config has the password that holds now. */
  holdsPassword(config: string | undefined): boolean;
  /** Aborted when the demo is interrupted. */
  readonly signal: AbortSignal;
}

/** The story needs three by name. */
export type Tenants = readonly [string, string, string, ...string[]];

const repository = "acme/app";
const tag = "1";
const username = "demo";
// Printed on the screen, and good for nothing but the demo's own registry on loopback.
const passwords = ["made-up-password-1", "made-up-password-2"] as const;

/** The registry with its image. */
export async function prepareRegistry({ play, cleanup, signal }: Crew): Promise<Registry> {
  const users = [{ name: username, password: passwords[0] }];
  return await play.prepare("registry", "starting the registry", async () => {
    const registry = await orInterrupted(signal, startRegistry({ auth: { kind: "htpasswd", users } }));
    cleanup.defer(() => registry.stop());
    await pushImage(registry, repository, tag, { username, password: passwords[0] });
    return {
      value: registry,
      text: `A registry that wants a password runs on ${registry.host}, with a small image: ${registry.host}/${repository}:${tag}.`,
    };
  });
}

export interface TestEnvOptions {
  readonly stage: Stage;
  readonly registry: Registry;
  readonly clouds: Clouds | undefined;
  /** How many tenants. */
  readonly count: number;
}

/** The tenants' namespaces and the operator. */
export async function prepareTestEnv(options: TestEnvOptions, { play, cleanup, signal }: Crew): Promise<TestEnv> {
  const { stage, registry, clouds, count } = options;
  const { client, names } = stage;
  const { prefix, system } = names;
  const tenants = tenantNames(prefix, count) as unknown as Tenants;
  let operator: Part | undefined;
  const observing = await observer({
    client,
    prefix,
    pullSecret: defaultPullSecretName,
    signal,
    broken: () => (operator && operator.pid() === undefined ? "the operator has ended" : undefined),
  });
  cleanup.defer(() => observing.stop());

  await play.prepare("tenants", `making ${count} namespaces`, async () => {
    await createNamespace(client, system);
    // All answers are awaited: what cleans up must not run beside what creates.
    const answers = await Promise.allSettled(tenants.map((name) => createNamespace(client, name)));
    const refused = answers.find((answer) => answer.status === "rejected");
    if (refused) throw refused.reason;
    const complete = (): number => tenants.filter((name) => observing.account(name)).length;
    await observing.until({
      what: "every namespace to have its default ServiceAccount",
      check: () => complete() === count,
      seen: () => `${complete()} of ${count}`,
    });
    return {
      value: undefined,
      text: `${count} tenant namespaces exist, ${tenants[0]} to ${tenants.at(-1)}, each with its default ServiceAccount.`,
    };
  });

  await play.prepare("operator", "starting the operator", async () => {
    const folder = await mkdtemp(join(tmpdir(), "regcred-demo-"));
    watchdog.made(folder);
    const started = operatorProcess({
      folder,
      kubeconfig: absolute(stage.kubeconfig),
      context: stage.context,
      namespace: system,
      internet: clouds?.internet,
    });
    cleanup.defer(() => started.stop());
    await started.start();
    operator = started;
    return {
      value: undefined,
      text: `regcred run works, as process ${started.pid()}; it writes its log to ${started.logFile}`,
    };
  });
  if (!operator) throw new Error("the operator has not been started");

  let password: string = passwords[0];
  // Every tenant holds the same text, and each change of any asks about all of them.
  const judged = new Map<string, boolean>();
  return {
    client,
    observer: observing,
    registry,
    clouds,
    operator,
    signal,
    system,
    prefix,
    tenants,
    lateTenant: `${prefix}late`,
    image: `${registry.host}/${repository}:${tag}`,
    repository,
    tag,
    manifest: () => manifest({ system, host: registry.host, tenants: `${prefix}*`, username, password }),
    changePassword: async () => {
      password = passwords[1];
      judged.clear();
      await registry.setUsers([{ name: username, password }]);
    },
    holdsPassword: (config) => {
      if (config === undefined) return false;
      const holds = judged.get(config) ?? passwordIn(config, registry.host) === password;
      judged.set(config, holds);
      return holds;
    },
  };
}

function passwordIn(config: string, host: string): string | undefined {
  const { auths } = JSON.parse(config) as { readonly auths?: Readonly<Record<string, { readonly password?: string }>> };
  return auths?.[host]?.password;
}

/** The operator runs in another folder. */
function absolute(kubeconfig: string | undefined): string | undefined {
  return kubeconfig
    ?.split(delimiter)
    .map((path) => path && resolve(path))
    .join(delimiter);
}
