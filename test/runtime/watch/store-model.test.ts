// Tests that the store reaches the server's state, however answers to our writes and watch events interleave.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { store } from "../../../src/runtime/watch/store.ts";
import type { Feed, FedStore } from "../../../src/runtime/watch/store.ts";
import { thing } from "./objects.ts";
import type { Thing } from "./objects.ts";

type Act =
  /** Somebody else, or we, write or delete; our answer is delivered later. */
  | { readonly kind: "write" | "delete"; readonly key: string; readonly own: boolean }
  /** The next event of the watch arrives. */
  | { readonly kind: "event" }
  /** One of the open answers to our own requests arrives. */
  | { readonly kind: "answer"; readonly which: number }
  | { readonly kind: "bookmark" }
  /** The watch is lost; a list is taken, arrives one object at a time, and ends with the next bookmark. */
  | { readonly kind: "relist" }
  /** etcd is put back to what it was so many revisions ago; the answers that are open got lost, and the watch with them. */
  | { readonly kind: "restore"; readonly back: number; readonly bumped: boolean }
  /** Our own GET is sent; its answer is delivered later. */
  | { readonly kind: "get"; readonly key: string };

const key = fc.constantFrom("a", "b", "c");
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("write", "delete"), key, own: fc.boolean() }) },
  { weight: 4, arbitrary: fc.constant({ kind: "event" as const }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("answer" as const), which: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.constantFrom({ kind: "bookmark" as const }, { kind: "relist" as const }) },
);
const get = fc.record({ kind: fc.constant("get" as const), key });
/** `bumped`: as `etcdutl snapshot restore --bump-revision` does it: what is restored is old, and what follows is newer than all. */
const restore = fc.record({
  kind: fc.constant("restore" as const),
  back: fc.integer({ min: 1, max: 20 }),
  bumped: fc.boolean(),
});
const actOrRestore = fc.oneof(
  { weight: 12, arbitrary: act },
  { weight: 2, arbitrary: get },
  { weight: 1, arbitrary: restore },
);

// A real server has no 0.
const firstRevision = 1;
const bump = 1_000;
const unheardOf = { since: 0, version: undefined };

/** A server with one resource type, its watch to us, and our connections to it. */
function world(things: FedStore<Thing>, feed: Feed<Thing>) {
  let revision = firstRevision;
  let truth = new Map<string, string>();
  const backups: { readonly revision: number; readonly truth: ReadonlyMap<string, string> }[] = [];
  /** What the watch, or an unfinished list, will still deliver. */
  let toCome: (() => void)[] = [];
  const answers: (() => void)[] = [];
  /** Per key: which version was there (undefined: none) from which revision on. */
  const history = new Map<string, { readonly since: number; readonly version: string | undefined }[]>();
  /** Per key: the revision that the answers to our own requests have told us of. */
  const reported = new Map<string, number>();

  const record = (name: string, version: string | undefined): void => {
    history.set(name, [...(history.get(name) ?? [unheardOf]), { since: revision, version }]);
  };
  const answer = (name: string, deliver: () => void): void => {
    const since = revision;
    answers.push(() => {
      reported.set(name, Math.max(since, reported.get(name) ?? 0));
      deliver();
    });
  };

  let listing = false;
  const relist = (): void => {
    listing = true;
    feed.begin();
    toCome = [...truth].map(
      ([name, version]) =>
        () =>
          feed.observed(thing(name, version)),
    );
  };
  const bookmark = (): void => {
    const version = String(revision);
    toCome.push(listing ? () => feed.completed(version) : () => feed.passed(version));
    listing = false;
  };
  relist();

  const back = (revisions: number, bumped: boolean): void => {
    const backup = backups.at(-revisions) ?? { revision: firstRevision, truth: new Map() };
    backups.splice(-revisions);
    truth = new Map(backup.truth);
    revision = bumped ? revision + bump : backup.revision;
    answers.length = 0;
    reported.clear();
    relist();
  };
  const look = (name: string): void => {
    const before = things.get(name);
    if (!before) return;
    const version = truth.get(name);
    // That there is nothing comes without a version: an event of before may follow.
    if (version === undefined) answers.push(() => things.found(before, undefined));
    else answer(name, () => things.found(before, thing(name, version)));
  };
  const write = (name: string, own: boolean): void => {
    backups.push({ revision, truth: new Map(truth) });
    const version = String((revision += 1));
    truth.set(name, version);
    toCome.push(() => feed.observed(thing(name, version)));
    record(name, version);
    if (own) answer(name, () => things.wrote(thing(name, version)));
  };
  const remove = (name: string, own: boolean): void => {
    const deleted = truth.get(name);
    if (deleted === undefined) return;
    backups.push({ revision, truth: new Map(truth) });
    const version = String((revision += 1));
    truth.delete(name);
    toCome.push(() => feed.vanished(name, version));
    record(name, undefined);
    if (own) answer(name, () => things.removed(name, deleted));
  };
  const arrive = (what: (() => void) | undefined): void => what?.();

  return {
    truth: () => truth,
    perform: (next: Act): void => {
      switch (next.kind) {
        case "write":
          return write(next.key, next.own);
        case "delete":
          return remove(next.key, next.own);
        case "event":
          return arrive(toCome.shift());
        case "answer":
          return arrive(answers.splice(next.which % Math.max(answers.length, 1), 1)[0]);
        case "bookmark":
          return bookmark();
        case "relist":
          return relist();
        case "restore":
          return back(next.back, next.bumped);
        case "get":
          return look(next.key);
      }
    },
    /** Keys of which the store shows a state older than what an answer has told. */
    outdated: (): string[] =>
      [...reported]
        .filter(([name, known]) => {
          const states = history.get(name) ?? [unheardOf];
          const from = states.findLastIndex(({ since }) => since <= known);
          const shown = things.get(name)?.resourceVersion;
          return !states.slice(from).some(({ version }) => version === shown);
        })
        .map(([name]) => name),
    settle: (): void => {
      bookmark();
      while (toCome.length + answers.length > 0) {
        arrive(toCome.shift());
        arrive(answers.pop());
      }
    },
  };
}

describe("a store", () => {
  it("converges to the server's truth, and its changes tell the whole story", () => {
    fc.assert(
      fc.property(fc.array(actOrRestore, { maxLength: 60, size: "max" }), (acts) => {
        const things = store<Thing>();
        const reported = new Map<string, string>();
        things.subscribe((change) => {
          expect(change.before?.resourceVersion).toBe(reported.get(change.key));
          if (change.after) reported.set(change.key, change.after.resourceVersion);
          else reported.delete(change.key);
        });
        const { truth, perform, settle } = world(things, things.feed());
        acts.forEach(perform);
        settle();
        const stored = new Map([...things.values()].map((record) => [record.key, record.resourceVersion]));
        expect(stored).toEqual(truth());
        expect(reported).toEqual(truth());
      }),
      { numRuns: 1500 },
    );
  });

  it("never shows an object as it was before our own last word on it", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(act, get), { maxLength: 60, size: "max" }), (acts) => {
        const things = store<Thing>();
        const { perform, outdated } = world(things, things.feed());
        for (const next of acts) {
          perform(next);
          expect(outdated()).toEqual([]);
        }
      }),
      { numRuns: 1500 },
    );
  });
});
