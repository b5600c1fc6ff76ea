// Token admission: whether a grant's token may be asked for now, so that nothing has to wait in its run.
import { LRUCache } from "lru-cache";
import { maxEntries } from "../runtime/max-entries.ts";
import { failure } from "../api/reasons.ts";
import type { Cancel, Clock, Random } from "../runtime/clock.ts";
import { type Failure, OperatorError } from "../runtime/errors.ts";
import { type Authority, authorityOf } from "../providers/authority.ts";
import type { Grant } from "../providers/grant.ts";
import { keyOf, tokenKey } from "../controllers/keys.ts";
import type { Budget } from "../providers/definition.ts";
import type { Admittance } from "../providers/with-admission.ts";
import type { Gate, GateListener } from "../runtime/queue/gate.ts";
import { type Need, places } from "../runtime/queue/places.ts";
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
  return new TokenGate(options);
}

class TokenGate implements TokenAdmission {
  readonly #clock;
  readonly #random;
  readonly #budgets;
  readonly #tokens;
  readonly #grantKey;
  readonly #asks;
  readonly #again;
  readonly #held;
  readonly #ways;
  // One entry's trouble says little of the others'.
  readonly #authorities;
  readonly #registries;
  readonly #needs;
  readonly #under = new Map<string, Call>();
  /** How the last call of a grant has ended, if not soon. */
  readonly #lasts = new LRUCache<string, "slow" | "unanswered">(maxEntries(maxRemembered));
  /** Grants, by the name of the silence for which they were turned away. */
  readonly #turnedAway = calledBack(maxCalledBack);
  #listener: GateListener | undefined;
  readonly registries;

  constructor(options: TokenAdmissionOptions) {
    const { clock, random, budgets, tokens, grantKey, asks, again } = options;
    this.#clock = clock;
    this.#random = random;
    this.#budgets = budgets;
    this.#tokens = tokens;
    this.#grantKey = grantKey;
    this.#asks = asks;
    this.#again = again;
    this.#held = places(clock);
    this.#ways = silences({ clock, random });
    this.#authorities = silences({ clock, random, witnesses: 2 });
    this.#registries = silences({ clock, random });
    this.#needs = callNeeds(budgets);
    this.#held.onRoom((lacked) => this.#listener?.room(lacked));
    this.registries = this.#registries;
  }

