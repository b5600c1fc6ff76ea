// May this grant's token be asked for now, so that nothing has to wait in its run?
import type { Cancel, Clock, Random } from "../../runtime/clock.ts";
import { type Failure, OperatorError } from "../../runtime/errors.ts";
import { type Authority, authorityOf } from "../../providers/authority.ts";
import type { Grant } from "../../providers/grant.ts";
import { keyOf, tokenKey } from "../keys.ts";
import type { Budget } from "../../providers/definition.ts";
import type { Admittance } from "../../providers/with-admission.ts";
import type { Gate, GateListener } from "../../runtime/queue/gate.ts";
import { type Need, places } from "../../runtime/queue/places.ts";
import { calledBack } from "./unresponsive.ts";
import { type CallAsked, callNeeds, isShort, type Standing } from "./call-needs.ts";
import { type Silence, type Silences, silences } from "./unresponsive.ts";
import type { GrantTracker } from "./grant-tracker.ts";

export interface TokenAdmission extends Gate, Admittance {
  /** Registries that a new token is tried at. */
  readonly registries: Silences;
  /** Runs that have places of their own, and so hold no worker. */
  readonly away: () => number;
  /** Tokens that are asked for now, by kind of cloud. */
  readonly asked: () => ReadonlyMap<string, number>;
  /** Grants that are called back when there is an answer. */
  readonly turnedAway: () => number;
  /** Nobody needs the grant any more. */
  readonly forget: (grantKey: string) => void;
}

export interface TokenAdmissionOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly budgets: Readonly<Record<Authority["kind"], Budget>>;
  readonly tokens: Pick<GrantTracker, "attempts" | "owner" | "target" | "token" | "isUrgent" | "insists">;
  readonly grantKey: (grant: Grant) => string;
  /** Whether a run of the grant would ask its provider now. */
  readonly asks: (grantKey: string) => boolean;
  /** It is of use again to ask for it. */
  readonly again: (grantKey: string) => void;
}

const maxOfRegistry = 4;
/** Milliseconds. Who answers within it waits for nobody who does not: well below the second that a due token may wait. */
const shortCall = 750;
// Milliseconds, up to twice as many: who is turned away is called back when there is an answer. Meanwhile some have to be
// there who may try.
const comesBack = 15_000;
// Of one name. Beyond this number they only come back by themselves.
const maxCalledBack = 10_000;
// Grants whose last call was not a short one; the oldest go first, and at worst are learnt again.
const maxRemembered = 10_000;

/** Who asks whom. */
interface Way {
  readonly authority: Authority;
  /** The entry for which it is asked, and the authority. */
  readonly name: string;
  /** The authority, for whatever entry. */
  readonly place: string;
}

/** An attempt under way. */
interface Call {
  readonly isProven: boolean;
  /** Elapsed milliseconds. */
  readonly since: number;
  /** Of what happens when it takes longer than a short one. */
  readonly cancel: Cancel;
}

