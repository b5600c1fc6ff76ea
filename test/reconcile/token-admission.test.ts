// Does what hangs hold up nothing but itself, however much of it there is?
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OperatorError } from "../../src/errors.ts";
import type { Grant } from "../../src/plan/grant.ts";
import type { Probe } from "../../src/plan/probe.ts";
import { keyOf, tokenKey } from "../../src/plan/keys.ts";
import { budgets } from "../../src/providers/budgets.ts";
import { NetworkError } from "../../src/providers/http/network-error.ts";
import type { Minted } from "../../src/providers/provider.ts";
import { withAdmission } from "../../src/providers/with-admission.ts";
import type { Gate } from "../../src/queue/gate.ts";
import { runWorkers, type Workers } from "../../src/queue/run-workers.ts";
import { type Outcome, type WorkQueue, workQueue } from "../../src/queue/work-queue.ts";
import { tokenAdmission, type TokenAdmission } from "../../src/reconcile/token-admission.ts";
import { Redacted } from "../../src/redacted.ts";
import { type FakeClock, fakeClock } from "../fake-clock.ts";

const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ milliseconds: count * 1000 });
const never = new Promise<never>(() => undefined);

type Answer = (clock: FakeClock, signal: AbortSignal) => Promise<void>;
const atOnce: Answer = async () => undefined;

/** How somebody may fail to answer. */
const answers: Readonly<Record<string, Answer>> = {
  "never answers, and does not hear of the end": () => never,
  "does not answer in 30 s": async (clock, signal) => {
    await clock.sleep(seconds(30), signal);
    throw new NetworkError("away.example.com", "DEADLINE");
  },
  "resets each connection": async (clock, signal) => {
    await clock.sleep(seconds(0.2), signal);
    throw new NetworkError("away.example.com", "ECONNRESET");
  },
  "refuses each connection": async () => {
    throw new NetworkError("away.example.com", "ECONNREFUSED");
  },
  "answers 500 after a while": async (clock, signal) => {
    await clock.sleep(seconds(20), signal);
    throw new OperatorError({ reason: "CloudUnavailable", cause: "Platform", retry: "backoff", message: "500" });
  },
};

const ecr = (region: string): Grant => ({
  provider: "ECR",
  identity: { from: "Operator" },
  partition: "aws",
  region,
  endpoint: "standard",
});
const icr: Grant = { provider: "ICR", identity: { from: "Operator" } };
const hub: Grant = {
  provider: "Static",
  namespace: "ops",
  name: "hub",
  usernameKey: "u",
  passwordKey: "p",
  perTenant: false,
};

interface Member {
  readonly grant: Grant;
  readonly owner: string;
  readonly answer: Answer;
  readonly probe?: Probe;
  /** In place of another grant. */
  readonly replacing?: boolean;
}

interface Played {
  readonly clock: FakeClock;
  readonly queue: WorkQueue;
  readonly workers: Workers;
  readonly admission: TokenAdmission;
  /** The grant is due from now on. */
  add(name: string, member: Member): void;
  /** Elapsed milliseconds at which it was asked for, each time. */
  readonly asked: ReadonlyMap<string, readonly number[]>;
  /** The most that were asked for at once, by owner. */
  readonly most: ReadonlyMap<string, number>;
  readonly told: ReadonlyMap<string, OperatorError>;
  /** Questions to the gate, and runs. */
  readonly counted: { questions: number; runs: number };
  insist(name: string): void;
}

