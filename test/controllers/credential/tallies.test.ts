// A tally that is brought up to date by what has changed, against one that counts all namespaces anew.
import { expect, it } from "vitest";
import { counted, type Views, viewsOf } from "../../../src/controllers/credential/observe.ts";
import { tallies } from "../../../src/controllers/credential/tallies.ts";
import type { NamespaceRecord } from "../../../src/cluster/records.ts";
import type { FedStore } from "../../../src/runtime/watch/store.ts";
import { growingCluster } from "../../growth/growing-cluster.ts";

it("says the same, whatever has happened to namespaces, labels, sources, Secrets and specs", async () => {
  const cluster = growingCluster({ namespaces: 6, credentials: 2, labels: { pull: "yes" } });
  const { context } = cluster;
  const { index } = context.credentials;
  const kept = tallies(context);
  kept.follow();
  const compare = async (what: string): Promise<Views> => {
    const [first, ...others] = [...context.cluster.stores.credentials.values()]
      .flatMap(({ name }) => index.readable(name) ?? [])
      .map(async (credential) => {
        const views = viewsOf(context, credential, await kept.of(credential));
        expect({ what, views }).toEqual({
          what,
          views: viewsOf(context, credential, await counted(context, credential)),
        });
        return views;
      });
    await Promise.all(others);
    if (!first) throw new Error("there is none");
    return first;
  };
  const counts = async (what: string, step: () => Promise<unknown>) => {
    await step();
    const { selected, failed, reported } = (await compare(what)).namespaces;
    return [selected, failed, reported.length];
  };
  const unlabel = () => cluster.label("team-1", { pull: "no" });
  expect(await counts("begun", () => cluster.begin())).toEqual([6, 0, 0]);
  expect(await counts("unlabelled", unlabel)).toEqual([5, 0, 0]);
  expect(await counts("somebody else's Secret", () => cluster.fill("team-1"))).toEqual([5, 0, 0]);
  expect(await counts("labelled", () => cluster.label("team-1", { pull: "yes" }))).toEqual([6, 1, 1]);
  expect(await counts("taken away", () => cluster.clear("team-1"))).toEqual([6, 0, 0]);
  await unlabel();
  await cluster.fill("team-1");
  expect(await counts("once more", () => cluster.label("team-1", { pull: "yes" }))).toEqual([6, 1, 1]);
  expect(await counts("changed", () => cluster.fill("team-2"))).toEqual([6, 1, 1]);
  expect(await counts("broken", () => cluster.breakSource())).toEqual([6, 1, 1]);
  expect(await counts("other label", () => cluster.label("team-4", { pull: "yes", tier: "gold" }))).toEqual([6, 1, 1]);
  expect(await counts("mended", () => cluster.rotate())).toEqual([6, 1, 1]);
  expect(await counts("fewer", () => cluster.select(0, ["team-0", "team-1"]))).toEqual([2, 1, 1]);
  expect(await counts("all", () => cluster.select(0, ["team-*"]))).toEqual([6, 1, 1]);
  expect(await counts("gone", () => cluster.removeNamespace("team-1"))).toEqual([5, 0, 0]);
  await cluster.stop();
});

it("remembers no names without end of namespaces that come and go while nobody counts, as during a deletion", async () => {
  const cluster = growingCluster({ namespaces: 2, credentials: 1 });
  const { context } = cluster;
  await cluster.begin();
  const { credentials, namespaces } = context.cluster.stores;
  const [credential] = [...credentials.values()].flatMap(({ name }) => context.credentials.index.readable(name) ?? []);
  if (!credential) throw new Error("there is none");
  const looks: number[] = [];
  const kept = tallies({
    ...context,
    runtime: {
      ...context.runtime,
      inSlices: (all, each) => {
        const some = [...all];
        looks.push(some.length);
        return context.runtime.inSlices(some, each);
      },
    },
  });
  kept.follow();
  await kept.of(credential);
  looks.length = 0;
  const feed = (namespaces as FedStore<NamespaceRecord>).feed();
  const [there] = namespaces.values();
  if (!there) throw new Error("there is none");
  for (let index = 0; index < 1_500; index += 1) {
    const name = `passing-${index}`;
    feed.observed({ ...there, key: name, name, uid: name, resourceVersion: `${10 ** 12 + 2 * index}` });
    feed.vanished(name, `${10 ** 12 + 2 * index + 1}`);
  }
  await kept.of(credential);
  // All that are there are counted anew, and nothing else is looked at.
  expect(Math.max(...looks)).toBeLessThanOrEqual(2);
  await cluster.stop();
});
