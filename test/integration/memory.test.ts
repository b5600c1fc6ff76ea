// Do large Secrets of strangers cost the operator memory?
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, operatorNamespace, type Scene, scene, staticSpec } from "./scene.ts";

const driver = fileURLToPath(new URL("operator-process.ts", import.meta.url));
const mebibyte = 1024 * 1024;
const namespaces = Array.from({ length: 100 }, (_, index) => `heavy-${index}`);

/** After a garbage collection, in MiB. */
interface Taken {
  readonly rss: number;
  /** Heap and buffers. */
  readonly kept: number;
}

describe("memory", () => {
  let world: Scene;
  let child: ChildProcess;

  const start = async (): Promise<void> => {
    child = fork(driver, [world.cluster.kubeconfig, operatorNamespace], { execArgv: ["--expose-gc"] });
    await once(child, "message");
  };
  const stop = async (): Promise<void> => {
    const exited = once(child, "exit");
    child.disconnect();
    await exited;
  };
  const taken = async (): Promise<Taken> => {
    child.send("how much?");
    const [{ rss, kept }] = (await once(child, "message")) as [Taken];
    return { rss: Math.round(rss / mebibyte), kept: Math.round(kept / mebibyte) };
  };
  /** A foreign Secret of our name. */
  const fill = async (namespace: string, bytes: number): Promise<void> => {
    const secrets = `/api/v1/namespaces/${namespace}/secrets`;
    const body = { metadata: { name: "heavy" }, data: { blob: Buffer.alloc(bytes, "x").toString("base64") } };
    if (await world.secret(namespace, "heavy")) await world.admin.replace(`${secrets}/heavy`, body);
    else await world.admin.create(secrets, body);
  };
  /** A later event of the same watch has been answered, so all before it have been taken in. */
  const takenIn = async (): Promise<void> => {
    const label = "app.kubernetes.io/managed-by";
    const isOurs = async (): Promise<boolean> =>
      (await world.secret("heavy-ours", "heavy"))?.metadata.labels?.[label] === "regcred";
    await eventually("there is a Secret of ours", isOurs);
    await world.admin.patch("/api/v1/namespaces/heavy-ours/secrets/heavy", { metadata: { labels: { [label]: "me" } } });
    await eventually("our label is put back", isOurs);
  };

  beforeAll(async () => {
    world = await scene();
    await world.source("hub", { username: "ann", password: "first" });
    await world.namespaces([...namespaces, "heavy-ours"]);
    for (const namespace of namespaces) await fill(namespace, 10);
    await world.credential(
      "heavy",
      staticSpec("hub", { namespaces: { include: ["heavy-*"] }, pullSecret: { name: "heavy" } }),
    );
  });
  afterAll(async () => {
    if (child.exitCode === null) await stop();
    await world.close();
  });

  it("is the same with 100 foreign Secrets of 900 KiB under our name", async () => {
    await start();
    await takenIn();
    const small = await taken();
    await stop();
    process.stdout.write(`with small Secrets ${JSON.stringify(small)} MiB\n`);
    // Kept, they would be 117 MiB. What an event needs while it is read is given back piece by piece.
    const flat = async (when: string): Promise<void> => {
      let now = await taken();
      const first = now;
      await eventually(`it is as before ${when}: ${JSON.stringify(first)}`, async () => {
        now = await taken();
        return now.kept - small.kept < 10 && now.rss - small.rss < 117;
      });
      process.stdout.write(`${when} ${JSON.stringify(first)}, then ${JSON.stringify(now)} MiB\n`);
    };

    await start();
    for (const namespace of namespaces) await fill(namespace, 900 * 1024);
    await takenIn();
    await flat("when they have come");
    for (const namespace of namespaces) {
      await world.admin.patch(`/api/v1/namespaces/${namespace}/secrets/heavy`, {
        metadata: { annotations: { again: "" } },
      });
    }
    await takenIn();
    await flat("when they have changed");
    await stop();

    await start();
    await takenIn();
    await flat("after a start among them");
    expect((await world.status("heavy")).failures).toMatchObject([{ reason: "SecretConflict", count: 100 }]);
  });
});
