// Does one install serve a cluster, does the other say so and wait, and does it go on when the first is gone?
import { describe, expect, it } from "vitest";
import type { RegistryCredential } from "../../../src/api/registry-credential.ts";
import { ApiError } from "../../../src/runtime/client/api-error.ts";
import type { LeaseView } from "../../../src/runtime/leader/lease-state.ts";
import type { CredentialRecord } from "../../../src/cluster/records.ts";
import { type ClusterClaim, clusterClaim } from "../../../src/controllers/credential/cluster-claim.ts";
import { refusals } from "../../../src/operator/call-failure.ts";
import { type Feed, store } from "../../../src/runtime/watch/store.ts";
import { fakeClock } from "../../fake-clock.ts";
import { credential } from "../../entitlement/objects.ts";

const ms = (milliseconds: number): Temporal.Duration => Temporal.Duration.from({ milliseconds });
const held = (sign: string, holder = "pod"): LeaseView => ({ holder, durationMs: 15_000, sign });

/** One RegistryCredential at an API server with compare-and-swap, and installs that look at it. */
function cluster({
  outdated = false,
  refuses = () => false,
}: { readonly outdated?: boolean; readonly refuses?: () => boolean } = {}) {
  const clock = fakeClock();
  const leases = new Map<string, LeaseView>();
  const warnings: unknown[] = [];
  const watches: Feed<CredentialRecord>[] = [];
  let version = 1;
  let current: RegistryCredential | undefined;
  const recordOf = (one: RegistryCredential): CredentialRecord => ({
    key: one.name,
    name: one.name,
    uid: one.uid,
    resourceVersion: one.resourceVersion,
    generation: one.generation,
    deleting: false,
    finalizers: [],
    annotations: {},
    credential: one,
    problems: [],
  });
  const write = (operatorNamespace: string | undefined): RegistryCredential => {
    version += 1;
    const status = operatorNamespace === undefined || outdated ? {} : { operatorNamespace };
    current = credential({ resourceVersion: String(version), status });
    for (const watch of watches) watch.observed(recordOf(current));
    return current;
  };

  return {
    clock,
    leases,
    warnings,
    write,
    pointer: () => current?.status?.operatorNamespace,
    install: (namespace: string): ClusterClaim => {
      const credentials = store<CredentialRecord>();
      const watch = credentials.feed();
      watch.begin();
      if (current) watch.observed(recordOf(current));
      watch.completed(String(version));
      watches.push(watch);
      const options = {
        clock,
        random: () => 0,
        settings: { namespace, maxConfigBytes: 0 },
        stores: { credentials },
        transforms: { credential: recordOf },
        api: {
          patchCredentialStatus: async (_name: string, patch: { metadata: { resourceVersion: string } }) => {
            if (refuses() || patch.metadata.resourceVersion !== current?.resourceVersion)
              throw new ApiError({ kind: "conflict", details: { causes: [] }, message: "409" });
            return write(namespace);
          },
        },
        log: {
          debug: () => undefined,
          info: () => undefined,
          error: () => undefined,
          warn: (...line: unknown[]) => warnings.push(line),
        },
        refusal: refusals({ error: () => undefined }, "regcred-system"),
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
    const one = asked(world.install("one"));
    await world.clock.advance();
    expect([one.serves, world.pointer()]).toEqual([true, "one"]);
  });

  it("is one install's when two start at once; the other says so and waits", async () => {
    const world = cluster();
    world.write(undefined);
    for (const namespace of ["one", "two"]) world.leases.set(namespace, held("1"));
    const claims = [world.install("one"), world.install("two")];
    const answers = claims.map(asked);
    await world.clock.advance(ms(10_000));
    expect(answers.map(({ serves }) => serves)).toEqual([true, false]);
    expect(claims.map((each) => each.obstacle())).toEqual([undefined, expect.stringContaining("in namespace one")]);
    expect(world.warnings).toEqual([["another install serves this cluster", { namespace: "one" }]]);
  });

  it("that always comes too late is made ever more seldom, and goes through as soon as it can", async () => {
    let requests = 0;
    let isLate = true;
    const refuses = (): boolean => {
      requests += 1;
      return isLate;
    };
    const world = cluster({ refuses });
    world.write(undefined);
    const one = asked(world.install("one"));
    await world.clock.advance(ms(1_000));
    expect(requests).toBe(3);
    await world.clock.advance(ms(600_000));
    expect([one.serves, requests < 130]).toEqual([false, true]);
    isLate = false;
    await world.clock.advance(ms(5_000));
    expect(one.serves).toBe(true);
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
    expect([answer.serves, world.pointer(), two.obstacle()]).toEqual([true, "two", undefined]);
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
});
