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
const ways: Readonly<Record<string, Answer>> = {
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
const hub: Grant = { provider: "Static", namespace: "ops", name: "hub", usernameKey: "u", passwordKey: "p", perTenant: false };

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
  /** Asked for now, and the most so far, by owner. */
  readonly now: ReadonlyMap<string, number>;
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
  const [now, most] = [new Map<string, number>(), new Map<string, number>()];
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
        now.set(owner, (now.get(owner) ?? 0) + 1);
        most.set(owner, Math.max(most.get(owner) ?? 0, now.get(owner) ?? 0));
        signal.addEventListener("abort", () => now.set(owner, (now.get(owner) ?? 0) - 1));
        await answer(clock, signal).finally(() => now.set(owner, (now.get(owner) ?? 0) - 1));
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
      return { failed: true, retry: "backoff" };
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
    now,
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

const numbers = [1, 10, 200, 2_000, 10_000];

const relations: Readonly<Record<string, { readonly hangs: (index: number) => Member; readonly well: Grant }>> = {
  "another kind of cloud": { hangs: () => ({ grant: ecr("eu-west-1"), owner: "acme/a", answer: atOnce }), well: icr },
  "another region of the cloud": {
    hangs: () => ({ grant: ecr("eu-west-1"), owner: "acme/a", answer: atOnce }),
    well: ecr("eu-west-2"),
  },
  "one of a thousand regions of the cloud": {
    hangs: (index) => ({ grant: ecr(`region-${index % 1000}`), owner: `acme/${index % 1000}`, answer: atOnce }),
    well: ecr("eu-west-2"),
  },
  "another entry at the very authority": {
    hangs: () => ({ grant: ecr("eu-west-1"), owner: "acme/a", answer: atOnce }),
    well: ecr("eu-west-1"),
  },
};

describe.each(Object.entries(relations))("what hangs at %s", (relation, { hangs, well }) => {
  describe.each(Object.entries(ways))("and %s", (_way, answer) => {
    it.each(numbers)("delays no healthy token by a second: %s grants", async (count) => {
      const on = played();
      const healthy = { grant: well, owner: "acme/well", answer: atOnce };
      on.add("before", healthy);
      await on.clock.advance(seconds(1));
      for (let index = 0; index < count; index += 1) on.add(`hung-${index}`, { ...hangs(index), answer });
      const waits: number[] = [];
      for (const pause of [0, 0.5, 20, 12, 15, 60]) {
        await on.clock.advance(seconds(pause));
        const since = on.clock.elapsed();
        on.add("before", healthy);
        on.add(`new-${since}`, healthy);
        await on.clock.advance(seconds(1));
        waits.push(askedWithin(on, "before", since), askedWithin(on, `new-${since}`, since));
      }
      expect({ relation, slowest: Math.max(...waits) <= 1_000 }).toEqual({ relation, slowest: true });
    });
  });
});
