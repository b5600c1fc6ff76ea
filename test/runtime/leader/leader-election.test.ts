// Tests that there is one leader at a time, soon after the last one is gone, whatever becomes of clocks, answers and the Lease.
import { describe, expect, it } from "vitest";
import { OperatorError } from "../../../src/runtime/errors.ts";
import {
  type ElectionEvent,
  leaderElection,
  type LeaderElection,
} from "../../../src/runtime/leader/leader-election.ts";
import type { LeaseObject, LeaseRecord } from "../../../src/runtime/leader/lease.ts";
import { type FakeClock, fakeClock } from "../../fake-clock.ts";
import { type LeaseServer, leaseServer, type Network, slowly } from "./lease-server.ts";

const lease = { namespace: "regcred-system", name: "regcred" };
const ms = (milliseconds: number): Temporal.Duration => Temporal.Duration.from({ milliseconds });

const isFew = (requests: number): boolean => requests <= 10;

function standing(server: LeaseServer): LeaseRecord {
  const record = server.lease();
  if (!record) throw new Error("there is no Lease");
  return record;
}

/** A Lease that is not there yet, with this holder. */
function heldBy(holderIdentity: string): LeaseObject {
  return { metadata: {}, spec: { holderIdentity, leaseDurationSeconds: 15 } };
}

interface Replica extends LeaderElection {
  readonly events: ElectionEvent[];
  readonly client: { network: Network };
  /** Why it lost, once it has. */
  readonly error: () => OperatorError | undefined;
}

/** @param isWatching whether it is told of changes, or finds them out by its own calls */
function replica(server: LeaseServer, clock: FakeClock, identity: string, isWatching = true): Replica {
  const events: ElectionEvent[] = [];
  const client = server.client((change) => {
    if (isWatching) election.seen(change);
  });
  const election = leaderElection({
    leases: client,
    lease,
    identity,
    clock,
    random: () => 0.5,
    observe: (event) => events.push(event),
  });
  let error: OperatorError | undefined;
  election.lost.catch((reason: unknown) => {
    if (reason instanceof OperatorError) error = reason;
  });
  election.start();
  return { ...election, events, client, error: () => error };
}

/** Two replicas, the first of which leads. */
async function pair(): Promise<{ clock: FakeClock; server: LeaseServer; first: Replica; second: Replica }> {
  const clock = fakeClock();
  const server = leaseServer(clock);
  const first = replica(server, clock, "first");
  await clock.advance();
  const second = replica(server, clock, "second");
  await clock.advance(ms(30_000));
  expect([first.leading(), second.leading()]).toEqual([true, false]);
  return { clock, server, first, second };
}

/** Milliseconds until `question` is answered with yes. */
async function until(clock: FakeClock, question: () => boolean): Promise<number> {
  const began = clock.elapsed();
  while (!question()) {
    if (clock.elapsed() - began > 120_000) throw new Error("waited two minutes in vain");
    await clock.advance(ms(50));
  }
  return clock.elapsed() - began;
}