function played({ verify = atOnce }: { readonly verify?: Answer } = {}): Played {
  const clock = fakeClock();
  const members = new Map<string, Member>();
  const names = new Map<Grant, string>();
  const due = new Set<string>();
  const insisting = new Set<string>();
  const asked = new Map<string, number[]>();
  const under = new Map<string, Set<string>>();
  const most = new Map<string, number>();
  const told = new Map<string, OperatorError>();
  const counted = { questions: 0, runs: 0 };
  const member = (name: string): Member | undefined => members.get(name);
  const admission = tokenAdmission({
    clock,
    random: () => 0.5,
    budgets,
    grantKey: (grant) => names.get(grant) ?? "",
    asks: (name) => due.has(name),
    again: (name) => queue.add(tokenKey(name)),
    tokens: {
      attempts: (name) => {
        const grant = member(name)?.grant;
        return grant && { grant, wantedAt: 0, failure: undefined };
      },
      owner: (name) => member(name)?.owner,
      probe: (name) => member(name)?.probe,
      token: () => undefined,
      isUrgent: (name) => member(name)?.replacing !== true,
      insists: (name) => insisting.has(name),
    },
  });
  const gate: Gate = {
    ...admission,
    lineOf: (key, lane) => {
      counted.questions += 1;
      return admission.lineOf(key, lane);
    },
    enter: (key) => {
      counted.questions += 1;
      return admission.enter(key);
    },
  };
  const queue = workQueue({ clock, random: () => 0.5, gate });
  const provider = withAdmission(
    {
      fetch: async (grant, signal): Promise<Minted> => {
        const name = names.get(grant) ?? "";
        const { owner, answer } = members.get(name) ?? { owner: "", answer: atOnce };
        asked.set(name, [...(asked.get(name) ?? []), clock.elapsed()]);
        const way = under.get(owner) ?? new Set<string>();
        under.set(owner, way.add(name));
        most.set(owner, Math.max(most.get(owner) ?? 0, way.size));
        signal.addEventListener("abort", () => way.delete(name));
        await answer(clock, signal).finally(() => way.delete(name));
        const login = { username: "ada", password: new Redacted("x") };
        return { logins: { all: login }, issuedAt: clock.now(), expiresAt: undefined };
      },
    },
    admission,
  );
  const run = async (key: string, signal: AbortSignal): Promise<Outcome> => {
    counted.runs += 1;
    const { grantKey: name = "" } = keyOf(key) as { readonly grantKey?: string };
    const grant = members.get(name)?.grant;
    if (!grant || !due.has(name)) return {};
    try {
      await provider.fetch(grant, signal);
      if (members.get(name)?.probe) await verify(clock, signal);
      due.delete(name);
      return {};
    } catch (error) {
      if (error instanceof OperatorError) told.set(name, error);
      insisting.delete(name);
      const { retryAfter } = error as Partial<OperatorError>;
      return { failed: true, retry: "backoff", ...(retryAfter && { retryAfter }) };
    }
  };
  const workers = runWorkers({
    queue,
    run,
    concurrency: 4,
    away: admission.away,
    deadline: seconds(45),
    clock,
    onError: () => undefined,
  });
  return {
    clock,
    queue,
    workers,
    admission,
    asked,
    most,
    told,
    counted,
    add: (name, given) => {
      // Each has a grant of its own.
      const grant = members.get(name)?.grant ?? { ...given.grant };
      members.set(name, { ...given, grant });
      names.set(grant, name);
      due.add(name);
      queue.add(tokenKey(name), given.replacing ? { lane: "bulk" } : { lane: "interactive" });
    },
    insist: (name) => {
      insisting.add(name);
      queue.add(tokenKey(name));
    },
  };
}

/** How long after this moment the grant was asked for, in milliseconds. */
const askedWithin = (on: Played, name: string, since: number): number =>
  (on.asked.get(name) ?? []).reduce((first, at) => (at >= since ? Math.min(first, at - since) : first), Infinity);

const healthy = (grant: Grant, owner = "acme/well"): Member => ({ grant, owner, answer: atOnce });

/** The longest that a healthy token, old or new, waited, in milliseconds; each is due after one of these pauses. */
async function slowest(on: Played, well: Grant, pauses: readonly number[]): Promise<number> {
  const waits: number[] = [];
  for (const pause of pauses) {
    await on.clock.advance(seconds(pause));
    const since = on.clock.elapsed();
    on.add("before", healthy(well));
    on.add(`new-${since}`, healthy(well));
    await on.clock.advance(seconds(1));
    waits.push(askedWithin(on, "before", since), askedWithin(on, `new-${since}`, since));
  }
  return Math.max(...waits);
}

const regions = (index: number): Member => healthy(ecr(`region-${index % 100}`), `acme/${index % 100}`);
const relations: Readonly<Record<string, readonly [hangs: (index: number) => Member, well: Grant]>> = {
  "another kind of cloud": [() => healthy(ecr("eu-west-1"), "acme/a"), icr],
  "another region of the cloud": [() => healthy(ecr("eu-west-1"), "acme/a"), ecr("eu-west-2")],
  "a hundred regions of the cloud": [regions, ecr("eu-west-2")],
  "the very region, for another entry": [() => healthy(ecr("eu-west-1"), "acme/a"), ecr("eu-west-1")],
};

describe.each(Object.entries(relations))("a cloud that, at %s,", (_relation, [hangs, well]) => {
  it.each(Object.entries(answers))("%s delays no healthy token by a second", async (_how, answer) => {
    const on = played();
    for (let index = 0; index < 200; index += 1) on.add(`hung-${index}`, { ...hangs(index), answer });
    expect(await slowest(on, well, [0, 0.5, 29, 15])).toBeLessThanOrEqual(1_000);
  });
});

