// Tests that the operator stays alive, quick and small in memory, whatever tenants write to its API server's maximum.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { largestTaken, largestTakenBy, type Make, makersOf, ofSecret } from "./largest-objects.ts";
import { type OperatorChild, startOperatorChild } from "./operator-child.ts";
import { eventually, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

/** Hundreds of writes of more than a mebibyte, and two starts; a busy machine takes its time. */
const patience = 15 * 60_000;
const soon = Temporal.Duration.from({ minutes: 2 });

// What once ended the process: 88 ServiceAccounts with one name of 1.4 MB.
const accounts = 88;
// A Secret of our name with 1 MiB of data in each.
const heavy = Array.from({ length: 100 }, (_, index) => `evil-${index}`);
// Of each field of each kind so many objects with it as large as the API server takes.
const copies = 4;

const ways = {
  "as watches": [],
  "in pages": ["--feature-gates=WatchList=false"],
} as const;

describe.each(Object.entries(ways))("what tenants write, listed %s", (_way, apiServerArguments) => {
  let world: TestEnv;
  let child: OperatorChild | undefined;

  const start = async (): Promise<void> => {
    child = await startOperatorChild(world.cluster.kubeconfig, { podRecovery: true });
  };
  const reported = async (what: "RSS" | "kept" | "stalled"): Promise<number> =>
    (await child?.reported(what)) ?? Infinity;
  const served = (namespace: string): Promise<void> =>
    eventually(`${namespace} is served`, async () => (await world.references(namespace)).includes("regcred"), soon);
  const fill = async (path: string, name: string, make: Make): Promise<void> => {
    const first = await largestTaken(world.admin, path, `${name}-0`, make);
    for (let copy = 1; copy < copies; copy += 1) await world.admin.create(path, make(`${name}-${copy}`, first));
  };

  beforeAll(async () => {
    world = await testEnv({ apiServerArguments });
    await world.source("hub", { username: "ann", password: "first" });
    await world.namespaces(["team-a", ...heavy]);
    await world.credential("all", staticSpec("hub", { namespaces: { include: ["team-*", "evil-*"] } }));
  }, patience);
  afterAll(async () => {
    await child?.stop();
    await world.close();
  });

  it(
    "is bounded in memory and time, and told to who wrote it, while the others are served",
    async () => {
      await start();
      await served("team-a");
      for (const namespace of heavy) await served(namespace);
      const before = { RSS: await reported("RSS"), kept: await reported("kept") };
      await child?.stop();

      for (let index = 0; index < accounts; index += 1) {
        const body = { metadata: { name: `long-${index}` }, imagePullSecrets: [{ name: "x".repeat(1_400_000) }] };
        await world.admin.create("/api/v1/namespaces/evil-0/serviceaccounts", body);
      }
      for (const namespace of heavy.slice(20)) {
        const path = `/api/v1/namespaces/${namespace}/secrets/regcred`;
        await world.admin.patch(path, {
          metadata: { labels: { "app.kubernetes.io/managed-by": "me" } },
          data: { blob: Buffer.alloc(1_000_000, "x").toString("base64") },
        });
      }
      const fields: string[] = [];
      for (const { kind, path, makers } of makersOf("evil-1")) {
        for (const [field, make] of Object.entries(makers)) {
          await fill(path, `${kind}-${field}`.toLowerCase(), make);
          fields.push(`${kind}.${field}`);
        }
      }
      // Each in a namespace of its own, since there is one Secret of the name in each.
      for (const [index, [field, make]] of Object.entries(ofSecret).entries()) {
        await largestTakenBy((bytes) =>
          world.admin.patch(`/api/v1/namespaces/evil-${10 + index}/secrets/regcred`, make(bytes)),
        );
        fields.push(`Secret.${field}`);
      }
      process.stdout.write(`at their maximum: ${fields.join(", ")}\n`);

      const look = async (when: string): Promise<void> => {
        const now = { RSS: await reported("RSS"), kept: await reported("kept"), stalled: await reported("stalled") };
        process.stdout.write(`${when} ${JSON.stringify(now)}, before ${JSON.stringify(before)}\n`);
        // Kept, the objects would be some hundred MiB.
        await eventually(`no more is kept ${when}`, async () => (await reported("kept")) - before.kept < 30);
        expect(now.RSS, `RSS ${when}`).toBeLessThan(before.RSS + 150);
        // The machine may be busy; a page of them as one text holds the loop up for seconds.
        expect(now.stalled, `milliseconds ${when}`).toBeLessThan(1000);
      };
      await start();
      await world.namespaces(["team-b"]);
      await served("team-b");
      await look("after a start among them");

      for (let index = 0; index < 20; index += 1) {
        const metadata = { labels: { at: String(index) } };
        await world.admin.patch(`/api/v1/namespaces/evil-0/serviceaccounts/long-${index}`, { metadata });
        await world.admin.patch(`/api/v1/namespaces/${heavy[index]}/secrets/regcred`, { metadata });
      }
      await world.namespaces(["team-c"]);
      await served("team-c");
      await look("as they change");

      await eventually(
        "the tenant is told",
        async () => (await world.events("evil-0")).some(({ reason }) => reason === "TooLarge"),
        soon,
      );
      await eventually(
        "the status has it",
        async () =>
          (await world.status("all")).failures?.some(
            ({ reason, cause, examples }) => reason === "TooLarge" && cause === "Tenant" && examples.includes("evil-0"),
          ) === true,
        soon,
      );
      expect(child?.process.exitCode).toBeNull();
    },
    patience,
  );

  it("is no reason to judge a namespace by a label that was not kept", async () => {
    await world.namespaces(["tier-gold"], { labels: { "acme.io/tier": "gold" } });
    await world.credential(
      "late",
      staticSpec("hub", {
        namespaces: { selector: { matchLabels: { "acme.io/tier": "gold" } } },
        pullSecret: { name: "late" },
      }),
    );
    await eventually(
      "it is served by the label",
      async () => (await world.status("late")).namespaces?.ready === 1,
      soon,
    );
    expect(await world.logins("tier-gold", "late")).toMatchObject({ "registry.example.com": { username: "ann" } });
    expect((await world.status("late")).namespaces).toMatchObject({ selected: 1, failed: 0 });
  });
});