export function tokenAdmission(options: TokenAdmissionOptions): TokenAdmission {
  const { clock, random, budgets, tokens, grantKey, asks, again } = options;
  const held = places(clock);
  const ways = silences({ clock, random });
  // One entry's trouble says little of the others'.
  const authorities = silences({ clock, random, witnesses: 2 });
  const registries = silences({ clock, random });
  const needs = callNeeds(budgets);
  const under = new Map<string, Call>();
  /** How the last call of a grant has ended, if not soon. */
  const lasts = new Map<string, "slow" | "unanswered">();
  /** Grants, by the name of the silence for which they were turned away. */
  const turnedAway = calledBack(maxCalledBack);
  let listener: GateListener | undefined;
  held.onRoom((lacked) => listener?.room(lacked));

  const wayOf = (key: string, grant: Grant): Way | undefined => {
    const authority = authorityOf(grant);
    if (!authority) return undefined;
    const place = `${authority.kind} ${authority.name}`;
    return { authority, place, name: `${place} for ${tokens.owner(key) ?? "nobody"}` };
  };
  const silenceOf = ({ name, place }: Way): (Silence & { readonly name: string }) | undefined => {
    if (ways.isProven(name)) return undefined;
    const own = ways.of(name);
    if (own) return { ...own, name };
    // Each entry asks once for itself: others' trouble may be theirs alone.
    const all = ways.isDoubted(name) ? authorities.of(place) : undefined;
    return all && { ...all, name: place };
  };
  const standingOf = (key: string, { name }: Way): Standing => {
    if (lasts.get(key) === "unanswered") return "suspect";
    if (ways.isProven(name)) return "proven";
    return ways.isDoubted(name) ? "suspect" : "new";
  };

  const isReplacing = (key: string): boolean => !tokens.isUrgent(key) && !tokens.token(key);

  const asked = (key: string, way: Way, silence: { readonly name: string } | undefined): CallAsked => ({
    authority: way.authority,
    way: way.name,
    place: way.place,
    standing: standingOf(key, way),
    isSlow: lasts.get(key) === "slow",
    isReplacing: isReplacing(key),
    trial: silence?.name,
  });
  const remember = (key: string, last: "slow" | "unanswered" | undefined): void => {
    lasts.delete(key);
    const oldest = lasts.size < maxRemembered ? undefined : lasts.keys().next().value;
    if (oldest !== undefined) lasts.delete(oldest);
    if (last) lasts.set(key, last);
  };

  /** What it may take longer than a short call for, it gets then, or it ends. */
  const underway = (key: string, call: CallAsked): AbortSignal => {
    const displaced = new AbortController();
    const since = clock.elapsed();
    const text = tokenKey(key);
    const soon = Temporal.Duration.from({ milliseconds: shortCall });
    const cancel = isShort(call)
      ? clock.schedule(soon, () => {
          const { from, to } = needs.toGoOn(call);
          if (!held.move(text, from, to)) displaced.abort();
        })
      : () => undefined;
    under.set(text, { isProven: call.standing === "proven", since, cancel });
    return displaced.signal;
  };

  const registryNeeds = (host: string | undefined): readonly Need[] =>
    host === undefined || registries.of(host) ? [] : [{ place: `registry ${host}`, max: maxOfRegistry, until: "run" }];

  const heardOf = (way: Way, told: (names: Silences, name: string) => boolean): void => {
    const wasNew = !ways.isProven(way.name);
    const heard = [told(ways, way.name) && way.name, told(authorities, way.place) && way.place];
    for (const name of heard) {
      if (name === false) continue;
      for (const key of turnedAway.take(name)) {
        lasts.delete(key);
        again(key);
      }
    }
    if (wasNew && ways.isProven(way.name)) listener?.news(way.name);
  };

  const turnAway = (key: string, silence: Silence & { readonly name: string }): OperatorError => {
    turnedAway.add(silence.name, key);
    const wait = Math.round(comesBack * (1 + random()));
    const retryAfter = Temporal.Duration.from({ milliseconds: wait });
    return new OperatorError({ ...silentFailure(silence), retryAfter, restrained: true });
  };

  return {
    registries,
    away: () => held.size,
    turnedAway: () => turnedAway.size,
    forget: (key) => turnedAway.forget(key),
    asked: () => new Map(Object.keys(budgets).map((kind) => [kind, held.taken(`provider ${kind}`)])),
    lineOf: (text) => {
      const key = grantOf(text);
      const { grant } = tokens.attempts(key) ?? {};
      if (!grant || !asks(key)) return undefined;
      const way = wayOf(key, grant);
      const registry = tokens.target(key)?.host;
      if (!way && registry === undefined) return undefined;
      const subject = way?.name ?? "";
      const traits = [isReplacing(key) && "replacing", tokens.insists(key) && "insists", lasts.get(key)];
      const name = [subject, registry, ...traits].join(" | ");
      return { name, subject };
    },
    enter: (text) => {
      const key = grantOf(text);
      const { grant } = tokens.attempts(key) ?? {};
      if (!grant || !asks(key)) return undefined;
      const way = wayOf(key, grant);
      const registry = registryNeeds(tokens.target(key)?.host);
      if (!way) return held.enter(text, registry);
      const silence = tokens.insists(key) ? undefined : silenceOf(way);
      // Who may not try is told so at once: that takes no place.
      if (silence && clock.elapsed() < silence.tryAt) return undefined;
      const lacks = held.enter(text, [...needs.toBegin(asked(key, way, silence)), ...registry]);
      return silence ? undefined : lacks;
    },
    hasRoom: (lacked) => held.hasRoom(lacked),
    isNewestFirst: (lacked) => held.isNewestFirst(lacked),
    leave: (text) => held.leave(text),
    listen: (given) => {
      listener = given;
    },
    begin: (grant) => {
      const key = grantKey(grant);
      const way = wayOf(key, grant);
      if (!way) return undefined;
      const text = tokenKey(key);
      const silence = tokens.insists(key) ? undefined : silenceOf(way);
      const call = asked(key, way, silence);
      if (!held.has(text, "call")) {
        if (silence) throw turnAway(key, silence);
        // It has become due since it was let in.
        held.leave(text);
        if (held.enter(text, needs.toBegin(call)) !== undefined) throw new OperatorError(notItsTurn(grant));
      }
      held.spend(text);
      return underway(key, call);
    },
    ended: (grant, how) => {
      const key = grantKey(grant);
      const way = wayOf(key, grant);
      if (!way) return undefined;
      const text = tokenKey(key);
      const { isProven = false, since = clock.elapsed(), cancel } = under.get(text) ?? {};
      under.delete(text);
      cancel?.();
      let told: Failure | undefined;
      if (how.kind === "token" || how.kind === "answer") {
        heardOf(way, (names, name) => (how.kind === "token" ? names.gave(name) : names.answered(name)));
        remember(key, clock.elapsed() - since >= shortCall ? "slow" : undefined);
      }
      if (how.kind === "displaced") told = displacedFailure(grant, isProven);
      if (how.kind === "displaced" && isProven) remember(key, "slow");
      const unanswered = how.kind === "silence" ? how.failure : isProven ? undefined : told;
      if (unanswered) {
        remember(key, "unanswered");
        ways.unanswered(way.name, unanswered);
        // In so short a time it need not be the authority's fault.
        if (how.kind === "silence") authorities.unanswered(way.place, unanswered, way.name);
      }
      const silence = unanswered && silenceOf(way);
      held.giveBack(text, "call");
      return silence ? silentFailure(silence) : told;
    },
  };
}

function grantOf(text: string): string {
  const key = keyOf(text);
  return key.loop === "token" ? key.grantKey : text;
}

/** The text is the same for as long as it lasts: a time that moves on would be news to every tenant, four times a minute. */
function silentFailure({ told, since }: Silence): Failure {
  const start = since.toString({ smallestUnit: "second" });
  const { reason, cause, retry, message } = told;
  return { reason, cause, retry, message: `${message}; so it has been since ${start}, so one grant at a time tries` };
}

/** Told of one that was broken off so that it holds nobody up. */
function displacedFailure({ provider }: Grant, isProven: boolean): Failure {
  const message = `no ${provider} token came in the first ${shortCall} ms, and so many calls take longer that no further one may; it is tried again`;
  return isProven
    ? { reason: "RateLimited", cause: "Platform", retry: "backoff", message, restrained: true }
    : { reason: "CloudUnavailable", cause: "Platform", retry: "backoff", message };
}

function notItsTurn({ provider }: Grant): Failure {
  return {
    reason: "RateLimited",
    cause: "Platform",
    retry: "backoff",
    message: `more ${provider} tokens are due than may be asked for at once, and this one's turn has not come; it is tried again`,
  };
}
