// Tests of the claim on a cluster: one install serves, the other says so and waits, and goes on when the first is gone.
import { describe, expect, it } from "vitest";
import type { RegistryCredential } from "../../../src/api/registry-credential.ts";
import { ApiError } from "../../../src/runtime/client/api-error.ts";
import type { LeaseView } from "../../../src/runtime/leader/lease-state.ts";
import type { CredentialRecord } from "../../../src/cluster/records.ts";
import { type ClusterClaim, clusterClaim } from "../../../src/controllers/cluster-claim/claim.ts";
import { callFailures } from "../../../src/operator/call-failure.ts";
import { type Feed, store } from "../../../src/runtime/watch/store.ts";
import { fakeClock } from "../../fake-clock.ts";
import { credential } from "../../entitlement/objects.ts";

const ms = (milliseconds: number): Temporal.Duration => Temporal.Duration.from({ milliseconds });
const held = (sign: string, holder = "pod"): LeaseView => ({ holder, durationMs: 15_000, sign });

interface Claimed {
  readonly metadata: { readonly resourceVersion: string };
  readonly status: { readonly operatorNamespace: string };
}

interface Start {
  /** The installed CRD has no field for a claim. */
  readonly outdated?: boolean;
  /** Watches tell of what is written later, when `told` is called. */
  readonly late?: boolean;
}

const apiError = (kind: "conflict" | "notFound" | "forbidden"): ApiError =>
  new ApiError({ kind, details: { causes: [] }, message: kind });

/** RegistryCredentials at an API server with compare-and-swap, and installs that look at them. */
function cluster({ outdated = false, late = false }: Start = {}) {
  const clock = fakeClock();
  const leases = new Map<string, LeaseView>();
  const warnings: unknown[] = [];
  const remarks: unknown[] = [];
  const watches: Feed<CredentialRecord>[] = [];
  const unreported: RegistryCredential[] = [];
  /** Status patches that came in: by whom, for which, when, and whether they can be broken off. */
  const patched: string[] = [];
  const signals: (AbortSignal | undefined)[] = [];
  /** By name: what a patch of its status is answered with. */
  const refusing = new Map<string, Error>();
  const unreadable = new Set<string>();
  const current = new Map<string, RegistryCredential>();
  let version = 1;
  let looks = 0;
  const recordOf = (one: RegistryCredential): CredentialRecord => ({
    key: one.name,
    name: one.name,
    uid: one.uid,
    resourceVersion: one.resourceVersion,
    generation: one.generation,
    deleting: false,
    finalizers: [],
    annotations: {},
    credential: unreadable.has(one.name) ? undefined : one,
    problems: [],
  });
  const tell = (one: RegistryCredential): void => {
    for (const watch of watches) watch.observed(recordOf(one));
  };
  const write = (operatorNamespace: string | undefined, name = "acme"): RegistryCredential => {
    version += 1;
    const status = operatorNamespace === undefined || outdated ? {} : { operatorNamespace };
    const uid = `uid-${name}`;
    const written = credential({ name, uid, resourceVersion: String(version), status });
    current.set(name, written);
    if (late) unreported.push(written);
    else tell(written);
    return written;
  };

  return {
    clock,
    leases,
    warnings,
    remarks,
    patched,
    signals,
    refusing,
    unreadable,
    /** How often all RegistryCredentials were looked at. */
    looks: () => looks,
    write,
    reported: () => unreported.splice(0).forEach(tell),
    pointer: (name = "acme") => current.get(name)?.status?.operatorNamespace,
    install: (namespace: string, random = 0): ClusterClaim => {
      const credentials = store<CredentialRecord>();
      const values = credentials.values.bind(credentials);
      Object.assign(credentials, {
        values: () => {
          looks += 1;
          return values();
        },
      });
      const watch = credentials.feed();
      watch.begin();
      for (const each of current.values()) watch.observed(recordOf(each));
      watch.completed(String(version));
      watches.push(watch);
      const options = {
        runtime: {
          clock,
          log: {
            debug: (...line: unknown[]) => remarks.push(line),
            info: () => undefined,
            error: () => undefined,
            warn: (...line: unknown[]) => warnings.push(line),
          },
        },
        random: () => random,
        settings: { namespace, maxConfigBytes: 0 },
        cluster: {
          stores: { credentials },
          transforms: {
            credential: (raw: RegistryCredential) => (unreadable.has(raw.name) ? undefined : recordOf(raw)),
          },
          api: {
            patchCredentialStatus: async (name: string, { metadata, status }: Claimed, signal?: AbortSignal) => {
              patched.push(`${namespace} ${name} ${clock.elapsed()}`);
              signals.push(signal);
              const error = refusing.get(name);
              if (error) throw error;
              if (metadata.resourceVersion !== current.get(name)?.resourceVersion) throw apiError("conflict");
              return write(status.operatorNamespace, name);
            },
          },
          callFailure: callFailures({ error: () => undefined }, "regcred-system"),
        },
        leaseOf: async (of: string) => leases.get(of),
      };
      // Touching anything else throws.
      return clusterClaim(options as unknown as Parameters<typeof clusterClaim>[0]);
    },
  };
}