  readonly #wayOf = (key: string, grant: Grant): Way | undefined => {
    const authority = authorityOf(grant);
    if (!authority) return undefined;
    const place = `${authority.kind} ${authority.name}`;
    return { authority, place, name: `${place} for ${this.#tokens.owner(key) ?? "nobody"}` };
  };

  readonly #silenceOf = ({ name, place }: Way): (Silence & { readonly name: string }) | undefined => {
    if (this.#ways.isProven(name)) return undefined;
    const own = this.#ways.of(name);
    if (own) return { ...own, name };
    // Each entry asks once for itself: others' trouble may be theirs alone.
    const all = this.#ways.isDoubted(name) ? this.#authorities.of(place) : undefined;
    return all && { ...all, name: place };
  };

  readonly #standingOf = (key: string, { name }: Way): Standing => {
    if (this.#lasts.get(key) === "unanswered") return "suspect";
    if (this.#ways.isProven(name)) return "proven";
    return this.#ways.isDoubted(name) ? "suspect" : "new";
  };

  readonly #isReplacing = (key: string): boolean => !this.#tokens.isUrgent(key) && !this.#tokens.token(key);

  readonly #asked = (key: string, way: Way, silence: { readonly name: string } | undefined): CallAsked => ({
    authority: way.authority,
    way: way.name,
    place: way.place,
    standing: this.#standingOf(key, way),
    isSlow: this.#lasts.get(key) === "slow",
    isReplacing: this.#isReplacing(key),
    trial: silence?.name,
  });

  readonly #remember = (key: string, last: "slow" | "unanswered" | undefined): void => {
    if (last) this.#lasts.set(key, last);
    else this.#lasts.delete(key);
  };

  /** What it may take longer than a short call for, it gets then, or it ends. */
  readonly #underway = (key: string, call: CallAsked): AbortSignal => {
    const displaced = new AbortController();
    const since = this.#clock.elapsed();
    const text = tokenKey(key);
    const soon = Temporal.Duration.from({ milliseconds: shortCall });
    const cancel = isShort(call)
      ? this.#clock.schedule(soon, () => {
          const { from, to } = this.#needs.toGoOn(call);
          if (!this.#held.move(text, from, to)) displaced.abort();
        })
      : () => undefined;
    this.#under.set(text, { isProven: call.standing === "proven", since, cancel });
    return displaced.signal;
  };

  readonly #registryNeeds = (host: string | undefined): readonly Need[] =>
    host === undefined || this.#registries.of(host)
      ? []
      : [{ place: `registry ${host}`, max: maxOfRegistry, until: "run" }];

  readonly #heardOf = (way: Way, reported: (names: Silences, name: string) => boolean): void => {
    const wasNew = !this.#ways.isProven(way.name);
    const heard = [reported(this.#ways, way.name) && way.name, reported(this.#authorities, way.place) && way.place];
    for (const name of heard) {
      if (name === false) continue;
      for (const key of this.#turnedAway.take(name)) {
        this.#lasts.delete(key);
        this.#again(key);
      }
    }
    if (wasNew && this.#ways.isProven(way.name)) this.#listener?.changed(way.name);
  };

  readonly #turnAway = (key: string, silence: Silence & { readonly name: string }): OperatorError => {
    this.#turnedAway.add(silence.name, key);
    const wait = Math.round(comesBack * (1 + this.#random()));
    const retryAfter = Temporal.Duration.from({ milliseconds: wait });
    return new OperatorError({ ...silentFailure(silence), retryAfter, byOwnPolicy: true });
  };

  readonly away: TokenAdmission["away"] = () => this.#held.size;

  readonly turnedAway: TokenAdmission["turnedAway"] = () => this.#turnedAway.size;

  readonly forget: TokenAdmission["forget"] = (key) => this.#turnedAway.forget(key);

  readonly asked: TokenAdmission["asked"] = () =>
    new Map(Object.keys(this.#budgets).map((kind) => [kind, this.#held.taken(`provider ${kind}`)]));

  readonly lineOf: TokenAdmission["lineOf"] = (text) => {
    const key = grantOf(text);
    const { grant } = this.#tokens.attempts(key) ?? {};
    if (!grant || !this.#asks(key)) return undefined;
    const way = this.#wayOf(key, grant);
    const registry = this.#tokens.target(key)?.host;
    if (!way && registry === undefined) return undefined;
    const subject = way?.name ?? "";
    const traits = [
      this.#isReplacing(key) && "replacing",
      this.#tokens.insists(key) && "insists",
      this.#lasts.get(key),
    ];
    const name = [subject, registry, ...traits].join(" | ");
    return { name, subject };
  };

  readonly enter: TokenAdmission["enter"] = (text) => {
    const key = grantOf(text);
    const { grant } = this.#tokens.attempts(key) ?? {};
    if (!grant || !this.#asks(key)) return undefined;
    const way = this.#wayOf(key, grant);
    const registry = this.#registryNeeds(this.#tokens.target(key)?.host);
    if (!way) return this.#held.enter(text, registry);
    const silence = this.#tokens.insists(key) ? undefined : this.#silenceOf(way);
    // Who may not try is told so at once: that takes no place.
    if (silence && this.#clock.elapsed() < silence.tryAt) return undefined;
    const lacks = this.#held.enter(text, [...this.#needs.toBegin(this.#asked(key, way, silence)), ...registry]);
    return silence ? undefined : lacks;
  };

  readonly hasRoom: TokenAdmission["hasRoom"] = (lacked) => this.#held.hasRoom(lacked);

  readonly isNewestFirst: TokenAdmission["isNewestFirst"] = (lacked) => this.#held.isNewestFirst(lacked);

  readonly leave: TokenAdmission["leave"] = (text) => this.#held.leave(text);

  readonly listen: TokenAdmission["listen"] = (given) => {
    this.#listener = given;
  };

  readonly begin: TokenAdmission["begin"] = (grant) => {
    const key = this.#grantKey(grant);
    const way = this.#wayOf(key, grant);
    if (!way) return undefined;
    const text = tokenKey(key);
    const silence = this.#tokens.insists(key) ? undefined : this.#silenceOf(way);
    const call = this.#asked(key, way, silence);
    if (!this.#held.has(text, "call")) {
      if (silence) throw this.#turnAway(key, silence);
      // It has become due since it was let in.
      this.#held.leave(text);
      if (this.#held.enter(text, this.#needs.toBegin(call)) !== undefined) throw new OperatorError(notItsTurn(grant));
    }
    this.#held.spend(text);
    return this.#underway(key, call);
  };

  readonly ended: TokenAdmission["ended"] = (grant, how) => {
    const key = this.#grantKey(grant);
    const way = this.#wayOf(key, grant);
    if (!way) return undefined;
    const text = tokenKey(key);
    const { isProven = false, since = this.#clock.elapsed(), cancel } = this.#under.get(text) ?? {};
    this.#under.delete(text);
    cancel?.();
    let reported: Failure | undefined;
    if (how.kind === "token" || how.kind === "answer") {
      this.#heardOf(way, (names, name) => (how.kind === "token" ? names.gave(name) : names.answered(name)));
      this.#remember(key, this.#clock.elapsed() - since >= shortCall ? "slow" : undefined);
    }
    if (how.kind === "displaced") reported = displacedFailure(grant, isProven);
    if (how.kind === "displaced" && isProven) this.#remember(key, "slow");
    const unanswered = how.kind === "silence" ? how.failure : isProven ? undefined : reported;
    if (unanswered) {
      this.#remember(key, "unanswered");
      this.#ways.unanswered(way.name, unanswered);
      // In so short a time it need not be the authority's fault.
      if (how.kind === "silence") this.#authorities.unanswered(way.place, unanswered, way.name);
    }
    const silence = unanswered && this.#silenceOf(way);
    this.#held.giveBack(text, "call");
    return silence ? silentFailure(silence) : reported;
  };
}

function grantOf(text: string): string {
  const key = keyOf(text);
  return key.controller === "token" ? key.grantKey : text;
}

/** The text is the same for as long as it lasts: a time that moves on would be news to every tenant, four times a minute. */
function silentFailure({ reported, since }: Silence): Failure {
  const start = since.toString({ smallestUnit: "second" });
  const { reason, cause, retry, message } = reported;
  return { reason, cause, retry, message: `${message}; so it has been since ${start}, so one grant at a time tries` };
}

/** Told of one that was broken off so that it holds nobody up. */
function displacedFailure({ provider }: Grant, isProven: boolean): Failure {
  const message = `no ${provider} token came in the first ${shortCall} ms, and so many calls take longer that no further one may; it is tried again`;
  return isProven ? failure("RateLimited", { message, byOwnPolicy: true }) : failure("CloudUnavailable", { message });
}

function notItsTurn({ provider }: Grant): Failure {
  return failure("RateLimited", {
    message: `more ${provider} tokens are due than may be asked for at once, and this one's turn has not come; it is tried again`,
  });
}
