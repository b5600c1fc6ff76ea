// Tests of what is done at once for a namespace that is gone, whose keys may have to wait for their share.
import { expect, it } from "vitest";
import type { NamespaceRecord } from "../../../src/cluster/records.ts";
import type { FedStore } from "../../../src/runtime/watch/store.ts";
import { growingCluster } from "../../growth/growing-cluster.ts";

it("who was found in it is asked once more, whatever nobody selects, records or marks there any more", async () => {
  const cluster = growingCluster({ namespaces: 3, credentials: 1, selects: () => ["team-0"] });
  await cluster.begin();
  const { statusCache } = cluster.context.credentials;
  const finding = { generation: 1, failures: [], notes: [] };
  statusCache.setSecret("team-1", "pull-0", { state: "leaving", credentials: new Map([["acme-0", finding]]) });
  const { runs } = await cluster.removeNamespace("team-1");
  expect(runs["credential"]).toBe(1);
  expect([...statusCache.secretNames("team-1")]).toEqual([]);
  expect((await cluster.removeNamespace("team-2")).runs["credential"]).toBeUndefined();
  await cluster.stop();
});

it("what it was given is forgotten before any run, for one of its name may come before that", async () => {
  const cluster = growingCluster({ namespaces: 1, credentials: 2 });
  await cluster.begin();
  const { tokens } = cluster.context.grants;
  const users = () => [...tokens.wanted()].flatMap(([key]) => [...tokens.users(key)]);
  expect(users().toSorted()).toEqual(["secret/team-0/pull-0", "secret/team-0/pull-1"]);
  const { namespaces } = cluster.context.cluster.stores;
  const feed = (namespaces as FedStore<NamespaceRecord>).feed();
  feed.vanished("team-0", String(2n ** 62n));
  expect(users()).toEqual([]);
  await cluster.stop();
});