/** Whether it serves by now. */
function asked(claim: ClusterClaim): { serves: boolean } {
  const answer = { serves: false };
  void claim.claimed(new AbortController().signal).then(() => (answer.serves = true));
  return answer;
}

describe("a claim of the cluster", () => {
  it("is made at once where nobody serves, and not at all where there is nothing to serve", async () => {
    const world = cluster();
    const early = asked(world.install("one"));
    await world.clock.advance();
    expect(early.serves).toBe(true);
    world.write(undefined);
    world.leases.get = (of) => {
      throw new Error(`asked for the Lease of ${of}`);
    };
    const one = asked(world.install("one"));
    await world.clock.advance();
    expect([one.serves, world.pointer()]).toEqual([true, "one"]);
  });

  it("is made with another one where a RegistryCredential cannot be read, and where the answer cannot", async () => {
    const world = cluster();
    world.write(undefined, "a-odd");
    world.unreadable.add("a-odd");
    world.write(undefined);
    const claim = world.install("one");
    world.unreadable.add("acme");
    const one = asked(claim);
    await world.clock.advance();
    expect([one.serves, world.patched]).toEqual([true, ["one acme 0"]]);
  });

  it("is one install's when two start at once; the other says so and waits", async () => {
    const world = cluster();
    world.write(undefined);
    for (const namespace of ["one", "two"]) world.leases.set(namespace, held("1"));
    const claims = [world.install("one"), world.install("two")];
    const answers = claims.map(asked);
    await world.clock.advance(ms(10_000));
    expect(answers.map(({ serves }) => serves)).toEqual([true, false]);
    expect(claims.map((each) => each.blocker())).toEqual([undefined, expect.stringContaining("in namespace one")]);
    expect(world.warnings).toEqual([["another install serves this cluster", { namespace: "one" }]]);
  });

  it.each<[string, LeaseView | undefined]>([
    ["is not there", undefined],
    ["was released", held("1", "")],
  ])("is taken over at once where the other's Lease %s", async (_what, lease) => {
    const world = cluster();
    world.write("one");
    if (lease) world.leases.set("one", lease);
    const two = asked(world.install("two"));
    await world.clock.advance();
    expect([two.serves, world.pointer()]).toEqual([true, "two"]);
  });

  it("is taken over when the other's Lease is not renewed any more, and not before", async () => {
    const world = cluster();
    world.write("one");
    world.leases.set("one", held("first"));
    const two = world.install("two");
    const answer = asked(two);
    for (let renewal = 0; renewal < 30; renewal += 1) {
      world.leases.set("one", held(String(renewal)));
      await world.clock.advance(ms(2_000));
    }
    expect(answer.serves).toBe(false);
    await world.clock.advance(ms(14_000));
    expect(answer.serves).toBe(false);
    await world.clock.advance(ms(10_000));
    expect([answer.serves, world.pointer(), two.blocker()]).toEqual([true, "two", undefined]);
  });

  it("of an installed CRD that has no field for it holds up nothing", async () => {
    const world = cluster({ outdated: true });
    world.write(undefined);
    const one = asked(world.install("one"));
    await world.clock.advance();
    expect(one.serves).toBe(true);
  });

  it("that another living install has taken ends the service, one of a dead install is taken back", async () => {
    const world = cluster();
    world.write("one");
    const one = world.install("one");
    const lost: string[] = [];
    one.watch(({ reason }) => lost.push(reason));
    world.write("dead");
    await world.clock.advance();
    expect([lost, world.pointer()]).toEqual([[], "one"]);
    world.leases.set("two", held("1"));
    world.write("two");
    await world.clock.advance();
    expect([lost, world.pointer()]).toEqual([["AnotherInstall"], "two"]);
  });

  it("of another install is not passed by where its Lease may not be read", async () => {
    const world = cluster();
    world.write("one");
    world.leases.get = () => {
      throw new ApiError({ kind: "forbidden", details: { causes: [] }, message: "may not get leases" });
    };
    const two = asked(world.install("two"));
    await world.clock.advance(ms(60_000));
    expect([two.serves, world.pointer()]).toEqual([false, "one"]);
  });

  it("that could not be looked at is looked at again, though nothing changes", async () => {
    const world = cluster();
    world.write("one");
    const lost: string[] = [];
    const forget = world.install("one").watch(({ reason }) => lost.push(reason));
    const { leases } = world;
    const get = leases.get.bind(leases);
    leases.get = () => {
      throw new Error("timeout");
    };
    leases.set("two", held("1"));
    world.write("two");
    await world.clock.advance(ms(1_000));
    leases.get = get;
    expect(lost).toEqual([]);
    await world.clock.advance(ms(5_000));
    expect(lost).toEqual(["AnotherInstall"]);
    forget();
    expect(world.clock.scheduled()).toBe(0);
  });

  it("is made by its own answer, before any watch has told of it", async () => {
    const world = cluster({ late: true });
    world.write(undefined);
    world.reported();
    const one = asked(world.install("one"));
    await world.clock.advance();
    expect([one.serves, world.patched]).toEqual([true, ["one acme 0"]]);
  });

  it("is tried again at once where somebody has changed the object meanwhile, and nobody is told", async () => {
    const world = cluster({ late: true });
    world.write(undefined);
    const one = world.install("one", 0.5);
    // Somebody else's status, of which the watch has not told yet.
    world.write(undefined);
    const answer = asked(one);
    await world.clock.advance(ms(100));
    world.reported();
    await world.clock.advance(ms(149));
    expect(answer.serves).toBe(false);
    await world.clock.advance(ms(1));
    expect([answer.serves, world.patched, world.warnings]).toEqual([true, ["one acme 0", "one acme 250"], []]);
  });

  it("that always comes too late is made ever more seldom, and goes through as soon as it can", async () => {
    const world = cluster();
    world.write(undefined);
    world.refusing.set("acme", apiError("conflict"));
    const one = asked(world.install("one"));
    await world.clock.advance(ms(17_000));
    const times = [0, 200, 600, 1_400, 3_000, 8_000, 13_000];
    expect([one.serves, world.patched]).toEqual([false, times.map((each) => `one acme ${each}`)]);
    world.refusing.clear();
    await world.clock.advance(ms(5_000));
    expect(one.serves).toBe(true);
  });

  it("is made with the next RegistryCredential where somebody writes the status of one whenever it is about to", async () => {
    const world = cluster();
    for (const name of ["acme", "beta", "gamma"]) world.write(undefined, name);
    world.refusing.set("acme", apiError("conflict"));
    world.refusing.set("beta", apiError("conflict"));
    const one = asked(world.install("one"));
    await world.clock.advance(ms(2_999));
    expect([one.serves, world.patched.length]).toEqual([false, 4]);
    // An accident of the next one is none of the first one's.
    await world.clock.advance(ms(1));
    world.refusing.delete("beta");
    await world.clock.advance(ms(200));
    expect([one.serves, world.pointer("beta"), world.pointer("gamma")]).toEqual([true, "one", undefined]);
    expect(world.warnings).toEqual([]);
  });

  it("of a RegistryCredential that is gone by now is tried again at once", async () => {
    const world = cluster();
    world.write(undefined);
    world.refusing.set("acme", apiError("notFound"));
    void asked(world.install("one"));
    await world.clock.advance(ms(200));
    expect([world.patched, world.warnings]).toEqual([["one acme 0", "one acme 200"], []]);
  });

  it("is made with the next RegistryCredential where the status of one may not be written", async () => {
    const world = cluster();
    for (const name of ["acme", "beta", "gamma"]) {
      world.write(undefined, name);
      world.refusing.set(name, apiError("forbidden"));
    }
    world.refusing.delete("gamma");
    const one = asked(world.install("one"));
    await world.clock.advance();
    expect([one.serves, world.pointer("gamma")]).toEqual([true, "one"]);
    const reported = { reason: "NotPermitted", detail: expect.stringContaining("which install serves") };
    expect(world.warnings).toEqual(["acme", "beta"].map(() => ["cluster not claimed", reported]));
  });

  it("is tried again with all of them, five seconds and a random time later, where no status may be written", async () => {
    const world = cluster();
    for (const name of ["acme", "beta"]) {
      world.write(undefined, name);
      world.refusing.set(name, apiError("forbidden"));
    }
    const one = asked(world.install("one", 0.5));
    await world.clock.advance(ms(12_499));
    expect(world.patched).toEqual(["one acme 0", "one beta 0", "one acme 6250", "one beta 6250"]);
    world.refusing.clear();
    expect(one.serves).toBe(false);
    await world.clock.advance(ms(1));
    expect([one.serves, world.pointer()]).toEqual([true, "one"]);
  });

  it("that hears nothing of use waits, and passes nobody by", async () => {
    const world = cluster();
    for (const name of ["acme", "beta"]) world.write(undefined, name);
    world.refusing.set("acme", new Error("timeout"));
    const one = asked(world.install("one"));
    await world.clock.advance(ms(4_999));
    expect([one.serves, world.patched]).toEqual([false, ["one acme 0"]]);
    world.refusing.clear();
    await world.clock.advance(ms(1));
    expect([one.serves, world.patched]).toEqual([true, ["one acme 0", "one acme 5000"]]);
  });

  it("can be broken off, as it waits and as it is written", async () => {
    const world = cluster();
    world.write("one");
    world.leases.set("one", held("1"));
    const stopping = new AbortController();
    const claimed = world.install("two").claimed(stopping.signal);
    await world.clock.advance(ms(1_000));
    stopping.abort(new Error("stops"));
    await expect(claimed).rejects.toThrow("stops");
    world.leases.clear();
    const writing = new AbortController();
    world.refusing.set("acme", new Error("broken off"));
    const written = world.install("two").claimed(writing.signal);
    writing.abort(new Error("stops"));
    await expect(written).rejects.toThrow("stops");
    expect(world.warnings).toEqual([["another install serves this cluster", { namespace: "one" }]]);
    expect(world.signals).toEqual([writing.signal]);
  });
});

