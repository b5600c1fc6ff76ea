// Tests of copied pull Secrets: in a namespace that is not served, a copy, marks and all, is left alone and reported, one of ours removed.
import { expect, it } from "vitest";
import { smallCluster } from "../small-cluster.ts";

const spec = (include: readonly string[]): object => ({
  registries: [
    {
      name: "hub",
      provider: "Static",
      hosts: ["hub.example.com"],
      static: { secretName: "one", usernameKey: "username", passwordKey: "password" },
    },
  ],
  namespaces: { include },
});

/** Two served namespaces, and one that nothing selects. */
async function fixture() {
  const on = smallCluster();
  const reported: string[] = [];
  const start = async (): Promise<void> => {
    const context = await on.start();
    const publish = ({
      reason,
      note,
      regarding,
    }: {
      reason: string;
      note: string;
      regarding: { namespace?: string };
    }) => void (reason === "SecretCopied" && reported.push(`in ${regarding.namespace}: ${note}`));
    Object.assign(context.runtime, { events: { publish } });
    await on.pass({ seconds: 5 });
  };
  on.namespaces("team-a", "team-b", "other");
  on.source("one", "first");
  on.credential("acme", spec(["team-*"]));
  await start();
  const copy = (namespace: string, more: object = {}): void => {
    const { metadata, ...rest } = structuredClone(on.get("secrets", "team-a/regcred")) ?? {};
    const { labels, annotations } = metadata ?? {};
    on.put("secrets", {
      ...rest,
      metadata: { namespace, name: "regcred", labels, annotations: { ...annotations, ...more } },
    });
  };
  return { on, reported, start, copy };
}

it("is left alone and told once, over rotations, and over a restart", async () => {
  const { on, reported, start, copy } = await fixture();
  copy("other");
  await on.pass({ seconds: 5 });
  on.source("one", "second");
  await on.pass({ seconds: 5 });
  expect(on.passwords("other")).toEqual({ "hub.example.com": "first" });
  expect(on.passwords("team-a")).toEqual({ "hub.example.com": "second" });
  expect(reported).toHaveLength(1);
  expect(reported[0]).toContain("in other: the Secret regcred carries the marks of the RegistryCredential acme");
  expect(reported[0]).toContain(
    "kubectl annotate -n other secret regcred regcred.dev/credentials- regcred.dev/entries- regcred.dev/managed-",
  );
  await on.stop();
  await start();
  expect(on.passwords("other")).toEqual({ "hub.example.com": "first" });
});

it("is told with the tool that has made it", async () => {
  const { on, reported, copy } = await fixture();
  copy("other", { "replicator.v1.mittwald.de/replicated-from-version": "7" });
  await on.pass({ seconds: 5 });
  expect(reported[0]).toContain("kubernetes-replicator keeps it");
});

it("is waited for by no deletion, whatever holds it", async () => {
  const { on, copy } = await fixture();
  copy("other");
  on.edit("secrets", "other/regcred", { metadata: { finalizers: ["example.com/mine"] } });
  await on.pass({ seconds: 5 });
  on.credential("acme", spec(["team-*"]), { deletionTimestamp: "2026-01-01T12:00:00Z" });
  // What tenants may have written is given ten seconds to go.
  await on.pass({ seconds: 5 });
  expect(on.get("credentials", "acme")).toBeUndefined();
});

it("gets no reference, and does not keep the RegistryCredential from its end, with which it goes", async () => {
  const { on, copy } = await fixture();
  copy("other");
  await on.pass({ seconds: 5 });
  expect(on.get("serviceAccounts", "other/default")).not.toHaveProperty("imagePullSecrets");
  on.credential("acme", spec(["team-*"]), { deletionTimestamp: "2026-01-01T12:00:00Z" });
  await on.pass({ seconds: 30 });
  expect(on.get("credentials", "acme")).toBeUndefined();
  expect([on.passwords("team-a"), on.passwords("other")]).toEqual([undefined, undefined]);
});

it("becomes regcred's where the namespace is selected after all", async () => {
  const { on, copy } = await fixture();
  copy("other");
  on.credential("acme", spec(["team-*", "other"]));
  on.source("one", "second");
  await on.pass({ seconds: 5 });
  expect(on.passwords("other")).toEqual({ "hub.example.com": "second" });
});

it("is removed where the namespace was served until now, and as often as it is put back", async () => {
  const { on, reported, copy } = await fixture();
  on.credential("acme", spec(["team-a"]));
  await on.pass({ seconds: 5 });
  expect(on.passwords("team-b")).toBeUndefined();
  for (let round = 0; round < 3; round += 1) {
    copy("team-b");
    await on.pass({ seconds: 15 });
    expect(on.passwords("team-b")).toBeUndefined();
  }
  expect(reported).toEqual([]);
});

it("is removed where the namespace has lost it while no operator ran", async () => {
  const { on, start } = await fixture();
  await on.stop();
  on.credential("acme", spec(["team-a"]));
  await start();
  expect(on.passwords("team-b")).toBeUndefined();
});

it("is removed where regcred has written it in a moment that its record does not know", async () => {
  const { on, copy } = await fixture();
  copy("other");
  const managedFields = [{ manager: "regcred", operation: "Update", apiVersion: "v1", fieldsV1: { "f:data": {} } }];
  on.edit("secrets", "other/regcred", { metadata: { managedFields } });
  await on.pass({ seconds: 5 });
  expect(on.passwords("other")).toBeUndefined();
});
