// Tests that each kind of thing that a run may wait for brings the run when it changes, and of what runs wait for.
import { describe, expect, it } from "vitest";
import { crdName } from "../../src/api/names.ts";
import { keyOf } from "../../src/controllers/keys.ts";
import type { CrdRecord } from "../../src/cluster/records.ts";
import type { Context } from "../../src/controllers/context.ts";
import { beginRecord } from "../../src/controllers/members/observe.ts";
import { textOfWaited, type Waited } from "../../src/controllers/outcome.ts";
import type { FedStore } from "../../src/runtime/watch/store.ts";
import { credential } from "../entitlement/objects.ts";
import { smallCluster } from "./small-cluster.ts";

type World = ReturnType<typeof smallCluster>;

const spec = {
  registries: [{ name: "main", provider: "Static", hosts: ["hub.example.com"], static: { secretName: "hub" } }],
  namespaces: { include: ["team-*"] },
};

async function served(changes: object = {}): Promise<{ readonly world: World; readonly context: Context }> {
  const world = smallCluster();
  world.namespaces("team-a");
  world.source("hub", "first");
  world.credential("hub", { ...spec, ...changes });
  const context = await world.start();
  await world.pass({ seconds: 15 });
  return { world, context };
}

type Kind = Extract<Waited, { readonly of: string }>["of"] | "secretsCalled" | "recordOf" | "permissions" | "findings";

const triggers: Readonly<
  Record<Kind, readonly [waited: Waited, happens: (world: World, context: Context) => Promise<void> | void]>
> = {
  credentials: [
    { of: "credentials", object: "hub" },
    (world) => world.edit("credentials", "hub", { status: { operatorNamespace: "another" } }),
  ],
  namespaces: [
    { of: "namespaces", object: "team-a" },
    (world) => world.edit("namespaces", "team-a", { metadata: { labels: { a: "b" } } }),
  ],
  pullSecrets: [
    { of: "pullSecrets", object: "team-a/regcred" },
    (world) => world.edit("secrets", "team-a/regcred", { metadata: { labels: { a: "b" } } }),
  ],
  operatorSecrets: [{ of: "operatorSecrets", object: "regcred-system/hub" }, (world) => world.source("hub", "second")],
  crds: [
    { of: "crds", object: crdName },
    (_world, { cluster: { stores } }) => {
      const crds = stores.crds as FedStore<CrdRecord>;
      crds.feed().observed({ key: crdName, resourceVersion: "9", gaps: [] });
    },
  ],
  secretsCalled: [
    { secretsCalled: "regcred" },
    (_world, context) => context.queue.signals.secretsCalled.tell({ name: "regcred" }),
  ],
  recordOf: [
    { recordOf: "credentials-9" },
    (_world, context) => void beginRecord(context, credential({ name: "new", uid: "credentials-9" })),
  ],
  permissions: [{ permissions: "changes" }, (_world, context) => context.queue.signals.permissions.tell()],
  findings: [{ findings: "hub" }, (world) => world.source("hub", "")],
};

describe("a run that waits", () => {
  it.each(Object.entries(triggers))("for %s is run when that changes", async (_kind, [waited, happens]) => {
    const { world, context } = await served();
    // A finding brings the RegistryCredential by itself.
    const key = "findings" in waited ? `credential/${waited.findings}` : "members/parked";
    const ran: string[] = [];
    const parked = { ...context.queue.waits };
    Object.assign(context.queue.waits, {
      wait: (each: string, forWhat: readonly string[]) => {
        ran.push(each);
        parked.wait(each, forWhat);
      },
    });
    context.queue.waits.wait(key, [textOfWaited(waited)]);
    ran.length = 0;
    await world.pass({ seconds: 5 });
    expect(ran).not.toContain(key);
    await happens(world, context);
    await world.pass({ seconds: 5 });
    expect(ran).toContain(key);
    expect(keyOf(key)).toBeDefined();
  });
});

describe("at rest", () => {
  it.each<[string, object]>([
    ["all is served", {}],
    ["writes are suspended", { suspend: true }],
  ])("where %s, every key run once more writes nothing, and neither does a fresh start", async (_what, changes) => {
    const { world, context } = await served(changes);
    await world.pass({ minutes: 30 });
    const before = world.writes.length;
    const [grant] = [...context.grants.tokens.wanted()].map(([key]) => key);
    const keys = ["secret/team-a/regcred", "references/team-a", "credential/hub", `token/${grant ?? "none"}`];
    for (const key of [...keys, `members/${context.cluster.stores.credentials.get("hub")?.uid}`])
      context.queue.enqueue(key);
    await world.pass({ seconds: 20 });
    expect(world.writes.slice(before)).toEqual([]);
    await world.stop();
    await world.start();
    await world.pass({ minutes: 20 });
    expect(world.writes.slice(before)).toEqual([]);
  });
});

describe("a pull Secret of an entry whose ServiceAccount may not be seen", () => {
  it("is looked at again once it may, though there is none that could tell", async () => {
    const { world, context } = await served();
    const entry = {
      name: "main",
      provider: "ECR",
      hosts: ["111111111111.dkr.ecr.eu-west-1.amazonaws.com"],
      ecr: { roleARN: "arn:aws:iam::111111111111:role/r1" },
      identity: { from: "ServiceAccount", name: "puller" },
    };
    const reported = (): unknown =>
      context.credentials.statusCache
        .secret("team-a", "regcred")
        ?.credentials.get("hub")
        ?.failures.map(({ reason }) => reason);
    const { scopeOf } = context.grants;
    const hiding: Context["grants"]["scopeOf"] = (namespace) => {
      return { ...scopeOf(namespace), serviceAccount: () => ({ kind: "not-permitted" }) };
    };
    Object.assign(context.grants, { scopeOf: hiding });
    world.credential("hub", { ...spec, registries: [entry] });
    await world.pass({ seconds: 15 });
    expect(reported()).toEqual(["NotPermitted"]);
    Object.assign(context.grants, { scopeOf });
    context.queue.signals.permissions.tell();
    await world.pass({ seconds: 5 });
    expect(reported()).toEqual(["ServiceAccountMissing"]);
  });
});