describe("who serves the cluster", () => {
  it("asks for no Lease and writes nothing while nobody else claims it", async () => {
    const world = cluster();
    world.write("one");
    const lost: string[] = [];
    world.leases.get = (of) => {
      throw new Error(`asked for the Lease of ${of}`);
    };
    world.install("one").watch(({ reason }) => lost.push(reason));
    world.write("one");
    world.write(undefined);
    await world.clock.advance(ms(60_000));
    expect([lost, world.patched, world.clock.scheduled()]).toEqual([[], [], 0]);
  });

  it("is looked at where one says something else of it, and by no other change", async () => {
    const world = cluster();
    world.write("one");
    world.install("one").watch(() => undefined);
    for (let count = 0; count < 3; count += 1) world.write("one");
    expect(world.looks()).toBe(0);
    world.write(undefined);
    world.write("one", "other");
    expect(world.looks()).toBe(2);
  });

  it("is told what has happened when it is taken over", async () => {
    const world = cluster();
    world.write("one");
    const lost: unknown[] = [];
    world.install("one").watch((error) => lost.push(error));
    world.leases.set("two", held("1"));
    world.write("two");
    await world.clock.advance();
    const failure = { reason: "AnotherInstall", cause: "Platform", retry: "backoff" };
    expect(lost).toMatchObject([{ ...failure, message: expect.stringContaining("in namespace two") }]);
  });

  it("looks again once, however many changes come while it cannot, and not for what it has seen since", async () => {
    const world = cluster();
    world.write("one");
    const { leases } = world;
    const get = leases.get.bind(leases);
    leases.get = () => {
      throw new Error("timeout");
    };
    world.install("one").watch(() => undefined);
    for (const namespace of ["two", "three"]) world.write(namespace);
    await world.clock.advance();
    expect(world.clock.scheduled()).toBe(1);
    world.write("four");
    await world.clock.advance();
    expect(world.clock.scheduled()).toBe(1);
    const reported = { detail: expect.stringContaining("unexpected") };
    expect(world.remarks).toEqual(["two", "three", "four"].map(() => ["claim not looked at", reported]));
    leases.get = get;
    world.write("one");
    await world.clock.advance();
    expect(world.clock.scheduled()).toBe(0);
  });

  it("looks ever more seldom while it cannot, and at once again when it could", async () => {
    const world = cluster();
    world.write("one");
    const looks: number[] = [];
    const { leases } = world;
    const get = leases.get.bind(leases);
    leases.get = () => {
      looks.push(world.clock.elapsed());
      throw new Error("timeout");
    };
    const forget = world.install("one").watch(() => undefined);
    world.write("two");
    await world.clock.advance(ms(20 * 60_000));
    const gaps = looks.slice(1).map((at, index) => (at - (looks[index] ?? 0)) / 1_000);
    expect(gaps).toEqual([5, 10, 20, 40, 80, 160, 300, 300]);
    leases.get = get;
    world.write("one");
    await world.clock.advance();
    leases.get = () => {
      looks.push(world.clock.elapsed());
      throw new Error("timeout");
    };
    const before = looks.length;
    world.write("two");
    await world.clock.advance(ms(6_000));
    expect(looks.length - before).toBe(2);
    forget();
  });

  it("looks no more once it has been asked to stop, not even for what was under way", async () => {
    const world = cluster();
    world.write("one");
    let looks = 0;
    world.leases.get = () => {
      looks += 1;
      throw new Error("timeout");
    };
    const forget = world.install("one").watch(() => undefined);
    world.write("two");
    await world.clock.advance();
    expect([looks, world.clock.scheduled()]).toEqual([1, 1]);
    forget();
    expect(world.clock.scheduled()).toBe(0);
    world.write("three");
    expect(looks).toBe(1);
    const again = world.install("one").watch(() => undefined);
    world.write("four");
    again();
    await world.clock.advance();
    expect([looks, world.clock.scheduled()]).toEqual([2, 0]);
  });
});
