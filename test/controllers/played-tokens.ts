// Grants whose tokens are due, queue, admission and workers in virtual time, on clouds that answer as they are told.
import { OperatorError } from "../../src/runtime/errors.ts";
import type { Grant } from "../../src/providers/grant.ts";
import { keyOf, tokenKey } from "../../src/controllers/keys.ts";
import type { VerificationTarget } from "../../src/grants/verification-target.ts";
import { budgets } from "../../src/providers/authority.ts";
import { NetworkError } from "../../src/providers/http/network-error.ts";
import type { NewToken } from "../../src/cluster/token.ts";
import { withAdmission } from "../../src/providers/with-admission.ts";
import type { Gate } from "../../src/runtime/queue/gate.ts";
import { runWorkers, type Workers } from "../../src/runtime/queue/run-workers.ts";
import { type Outcome, type WorkQueue, workQueue } from "../../src/runtime/queue/work-queue.ts";
import { Redacted } from "../../src/runtime/redacted.ts";
import { tokenAdmission, type TokenAdmission } from "../../src/grants/admission.ts";
import { type FakeClock, fakeClock } from "../fake-clock.ts";

export const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ milliseconds: count * 1000 });
export const never = new Promise<never>(() => undefined);

export type Answer = (clock: FakeClock, signal: AbortSignal) => Promise<void>;
export const atOnce: Answer = async () => undefined;

/** How somebody may fail to answer. */
export const answers: Readonly<Record<string, Answer>> = {
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

export const ecr = (region: string): Grant => ({
  provider: "ECR",
  identity: { from: "Operator" },
  partition: "aws",
  region,
  endpoint: "standard",
});
export const acr = (registry: string): Grant => ({
  provider: "ACR",
  identity: { from: "Operator" },
  registry: `${registry}.azurecr.io`,
  authority: "login.microsoftonline.com",
  audience: "https://containerregistry.azure.net",
});
export const icr: Grant = { provider: "ICR", identity: { from: "Operator" } };
export const exchange = (host: string): Grant => ({
  provider: "TokenExchange",
  identity: { from: "Secret", namespace: "ops", name: "key" },
  settings: {
    url: `https://${host}/token`,
    method: "POST",
    auth: { type: "Bearer" },
    username: "ada",
    response: { tokenPath: "token", expiry: "Seconds", expiryPath: "expires_in" },
  },
});
export const hub: Grant = {
  provider: "Static",
  namespace: "ops",
  name: "hub",
  usernameKey: "u",
  passwordKey: "p",
  perTenant: false,
};

export interface Member {
  readonly grant: Grant;
  readonly owner: string;
  readonly answer: Answer;
  readonly target?: VerificationTarget;
  /** In place of another grant. */
  readonly replacing?: boolean;
}

export interface Played {
  readonly clock: FakeClock;
  readonly queue: WorkQueue;
  readonly workers: Workers;
  readonly admission: TokenAdmission;
  /** The grant is due from now on. */
  add(name: string, member: Member): void;
  /** Elapsed milliseconds at which it was asked for, each time. */
  readonly asked: ReadonlyMap<string, readonly number[]>;
  /** The most that were asked for at once, by owner. */
  readonly max: ReadonlyMap<string, number>;
  readonly reported: ReadonlyMap<string, OperatorError>;
  /** Questions to the gate, and runs. */
  readonly counted: { questions: number; runs: number };
  insist(name: string): void;
  /** Its token has not come yet. */
  isDue(name: string): boolean;
}

export function played({ verify = atOnce }: { readonly verify?: Answer } = {}): Played {
  const clock = fakeClock();
  const members = new Map<string, Member>();
  const names = new Map<Grant, string>();
  const due = new Set<string>();
  const insisting = new Set<string>();
  const asked = new Map<string, number[]>();
  const under = new Map<string, Set<string>>();
  const max = new Map<string, number>();
  const reported = new Map<string, OperatorError>();
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
      target: (name) => member(name)?.target,
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
      fetch: async (grant, signal): Promise<NewToken> => {
        const name = names.get(grant) ?? "";
        const { owner, answer } = members.get(name) ?? { owner: "", answer: atOnce };
        asked.set(name, [...(asked.get(name) ?? []), clock.elapsed()]);
        const way = under.get(owner) ?? new Set<string>();
        under.set(owner, way.add(name));
        max.set(owner, Math.max(max.get(owner) ?? 0, way.size));
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
      if (members.get(name)?.target) await verify(clock, signal);
      due.delete(name);
      return {};
    } catch (error) {
      if (error instanceof OperatorError) reported.set(name, error);
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
    max,
    reported,
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
    isDue: (name) => due.has(name),
  };
}

/** How long after this moment the grant was asked for, in milliseconds. */
export const askedWithin = (on: Played, name: string, since: number): number =>
  (on.asked.get(name) ?? []).reduce((first, at) => (at >= since ? Math.min(first, at - since) : first), Infinity);

export const healthy = (grant: Grant, owner = "acme/well"): Member => ({ grant, owner, answer: atOnce });

/** The longest that a healthy token, old or new, waited, in milliseconds; each is due after one of these pauses. */
export async function slowest(on: Played, well: Grant, pauses: readonly number[]): Promise<number> {
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