describe("an election", () => {
  it("has one leader at once, who renews every two seconds and takes nothing twice", async () => {
    const { clock, server, first, second } = await pair();
    expect(first.events).toEqual([{ kind: "leading", transitions: 0 }]);
    expect(second.events).toEqual([{ kind: "following", holder: "first" }]);
    const before = server.lease()?.object.spec;
    const writes = server.writes();
    await clock.advance(ms(20_000));
    expect(server.writes() - writes).toBe(10);
    const spec = server.lease()?.object.spec;
    expect(spec).toMatchObject({ holderIdentity: "first", leaseDurationSeconds: 15, leaseTransitions: 0 });
    expect(spec?.acquireTime).toBe(before?.acquireTime);
    expect(spec?.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  });

  it("is over at once when the leader gives the Lease back", async () => {
    const { clock, server, first, second } = await pair();
    const released = first.release();
    await clock.advance();
    await released;
    expect(await until(clock, () => second.leading())).toBe(0);
    expect(first.leading()).toBe(false);
    expect(first.fence.left()).toBe(0);
    expect(first.events.at(-1)).toEqual({ kind: "released" });
    expect(server.lease()?.object.spec).toMatchObject({ holderIdentity: "second", leaseTransitions: 1 });
  });

  it("ends within the Lease's duration when the leader dies", async () => {
    const { clock, first, second } = await pair();
    first.client.network = "cut";
    const took = await until(clock, () => second.leading());
    expect(took).toBeGreaterThan(12_900);
    expect(took).toBeLessThanOrEqual(15_050);
  });

  it("never has two who may write when the leader is cut off", async () => {
    const { clock, first, second } = await pair();
    first.client.network = "cut";
    let together = 0;
    await until(clock, () => {
      if (first.fence.left() > 0 && second.fence.left() > 0) together += 1;
      return second.leading();
    });
    expect(together).toBe(0);
    expect(first.leading()).toBe(false);
    expect(first.error()).toMatchObject({ reason: "LeaseLost", message: expect.stringContaining("within 10 s") });
  });

  it("lets no write last until another may lead", async () => {
    const { clock, first, second } = await pair();
    first.client.network = "cut";
    let end = 0;
    const took = await until(clock, () => {
      if (first.fence.left() > 0) end = Math.max(end, clock.elapsed() + first.fence.left());
      return second.leading();
    });
    expect(took).toBeGreaterThan(0);
    expect(end).toBeGreaterThan(0);
    expect(end).toBeLessThan(clock.elapsed());
  });

  it("survives a leader's network that is away for less than the deadline", async () => {
    const { clock, first, second } = await pair();
    first.client.network = "cut";
    await clock.advance(ms(6_000));
    first.client.network = "up";
    await clock.advance(ms(20_000));
    expect([first.leading(), second.leading()]).toEqual([true, false]);
    expect(first.events.map(({ kind }) => kind)).toContain("failed");
  });

  it("is kept by a leader whose renewals arrive though their answers do not, for no longer than it is sure", async () => {
    const { clock, first, second } = await pair();
    first.client.network = "deaf";
    const took = await until(clock, () => first.error() !== undefined);
    expect(took).toBeLessThanOrEqual(10_000);
    expect(second.leading()).toBe(false);
  });

  it("counts a renewal from its request, however long the answer takes", async () => {
    const { clock, server, first } = await pair();
    first.client.network = "slow";
    const writes = server.writes();
    await until(clock, () => server.writes() > writes);
    const sentAt = clock.elapsed();
    first.client.network = "cut";
    await clock.advance(slowly);
    // The duration of the Lease, without the second that the API server's own deadline is rounded up by.
    expect(first.fence.left()).toBe(15_000 - 1_000 - slowly.total("milliseconds"));
    await until(clock, () => first.error() !== undefined);
    expect(clock.elapsed() - sentAt).toBeLessThanOrEqual(10_000);
  });

  it("is taken only when the holder was silent for its whole time by the follower's own clock, whatever the Lease says", async () => {
    const clock = fakeClock();
    const server = leaseServer(clock);
    const dead = replica(server, clock, "dead");
    await clock.advance();
    dead.client.network = "cut";
    server.edit({ renewTime: "2020-01-01T00:00:00.000000Z", leaseDurationSeconds: 30 });
    await clock.advance(ms(60_000));
    const late = replica(server, clock, "late");
    await clock.advance(ms(29_900));
    expect(late.leading()).toBe(false);
    await clock.advance(ms(100));
    expect(late.leading()).toBe(true);
  });

  it("waits anew for each sign of life, though its time is the same as that of the look before", async () => {
    const clock = fakeClock();
    const server = leaseServer(clock);
    const dead = replica(server, clock, "dead");
    await clock.advance();
    dead.client.network = "cut";
    await clock.advance(ms(60_000));
    const late = replica(server, clock, "late");
    await clock.advance(ms(14_000));
    server.edit({ renewTime: "2020-01-01T00:00:00.000000Z" });
    await clock.advance(ms(14_900));
    expect(late.leading()).toBe(false);
    await clock.advance(ms(200));
    expect(late.leading()).toBe(true);
  });

  it("is given back by nobody who has lost it, and neither read nor written by him any more", async () => {
    const { clock, server, first } = await pair();
    server.edit({ holderIdentity: "thief" });
    await clock.advance();
    const [writes, reported] = [server.writes(), first.events.length];
    await first.release();
    await clock.advance(ms(120_000));
    expect(server.lease()?.view.holder).not.toBe("");
    expect(first.events).toHaveLength(reported);
    expect(first.events.filter(({ kind }) => kind === "released")).toEqual([]);
    expect(server.lease()?.object.spec?.holderIdentity).toBe("second");
    // All since are the second one's, who took it when the thief was silent.
    expect(server.writes() - writes).toBeGreaterThan(0);
    expect(first.leading()).toBe(false);
  });

  it("is not renewed after it was given back, also where a renewal is under way", async () => {
    const clock = fakeClock();
    const server = leaseServer(clock);
    const only = replica(server, clock, "only");
    await clock.advance(ms(1_000));
    only.client.network = "slow";
    const before = server.writes();
    await until(clock, () => server.writes() > before);
    const released = only.release();
    expect([only.fence.left(), only.leading()]).toEqual([0, false]);
    await clock.advance(ms(20_000));
    await released;
    expect(server.lease()?.view.holder).toBe("");
    const writes = server.writes();
    server.edit({});
    await clock.advance(ms(60_000));
    expect(server.writes()).toBe(writes + 1);
    expect([only.fence.left(), only.leading()]).toEqual([0, false]);
  });

  it("waits for a renewal under way before it is given back", async () => {
    const { clock, server, first } = await pair();
    first.client.network = "slow";
    const writes = server.writes();
    await until(clock, () => server.writes() > writes);
    let ended = false;
    const released = first.release().then(() => (ended = true));
    // The answer to the renewal, then those to a look and to the release.
    await clock.advance(ms(3 * slowly.total("milliseconds") - 100));
    expect(ended).toBe(false);
    await clock.advance(ms(100));
    await released;
    expect(first.events.at(-1)).toEqual({ kind: "released" });
  });

  it("is not given back by who has tried to take it, where another was faster", async () => {
    const clock = fakeClock();
    const server = leaseServer(clock);
    const [fast, late] = [replica(server, clock, "fast"), replica(server, clock, "late", false)];
    await clock.advance(ms(1_000));
    expect([fast.leading(), late.leading()]).toEqual([true, false]);
    const released = late.release();
    await clock.advance(ms(1_000));
    await released;
    expect([server.lease()?.view.holder, fast.leading()]).toEqual(["fast", true]);
  });

  it("is left as it is by who could not renew it in time, also when the network is back", async () => {
    const { clock, server, first, second } = await pair();
    await second.release();
    first.client.network = "cut";
    await until(clock, () => first.error() !== undefined);
    first.client.network = "up";
    const writes = server.writes();
    const released = first.release();
    await clock.advance(ms(30_000));
    await released;
    expect([server.writes(), server.lease()?.view.holder]).toEqual([writes, "first"]);
  });

  it("is not lost to what the watch brings late", async () => {
    const { clock, server, first, second } = await pair();
    const [stale, writes] = [server.lease(), server.writes()];
    await clock.advance(ms(10_000));
    expect(server.writes()).toBeGreaterThan(writes);
    if (!stale) throw new Error("there is no Lease");
    first.seen({ now: { ...stale, view: { ...stale.view, holder: "before" } } });
    await clock.advance(ms(100));
    expect([first.leading(), first.error()]).toEqual([true, undefined]);
    expect(second.leading()).toBe(false);
  });

  it("is not made again for the deletion of one that was before it", async () => {
    const { clock, server, first } = await pair();
    const gone = server.lease();
    server.remove();
    await clock.advance(ms(1_000));
    const writes = server.writes();
    expect(server.lease()?.uid).not.toBe(gone?.uid);
    if (gone) first.seen({ gone });
    await clock.advance(ms(100));
    expect(server.writes()).toBe(writes);
  });

  it("is followed by nobody who has stopped", async () => {
    const { clock, server, first, second } = await pair();
    await second.release();
    first.client.network = "cut";
    const writes = server.writes();
    await clock.advance(ms(120_000));
    expect(second.leading()).toBe(false);
    expect(server.writes()).toBe(writes);
  });

  it("is lost to whom somebody else writes into the Lease", async () => {
    const { clock, server, first } = await pair();
    server.edit({ holderIdentity: "thief", renewTime: "2026-01-01T00:00:00.000000Z" });
    await clock.advance();
    expect(first.fence.left()).toBe(0);
    expect(first.error()).toMatchObject({
      reason: "LeaseLost",
      message: expect.stringContaining("thief has taken it"),
    });
    expect(first.stuck()).toBe(false);
  });

  it("goes on where somebody labels the Lease, or deletes it", async () => {
    const { clock, server, first, second } = await pair();
    server.edit({});
    await clock.advance(ms(10_000));
    server.remove();
    await clock.advance(ms(20_000));
    expect([first.leading(), second.leading()]).toEqual([true, false]);
    expect(server.lease()?.view.holder).toBe("first");
  });

  it.each([
    ["forth", { hours: 5 }],
    ["back", { hours: -5 }],
  ])("does not mind a wall clock that is set %s, but writes only after the next renewal", async (which, ahead) => {
    const { clock, first, second } = await pair();
    await clock.advance(ms(100));
    clock.step(Temporal.Duration.from(ahead));
    expect(first.fence.left() > 0).toBe(which === "back");
    await clock.advance(ms(2_000));
    expect(first.fence.left()).toBeGreaterThan(12_000);
    await clock.advance(ms(60_000));
    expect([first.leading(), second.leading()]).toEqual([true, false]);
  });

  it("lets a leader that has slept while another took over write nothing, and tells it", async () => {
    const clock = fakeClock();
    const server = leaseServer(clock);
    const sleeper = replica(server, clock, "sleeper");
    await clock.advance(ms(100));
    // The machine sleeps: its monotonic clock stands still, the wall clock goes on, and the Lease is another's meanwhile.
    sleeper.client.network = "cut";
    server.edit({ holderIdentity: "other" });
    clock.step(ms(60_000));
    expect(sleeper.leading()).toBe(true);
    expect(sleeper.fence.left()).toBe(0);
    sleeper.client.network = "up";
    await until(clock, () => sleeper.error() !== undefined);
    expect(sleeper.error()?.message).toContain("other has taken it");
  });

  it("tells that it is stuck when a call does not even end at its deadline, and lets no write through meanwhile", async () => {
    const { clock, first } = await pair();
    first.client.network = "stuck";
    await clock.advance(ms(19_000));
    expect(first.fence.left()).toBe(0);
    expect([first.leading(), first.stuck()]).toEqual([true, false]);
    await clock.advance(ms(4_000));
    expect(first.stuck()).toBe(true);
  });

  it("goes on, with few requests, when etcd is put back to a time before", async () => {
    const { clock, server, first, second } = await pair();
    const before = server.snapshot();
    await clock.advance(ms(60_000));
    server.restore(before);
    const [reads, writes] = [server.reads(), server.writes()];
    await clock.advance(ms(60_000));
    expect([first.leading(), second.leading()]).toEqual([true, false]);
    expect(server.lease()?.view.holder).toBe("first");
    expect(server.reads() - reads).toSatisfy(isFew);
    const backwards = [first, second].map(({ events }) => events.filter(({ kind }) => kind === "wentBack").length);
    expect(backwards).toEqual([1, 1]);
    // Every two seconds.
    expect(Math.abs(server.writes() - writes - 30)).toBeLessThanOrEqual(1);
  });

  it("has a new leader when etcd is put back and the holder is dead, with few requests", async () => {
    const { clock, server, first, second } = await pair();
    const before = server.snapshot();
    await clock.advance(ms(60_000));
    first.client.network = "cut";
    server.restore(before);
    const reads = server.reads();
    const took = await until(clock, () => second.leading());
    expect(took).toBeLessThan(30_000);
    expect(server.reads() - reads).toSatisfy(isFew);
    expect(first.leading()).toBe(false);
  });

  it("tells of it where who makes the Lease anew has only followed, and it is older than the one that was", async () => {
    const clock = fakeClock();
    const server = leaseServer(clock);
    const empty = server.snapshot();
    const first = replica(server, clock, "first");
    await clock.advance();
    const second = replica(server, clock, "second");
    await clock.advance(ms(30_000));
    first.client.network = "cut";
    server.restore(empty);
    await until(clock, () => second.leading());
    expect(second.events.filter(({ kind }) => kind === "wentBack")).toHaveLength(1);
  });

  it("is kept by who leads when etcd is put back to a time in which a dead one did", async () => {
    const { clock, server, first, second } = await pair();
    const before = server.snapshot();
    first.client.network = "cut";
    await until(clock, () => second.leading());
    const third = replica(server, clock, "third");
    await clock.advance(ms(20_000));
    server.restore(before);
    await clock.advance(ms(60_000));
    expect([second.leading(), third.leading()]).toEqual([true, false]);
    expect(server.lease()?.view.holder).toBe("second");
  });

  it("is kept by who leads when etcd is put back to a time in which the Lease was nobody's, or was not", async () => {
    const clock = fakeClock();
    const server = leaseServer(clock);
    const empty = server.snapshot();
    const old = replica(server, clock, "old");
    await clock.advance(ms(100));
    const released = old.release();
    await clock.advance();
    await released;
    const given = server.snapshot();
    const first = replica(server, clock, "first");
    await clock.advance(ms(1_000));
    const second = replica(server, clock, "second");
    await clock.advance(ms(20_000));
    for (const [times, snapshot] of [given, empty].entries()) {
      server.restore(snapshot);
      await clock.advance(ms(60_000));
      expect(first.events.filter(({ kind }) => kind === "wentBack")).toHaveLength(times + 1);
      expect([first.leading(), second.leading()]).toEqual([true, false]);
      expect(server.lease()?.view.holder).toBe("first");
    }
  });

  it("takes an answer that the watch has overtaken for late, not for restored", async () => {
    const clock = fakeClock();
    const server = leaseServer(clock);
    const { network, ...leases } = server.client(() => undefined);
    expect(network).toBe("up");
    await leases.put(lease, heldBy("other"), ms(1_000));
    let answer = Promise.withResolvers<void>();
    const election = leaderElection({
      leases: {
        ...leases,
        get: async (...call) => {
          const record = await leases.get(...call);
          await answer.promise;
          return record;
        },
      },
      lease,
      identity: "me",
      clock,
      random: () => 0.5,
    });
    answer.resolve();
    election.start();
    await clock.advance(ms(1_000));
    // The next look is answered late, and the other's renewal comes before its answer.
    answer = Promise.withResolvers();
    await clock.advance(ms(9_000));
    server.edit({ renewTime: "2026-01-01T00:00:00.000000Z" });
    election.seen({ now: standing(server) });
    await clock.advance(ms(4_000));
    answer.resolve();
    await clock.advance(ms(10_900));
    expect(election.leading()).toBe(false);
    // The other has been silent for its time since that renewal.
    await clock.advance(ms(200));
    expect(election.leading()).toBe(true);
  });

  it("starts with one leader, however many start at once", async () => {
    const clock = fakeClock();
    const server = leaseServer(clock);
    const all = ["a", "b", "c", "d"].map((identity) => replica(server, clock, identity));
    await clock.advance(ms(1_000));
    expect(all.filter((each) => each.leading())).toHaveLength(1);
  });

  it("is released with an own deadline, also where the network is away, and only by who holds it", async () => {
    const { clock, server, first, second } = await pair();
    second.client.network = "cut";
    const gone = second.release();
    await clock.advance();
    await gone;
    expect(second.events.at(-1)).toEqual({ kind: "following", holder: "first" });
    first.client.network = "cut";
    let ended = false;
    const released = first.release().then(() => (ended = true));
    await clock.advance(ms(10_000));
    await released;
    expect(ended).toBe(true);
    expect(server.lease()?.view.holder).toBe("first");
  });
});
