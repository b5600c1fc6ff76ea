// A tally that is brought up to date by what has changed, against one that counts all namespaces anew.
import { expect, it } from "vitest";
import { credentialReconciler } from "../../../src/controllers/credential/controller.ts";
import { counted, type Views, viewsOf } from "../../../src/controllers/credential/observe.ts";
import { tallies } from "../../../src/controllers/credential/tallies.ts";
import type { TroubleGroup } from "../../../src/controllers/credential/plan-types.ts";
import type { NamespaceRecord } from "../../../src/cluster/records.ts";
import type { Outcome } from "../../../src/runtime/queue/work-queue.ts";
import type { FedStore } from "../../../src/runtime/watch/store.ts";
import { growingCluster } from "../../growth/growing-cluster.ts";

/** With the names of all that fail, in the place of what gives them. */
function readable({ entries, namespaces }: Views): object {
  const named = (groups: readonly TroubleGroup[]): readonly object[] =>
    groups
      .map(({ names, ...group }) => ({ ...group, names: [...names()].toSorted() }))
      .toSorted((one, other) => (one.reason < other.reason ? -1 : 1));
  const { failing, troubled } = namespaces;
  return { entries, namespaces: { ...namespaces, failing: named(failing), troubled: named(troubled) } };
}

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
        const views = viewsOf(context, credential, (await kept.of(credential)).tally);
        const anew = viewsOf(context, credential, (await counted(context, credential)).tally);
        expect({ what, views: readable(views) }).toEqual({ what, views: readable(anew) });
        return views;
      });
    await Promise.all(others);
    if (!first) throw new Error("there is none");
    return first;
  };
  const counts = async (what: string, step: () => Promise<unknown>) => {
    await step();
    const { selected, failed, troubled } = (await compare(what)).namespaces;
    return [selected, failed, troubled.reduce((sum, { count }) => sum + count, 0)];
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

it("says at how many namespaces it has looked: all of them once, then those of which something has changed", async () => {
  const cluster = growingCluster({ namespaces: 6, credentials: 1, labels: { pull: "yes" } });
  const { context } = cluster;
  await cluster.begin();
  const kept = tallies(context);
  kept.follow();
  const credential = context.credentials.index.readable("acme-0");
  if (!credential) throw new Error("there is none");
  const looked = async (): Promise<number> => (await kept.of(credential)).looked;
  // Whether each is chosen, and whether each has something.
  expect([await looked(), await looked()]).toEqual([12, 0]);
  await cluster.label("team-1", { pull: "no" });
  expect(await looked()).toBe(1);
  await cluster.stop();
});

it("and one for which many have just been looked at is not counted anew at once", async () => {
  const cluster = growingCluster({ namespaces: 2, credentials: 1 });
  await cluster.begin();
  let count = 0;
  const reconcile = credentialReconciler(async (context, credential) => {
    count += 1;
    return { ...(await counted(context, credential)), looked: 100_000 };
  });
  const run = (): Promise<Outcome> => reconcile(cluster.context, "acme-0", new AbortController().signal);
  await run();
  expect([await run(), count]).toEqual([{ requeueAfter: Temporal.Duration.from({ milliseconds: 8_000 }) }, 1]);
  await cluster.stop();
});

it("that only tells how far it is is written for ten of thirty in a second, and what is news for all", async () => {
  const names = Array.from({ length: 30 }, (_, index) => `acme-${index}`);
  const cluster = growingCluster({ namespaces: 2, credentials: names.length });
  await cluster.begin();
  // Nobody else writes them.
  await cluster.stop();
  const pending: string[] = [];
  const reconcile = credentialReconciler(async (context, credential) => {
    const all = await counted(context, credential);
    for (const name of pending) all.tally.put(name, { view: { name, pending: true, failures: [], notes: [] } });
    return { ...all, looked: 0 };
  });
  /** How many are told of so many that wait. */
  const told = async (): Promise<number> => {
    for (const name of names) await reconcile(cluster.context, name, new AbortController().signal);
    const { credentials } = cluster.context.cluster.stores;
    return names.filter((name) => credentials.get(name)?.status?.namespaces?.pending === pending.length).length;
  };
  expect(await told()).toBe(30);
  pending.push("team-0");
  expect(await told()).toBe(30);
  pending.push("team-1");
  expect(await told()).toBe(10);
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
