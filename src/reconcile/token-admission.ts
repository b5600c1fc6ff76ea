// May this grant's token be asked for now, so that nothing has to wait in its run?
import type { Clock, Random } from "../clock.ts";
import { type Failure, OperatorError } from "../errors.ts";
import { type Authority, authorityOf } from "../plan/authority.ts";
import type { Grant } from "../plan/grant.ts";
import { keyOf, tokenKey } from "../plan/keys.ts";
import type { Budget } from "../providers/budgets.ts";
import type { Admittance } from "../providers/with-admission.ts";
import type { Gate, GateListener } from "../queue/gate.ts";
import { type Need, places } from "../queue/places.ts";
import { type Shares, shares } from "../queue/shares.ts";
import { calledBack } from "./called-back.ts";
import { type Silence, type Silences, silences } from "./silences.ts";
import type { TokenBook } from "./token-book.ts";

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
  readonly tokens: Pick<TokenBook, "attempts" | "owner" | "probe" | "token" | "isUrgent" | "insists">;
  readonly grantKey: (grant: Grant) => string;
  /** Whether a run of the grant would ask its provider now. */
  readonly asks: (grantKey: string) => boolean;
  /** It is of use again to ask for it. */
  readonly again: (grantKey: string) => void;
}

// A socket and some ten kilobytes each. So many are only under way where dozens of authorities answer slowly or not at all: of
// those that never gave anything 128 may hang before a further one that never did has to wait.
const mostOfKind = 512;
/** Times what one entry may have under way at its authority. */
const mostOfAuthority = 4;
// What is not proven may hang: a half is kept free for what is, and of the other half as much for what is merely new.
const unprovenShare = 1 / 2;
const silentShare = 1 / 4;
/** Of an entry that has never been given a token by its authority, nor been left without an answer by it. */
const mostUnproven = 2;
const mostOfRegistry = 4;
// Grants that namespaces ask for in place of others, of one entry: tenants can ask for many.
const mostReplacing = 4;
// Milliseconds, up to twice as many: who is turned away is called back when there is an answer. Meanwhile some have to be
// there who may try.
const comesBack = 15_000;
// Of one name. Beyond this number they only come back by themselves.
const mostCalledBack = 10_000;

/** Who asks whom. */
interface Way {
  readonly authority: Authority;
  /** The entry for which it is asked, and the authority. */
  readonly name: string;
  /** The authority, for whatever entry. */
  readonly place: string;
}

export function tokenAdmission(options: TokenAdmissionOptions): TokenAdmission {
  const { clock, random, budgets, tokens, grantKey, asks, again } = options;
  const held = places(clock);
  const ways = silences({ clock, random });
  // One entry's trouble says little of the others'.
  const authorities = silences({ clock, random, witnesses: 2 });
  const registries = silences({ clock, random });
  const rates = new Map<string, Shares>();
  /** Grants, by the name of the silence for which they were turned away. */
  const turnedAway = calledBack(mostCalledBack);
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
    const all = authorities.of(place);
    return all && { ...all, name: place };
  };
  const rateOf = (kind: Authority["kind"]): Shares => {
    const made = rates.get(kind) ?? shares(budgets[kind]);
    rates.set(kind, made);
    return made;
  };

  const isReplacing = (key: string): boolean => !tokens.isUrgent(key) && !tokens.token(key);

  /** To ask for a token, the scarcest first. */
  const callNeeds = (key: string, way: Way, silence: { readonly name: string } | undefined): readonly Need[] => {
    const { kind, counters } = way.authority;
    const { concurrency } = budgets[kind];
    const until = "call";
    const state = silence ? "silent" : ways.isProven(way.name) ? "proven" : "new";
    const share = state === "silent" ? silentShare : unprovenShare;
    const shared = (place: string, most: number): readonly Need[] => [
      ...(state === "proven" ? [] : [{ place: `${place} (${state})`, most: Math.ceil(most * share), until }]),
      { place, most, until },
    ];
    return [
      ...(silence ? [{ place: `trial ${silence.name}`, most: 1, until }] : []),
      ...(state === "new" ? [{ place: `entry ${way.name} (new)`, most: mostUnproven, until }] : []),
      { place: `entry ${way.name}`, most: concurrency, until },
      ...(isReplacing(key) ? [{ place: `replacing ${way.name}`, most: mostReplacing, until }] : []),
      ...shared(`authority ${way.place}`, concurrency * mostOfAuthority),
      ...shared(`provider ${kind}`, mostOfKind),
      ...counters.map((counter) => ({ rate: `rate ${kind} ${counter}`, share: rateOf(kind) })),
    ];
  };
  const registryNeeds = (host: string | undefined): readonly Need[] =>
    host === undefined || registries.of(host)
      ? []
      : [{ place: `registry ${host}`, most: mostOfRegistry, until: "run" }];

  const heardOf = (way: Way, told: (names: Silences, name: string) => boolean): void => {
    const wasNew = !ways.isProven(way.name);
    const heard = [told(ways, way.name) && way.name, told(authorities, way.place) && way.place];
    for (const name of heard) {
      if (name === false) continue;
      for (const key of turnedAway.take(name)) again(key);
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
      const registry = tokens.probe(key)?.host;
      if (!way && registry === undefined) return undefined;
      const subject = way?.name ?? "";
      const name = [subject, registry, isReplacing(key) && "replacing", tokens.insists(key) && "insists"].join(" | ");
      return { name, subject };
    },
    enter: (text) => {
      const key = grantOf(text);
      const { grant } = tokens.attempts(key) ?? {};
      if (!grant || !asks(key)) return undefined;
      const way = wayOf(key, grant);
      const registry = registryNeeds(tokens.probe(key)?.host);
      if (!way) return held.enter(text, registry);
      const silence = tokens.insists(key) ? undefined : silenceOf(way);
      // Who may not try is told so at once: that takes no place.
      if (silence && clock.elapsed() < silence.tryAt) return undefined;
      const lacks = held.enter(text, [...callNeeds(key, way, silence), ...registry]);
      return silence ? undefined : lacks;
    },
    hasRoom: (lacked) => held.hasRoom(lacked),
    leave: (text) => held.leave(text),
    listen: (given) => {
      listener = given;
    },
    begin: (grant) => {
      const key = grantKey(grant);
      const way = wayOf(key, grant);
      if (!way) return;
      const text = tokenKey(key);
      if (!held.has(text, "call")) {
        const silence = tokens.insists(key) ? undefined : silenceOf(way);
        if (silence) throw turnAway(key, silence);
        // It has become due since it was let in.
        held.leave(text);
        if (held.enter(text, callNeeds(key, way, undefined)) !== undefined) throw new OperatorError(notItsTurn(grant));
      }
      held.spend(text);
    },
    ended: (grant, how) => {
      const key = grantKey(grant);
      const way = wayOf(key, grant);
      if (!way) return undefined;
      if (how.kind === "token") heardOf(way, (names, name) => names.gave(name));
      if (how.kind === "answer") heardOf(way, (names, name) => names.answered(name));
      if (how.kind === "silence") {
        ways.unanswered(way.name, how.failure);
        authorities.unanswered(way.place, how.failure, way.name);
      }
      const silence = silenceOf(way);
      held.giveBack(tokenKey(key), "call");
      return how.kind === "silence" && silence ? silentFailure(silence) : undefined;
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

function notItsTurn({ provider }: Grant): Failure {
  return {
    reason: "RateLimited",
    cause: "Platform",
    retry: "backoff",
    message: `more ${provider} tokens are due than may be asked for at once, and this one's turn has not come; it is tried again`,
  };
}