describe("what hangs", () => {
  const hangs = answers["does not answer in 30 s"] ?? atOnce;

  it.each([1, 10, 200, 2_000, 10_000])(
    "delays nothing else and costs the more the more there is of it, no more for each: %s grants",
    async (count) => {
      const on = played();
      for (let index = 0; index < count; index += 1) {
        on.add(`hung-${index}`, { ...healthy(ecr("eu-west-1"), "acme/a"), answer: hangs });
      }
      expect(await slowest(on, ecr("eu-west-1"), [0, 0.5, 28.4])).toBeLessThanOrEqual(1_000);
      // Keys that were added, runs, and calls for those that stood aside.
      const { questions, runs } = on.counted;
      expect(questions / (count + runs)).toBeLessThan(6);
    },
  );

  it("is asked again and again, by one grant at a time, each quarter of a minute", async () => {
    const on = played();
    const reset = answers["resets each connection"] ?? atOnce;
    for (let index = 0; index < 20; index += 1) {
      on.add(`hung-${index}`, { ...healthy(ecr("eu-west-1"), "acme/a"), answer: reset });
    }
    await on.clock.advance(seconds(60));
    const before = [...on.asked.values()].flat().length;
    await on.clock.advance(seconds(600));
    const asked = [...on.asked.values()].flat().length - before;
    expect([asked >= 600 / 16 / 2, asked <= 600 / 7.5 + 1]).toEqual([true, true]);
  });

  it("is told of each of its grants, in the same words for as long as it lasts", async () => {
    const on = played();
    for (let index = 0; index < 50; index += 1) {
      on.add(`hung-${index}`, { ...healthy(ecr("eu-west-1"), "acme/a"), answer: hangs });
    }
    await on.clock.advance(seconds(70));
    const first = new Set([...on.told.values()].map(({ message }) => message));
    await on.clock.advance(seconds(300));
    const later = new Set([...on.told.values()].map(({ message, reason }) => `${reason}: ${message}`));
    expect([on.told.size, first.size <= 2, [...later]]).toEqual([
      50,
      true,
      [
        "CloudUnavailable: no answer from away.example.com: DEADLINE; it is tried again; so it has been since 2026-01-01T00:00:30Z, so one grant at a time tries",
      ],
    ]);
  });

  it("is left alone even while a tenant withdraws its consent again and again, which no answer is needed for", async () => {
    const on = played();
    const refuses: Answer = async () => {
      throw new NetworkError("away.example.com", "ECONNREFUSED");
    };
    const withoutConsent: Answer = async () => {
      throw new OperatorError({ reason: "ConsentMissing", cause: "Tenant", retry: "slowly", message: "no" });
    };
    for (let index = 0; index < 10; index += 1)
      on.add(`away ${index}`, { grant: ecr("eu-west-1"), owner: "uid/ecr", answer: refuses });
    await on.clock.advance(seconds(30));
    const before = [...on.asked.values()].flat().length;
    for (let index = 0; index < 120; index += 1) {
      on.add(`tenant ${index}`, { grant: ecr("eu-west-1"), owner: "uid/ecr", answer: withoutConsent });
      await on.clock.advance(seconds(0.5));
    }
    const others = [...on.asked].flatMap(([name, at]) => (name.startsWith("away") ? at : [])).length;
    expect(others - before).toBeLessThan(10);
  });

  it("is given out within a minute when it answers again", async () => {
    const on = played();
    let isWell = false;
    const answer: Answer = (clock, signal) => (isWell ? atOnce(clock, signal) : hangs(clock, signal));
    for (let index = 0; index < 100; index += 1) {
      on.add(`hung-${index}`, { ...healthy(ecr("eu-west-1"), "acme/a"), answer });
    }
    await on.clock.advance(seconds(600));
    isWell = true;
    const since = on.clock.elapsed();
    await on.clock.advance(seconds(60));
    const slow = Array.from({ length: 100 }, (_, index) => askedWithin(on, `hung-${index}`, since));
    expect(Math.max(...slow)).toBeLessThan(60_000);
  });

  it("is asked at once for whom a person asks", async () => {
    const on = played();
    for (let index = 0; index < 20; index += 1) {
      on.add(`hung-${index}`, { ...healthy(ecr("eu-west-1"), "acme/a"), answer: hangs });
    }
    await on.clock.advance(seconds(200));
    const since = on.clock.elapsed();
    on.insist("hung-7");
    await on.clock.advance(seconds(1));
    expect(askedWithin(on, "hung-7", since)).toBeLessThanOrEqual(1_000);
  });

  it("is not remembered for grants that nobody needs any more", async () => {
    const on = played();
    for (let index = 0; index < 20; index += 1) {
      on.add(`hung-${index}`, { ...healthy(ecr("eu-west-1"), "acme/a"), answer: hangs });
    }
    await on.clock.advance(seconds(70));
    expect(on.admission.turnedAway()).toBeGreaterThan(15);
    for (let index = 0; index < 20; index += 1) on.admission.forget(`hung-${index}`);
    expect(on.admission.turnedAway()).toBe(0);
  });

  it("holds neither a login that is in memory nor its worker", async () => {
    const on = played();
    for (let index = 0; index < 500; index += 1) {
      on.add(`hung-${index}`, { ...healthy(ecr(`region-${index}`), `acme/${index}`), answer: hangs });
    }
    await on.clock.advance(seconds(1));
    const since = on.clock.elapsed();
    for (let index = 0; index < 100; index += 1) on.add(`memory-${index}`, healthy(hub));
    await on.clock.advance(seconds(0.1));
    expect(Array.from({ length: 100 }, (_, index) => askedWithin(on, `memory-${index}`, since))).toEqual(
      Array.from({ length: 100 }, () => 0),
    );
  });

  it("at one registry, where tokens are tried, holds no token for another", async () => {
    let isHanging = true;
    const on = played({ verify: () => (isHanging ? never : Promise.resolve()) });
    const tried = (host: string): Member => ({ ...healthy(ecr("eu-west-1")), probe: { image: undefined, host } });
    for (let index = 0; index < 200; index += 1) on.add(`hung-${index}`, tried("silent.example.com"));
    await on.clock.advance(seconds(2));
    isHanging = false;
    const since = on.clock.elapsed();
    on.add("well", tried("well.example.com"));
    await on.clock.advance(seconds(1));
    expect([askedWithin(on, "well", since), on.asked.size]).toEqual([0, 5]);
  });
});

describe("what hangs in numbers", () => {
  const hangs = answers["does not answer in 30 s"] ?? atOnce;

  it("leaves half of a cloud's places to those that have given tokens", async () => {
    const on = played();
    on.add("before", healthy(ecr("eu-west-1")));
    await on.clock.advance(seconds(1));
    for (let index = 0; index < 600; index += 1) {
      on.add(`hung-${index}`, { ...healthy(ecr(`region-${index % 300}`), `acme/${index % 300}`), answer: hangs });
    }
    expect(await slowest(on, ecr("eu-west-1"), [1])).toBeLessThanOrEqual(1_000);
    expect(on.admission.asked().get("ECR")).toBe(256);
  });

  it("at registries holds no place of the cloud that has given the tokens", async () => {
    const on = played({ verify: () => never });
    const tried = (host: string): Member => ({ ...healthy(ecr("eu-west-1")), probe: { image: undefined, host } });
    on.add("before", healthy(ecr("eu-west-1")));
    await on.clock.advance(seconds(1));
    for (let index = 0; index < 40; index += 1) on.add(`tried-${index}`, tried(`registry-${index % 10}.example.com`));
    await on.clock.advance(seconds(1));
    const since = on.clock.elapsed();
    on.add("well", healthy(ecr("eu-west-1")));
    await on.clock.advance(seconds(1));
    expect([askedWithin(on, "well", since), on.asked.size, on.admission.asked().get("ECR")]).toEqual([0, 42, 0]);
  });

  it("for several entries is told to a new one of that authority without a call, but not to one that was given tokens", async () => {
    const on = played();
    const refused = answers["refuses each connection"] ?? atOnce;
    on.add("before", healthy(ecr("eu-west-1")));
    await on.clock.advance(seconds(1));
    for (let index = 0; index < 4; index += 1) {
      on.add(`hung-${index}`, { ...healthy(ecr("eu-west-1"), `acme/${index % 2}`), answer: refused });
    }
    await on.clock.advance(seconds(0.01));
    const since = on.clock.elapsed();
    on.add("third", healthy(ecr("eu-west-1"), "acme/third"));
    on.add("proven", healthy(ecr("eu-west-1")));
    await on.clock.advance(seconds(0.1));
    expect([on.asked.has("third"), on.told.get("third")?.reason, askedWithin(on, "proven", since)]).toEqual([
      false,
      "CloudUnavailable",
      0,
    ]);
  });
});

describe("an authority", () => {
  const slow: Answer = (clock, signal) => clock.sleep(seconds(1), signal);

  it("is asked at once for no more than one entry may have, and less before it has given anything", async () => {
    const on = played();
    for (let index = 0; index < 60; index += 1) on.add(`slow-${index}`, { ...healthy(icr, "acme/a"), answer: slow });
    await on.clock.advance(seconds(0.9));
    expect(on.most.get("acme/a")).toBe(2);
    await on.clock.advance(seconds(30));
    expect([on.most.get("acme/a"), on.asked.size]).toEqual([budgets.ICR.concurrency, 60]);
  });

  it("is asked no faster than its rate, and what waits for that runs no clock down", async () => {
    const on = played();
    on.add("first", healthy(icr));
    await on.clock.advance(seconds(60));
    for (let index = 0; index < 100; index += 1) on.add(`due-${index}`, healthy(icr));
    await on.clock.advance(seconds(0));
    expect([on.asked.size - 1, on.queue.stats().running]).toEqual([budgets.ICR.burst, 0]);
    await on.clock.advance(seconds(10));
    expect(on.asked.size - 1).toBe(budgets.ICR.burst + 10 * budgets.ICR.perSecond);
  });

  it("is shared fairly by its entries when all is waiting for its rate, and a new namespace overtakes", async () => {
    const on = played();
    for (let index = 0; index < 1_000; index += 1)
      on.add(`many-${index}`, { ...healthy(icr, "acme/many"), replacing: true });
    await on.clock.advance(seconds(2));
    const since = on.clock.elapsed();
    on.add("few", { ...healthy(icr, "acme/few"), replacing: true });
    on.add("new", healthy(icr, "acme/many"));
    await on.clock.advance(seconds(1));
    expect([askedWithin(on, "few", since) <= 1_000, askedWithin(on, "new", since) <= 400]).toEqual([true, true]);
  });

  it("is asked in place of other grants for a few at a time, beside which the others go on", async () => {
    const on = played();
    on.add("first", healthy(ecr("eu-west-1"), "acme/a"));
    await on.clock.advance(seconds(1));
    for (let index = 0; index < 50; index += 1) {
      on.add(`other-${index}`, { ...healthy(ecr("eu-west-1"), "acme/a"), answer: slow, replacing: true });
    }
    await on.clock.advance(seconds(0.5));
    expect(on.most.get("acme/a")).toBe(4);
    on.add("new", { ...healthy(ecr("eu-west-1"), "acme/a"), answer: slow });
    await on.clock.advance(seconds(0.1));
    expect(on.most.get("acme/a")).toBe(5);
  });

  it("whose grants fail before anyone is asked has lost nothing of its rate", async () => {
    const on = played();
    const { admission } = on;
    on.add("one", healthy(icr));
    for (let index = 0; index < 1_000; index += 1) {
      admission.enter("token/one");
      admission.leave("token/one");
    }
    await on.clock.advance(seconds(1));
    expect(on.asked.get("one")).toEqual([0]);
  });
});

describe("places", () => {
  it("come back however a run ends, and all is forgotten when nothing is due", async () => {
    const end = fc.constantFrom(...Object.values(answers), atOnce);
    const member = fc.record({ region: fc.nat(3), owner: fc.nat(3), answer: end, replacing: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(member, { maxLength: 40 }), async (members) => {
        const on = played();
        for (const [index, { region, owner, answer, replacing }] of members.entries()) {
          on.add(`some-${index}`, { grant: ecr(`region-${region}`), owner: `acme/${owner}`, answer, replacing });
        }
        await on.clock.advance(seconds(20));
        const stopped = on.workers.drain(seconds(1));
        await on.clock.advance(seconds(5));
        await stopped;
        expect([on.admission.away(), on.queue.stats().running, on.queue.stats().aside.size]).toEqual([0, 0, 0]);
        for (const most of on.most.values()) expect(most).toBeLessThanOrEqual(4 * budgets.ECR.concurrency);
      }),
      { numRuns: 25 },
    );
  });

  it("that keys wait for do not hold up the end", async () => {
    const on = played();
    for (let index = 0; index < 100; index += 1) {
      on.add(`hung-${index}`, { ...healthy(icr), answer: answers["does not answer in 30 s"] ?? atOnce });
    }
    await on.clock.advance(seconds(1));
    const stopped = on.workers.drain(seconds(2));
    await on.clock.advance(seconds(4));
    expect([(await stopped).length, on.admission.away()]).toEqual([2, 0]);
  });
});
