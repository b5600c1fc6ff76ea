// Fits the content of a pull Secret to what stands there already and to the room that there is.
import { failure } from "../api/reasons.ts";
import type { Failure } from "../runtime/errors.ts";
import { type Before, type Content, marksFor, type ContentLogin, type Tokenless } from "./content.ts";
import {
  type EntryHost,
  type Recorded,
  recordedEntries,
  maxNamedBytes,
  maxNamedHosts,
} from "../cluster/entries-annotation.ts";
import type { Login } from "../registry/login.ts";
import { isAlive } from "../cluster/token.ts";

// Content alone does not say it. A grant in force whose token was lost has left its login in the Secret, and a failure
// takes nothing away; and where not everything fits, what has to go must go all the same. Kept logins stay where they
// are, byte for byte: nobody reads them. The annotation that names them is the tenant's to edit, as the Secret is.

/** Which hosts a Secret is to have. */
export interface Hosts {
  readonly served: readonly ContentLogin[];
  /** Hosts whose logins stay as they stand in the Secret. */
  readonly kept: readonly EntryHost[];
}

/** What of the content one Secret is to have, and what stays in it. */
export interface FittedContent extends Hosts, Pick<Content, "credentials" | "entriesText"> {
  readonly text: string;
  readonly failure?: Failure;
  /** Entries that it is about, because not all of them is written. */
  readonly missing?: readonly Missing[];
  /** The content, and what is written of what entries had before they were altered; undefined where that is nothing. */
  readonly decided?: Pick<Content, "served" | "shadowed">;
}

export type Missing = Pick<EntryHost, "credential" | "entry">;

/** The Secret as it is. */
export interface Standing {
  /** Its entries annotation. */
  readonly annotation: string | undefined;
  /** Whether its docker config holds a login of ours for a host. */
  readonly holds: (host: string) => boolean;
  /** Whether it holds exactly this login for the host, as ours. */
  readonly stands: (host: string, login: Login) => boolean;
}

/** The hosts whose logins stay, each while its recorded time lasts. */
export function keptHosts(
  { served, tokenless, frozen = [] }: Content,
  { annotation, holds }: Pick<Standing, "annotation" | "holds">,
  now: Temporal.Instant,
): readonly EntryHost[] {
  // The usual case, in ten thousand namespaces: nothing needs reading.
  if (tokenless.length === 0) return frozen;
  const recorded = recordedEntries(annotation);
  const taken = new Set([...served, ...frozen].map(({ host }) => host));
  const kept = (grants: readonly Tokenless[]): readonly EntryHost[] =>
    namedOf(grants, recorded).filter(({ host }) => !taken.has(host) && holds(host));
  const alive = kept(tokenless.filter(({ ended }) => !ended)).filter((each) => isAlive(each, now));
  // A reference is put into a pod when the pod is made. So what has ended stays where nothing else is left: Secret and
  // reference outlast the failure, and pods that are made meanwhile pull as soon as there is a token.
  return served.length + frozen.length + alive.length > 0 ? [...frozen, ...alive] : kept(tokenless);
}

/**
 * `textOf` is what the Secret would hold; it may have `room` bytes. Where not everything fits, an entry that is too large stays
 * as it stands, and holds up nobody else.
 */
export function contentWithin(
  content: Content,
  standing: Standing,
  now: Temporal.Instant,
  { room, textOf }: { readonly room: number; readonly textOf: (hosts: Hosts) => string },
): FittedContent {
  const kept = keptHosts(content, standing, now);
  const whole = { served: content.served, kept };
  // A tenant may have made it long: it is read once, however many entries are tried.
  let places: Places | undefined;
  const withText = (hosts: Hosts): FittedContent => {
    const { credentials, entriesText } = isWhole(hosts, content)
      ? content
      : namesAmong(hosts, (places ??= placesIn(standing.annotation)));
    return { ...hosts, text: textOf(hosts), credentials, entriesText };
  };
  const all = withText(whole);
  const excess = tooMuch(amountOfFitted(all), room);
  if (!excess) return all;
  const failure = tooMuch(amountOfContent(content), room) ?? ({ ...excess, cause: "Tenant" } satisfies Failure);
  const parts = partsOf(content.served, standing);
  const hostsAt = (steps: readonly Step[]): Hosts => {
    const served = parts.flatMap(({ stood, had, before, all: every }, index) => {
      return [stood, [...had, ...before], every][steps[index] ?? 0] ?? [];
    });
    const left = parts.flatMap(({ left }, index) => (steps[index] === 0 ? left : []));
    return { served, kept: [...left, ...kept] };
  };
  const steps = stepsWithin(parts, boundsWithin(room), (at) => sizesOf(amountOfFitted(withText(hostsAt(at)))));
  const missing = parts.flatMap(({ credential, entry }, index) => (steps[index] === 2 ? [] : [{ credential, entry }]));
  // What a tenant has made large is nobody's entry.
  if (missing.length === 0) return { ...all, failure };
  const fitted = withText(hostsAt(steps));
  const offered = new Set(content.served);
  const instead = fitted.served.filter((each) => !offered.has(each));
  const decided = { served: [...content.served, ...instead], shadowed: content.shadowed };
  return { ...fitted, failure, missing, ...(instead.length > 0 && { decided }) };
}

function amountOfFitted({ text, entriesText, served, kept }: FittedContent): Amount {
  return { text, entriesText, hosts: served.length + kept.length };
}

/** Of all that is wanted, and nothing that stands there beside it. */
export function amountOfContent({ text = "", entriesText, served }: Content): Amount {
  return { text, entriesText, hosts: served.length };
}

/** How much of an entry is written: it stays as it stands; what stands there, renewed; all of it. */
type Step = 0 | 1 | 2;

/** An entry's part of the content. */
interface Part extends Pick<EntryHost, "credential" | "entry"> {
  readonly all: readonly ContentLogin[];
  /** Of these, what the Secret has been given before. */
  readonly had: readonly ContentLogin[];
  /** The same as it stands. */
  readonly left: readonly EntryHost[];
  /** What it had before it was altered, for the hosts where its successor has not been yet: as it stands. */
  readonly stood: readonly ContentLogin[];
  /** The same as it is by now, and what may be given again. */
  readonly before: readonly ContentLogin[];
}

/** Oldest RegistryCredential first, its entries in their order, as the content has them. */
function partsOf(served: readonly ContentLogin[], standing: Standing): readonly Part[] {
  const recorded = recordedEntries(standing.annotation);
  const named = new Set(recorded.flatMap(({ grantKey, hosts }) => hosts.map((host) => `${grantKey} ${host}`)));
  const isHad = ({ grantKey, host }: ContentLogin): boolean => named.has(`${grantKey} ${host}`);
  return [...Map.groupBy(served, ({ credential, entry }) => `${credential}/${entry}`).values()].flatMap((all) => {
    const [first] = all;
    if (!first) return [];
    const had = all.filter(isHad);
    const inForce = had.map((each): Tokenless => ({ ...each, hosts: [each.host], ended: false, held: false }));
    const left = namedOf(inForce, recorded).filter(({ host }) => standing.holds(host));
    const formers = all.filter((each) => !isHad(each)).flatMap((each) => formersOf(each, standing) ?? []);
    return [
      {
        credential: first.credential,
        entry: first.entry,
        all,
        had,
        left,
        stood: formers.flatMap(({ stood }) => stood ?? []),
        before: formers.map(({ before }) => before),
      },
    ];
  });
}

/** What goes on in place of a login that does not fit: what stands there, or else what may be given again. */
function formersOf(
  { credential, entry, before: all = [] }: ContentLogin,
  { stands }: Standing,
): { readonly stood: ContentLogin | undefined; readonly before: ContentLogin } | undefined {
  const served = ({ grantKey, host, expiresAt }: Before, login: Login): ContentLogin => {
    return { credential, entry, grantKey, host, expiresAt, login, former: true, onlyOver: undefined };
  };
  for (const each of all) {
    const login = each.over.find((one) => stands(each.host, one));
    if (login) return { stood: served(each, login), before: served(each, each.login) };
  }
  const known = all.find((each) => each.known);
  return known && { stood: undefined, before: served(known, known.login) };
}

/**
 * First what stands there is renewed, then what is new is added, each time the oldest first, as far as there is room or nothing
 * grows. Again until nothing more fits, so that the same is found again.
 */
function stepsWithin(
  parts: readonly Part[],
  bounds: readonly number[],
  sizesAt: (steps: readonly Step[]) => readonly number[],
): readonly Step[] {
  // The usual case: what is new does not fit, and everything else is renewed.
  const renewed = parts.map((): Step => 1);
  let steps: readonly Step[] = parts.map((): Step => 0);
  let sizes = sizesAt(steps);
  const take = (next: readonly Step[]): boolean => {
    const after = sizesAt(next);
    if (after.some((size, index) => size > Math.max(bounds[index] ?? 0, sizes[index] ?? 0))) return false;
    [steps, sizes] = [next, after];
    return true;
  };
  take(renewed);
  for (let grows = true; grows;) {
    grows = false;
    for (const to of [1, 2] as const) {
      for (const index of parts.keys()) {
        if (steps[index] === to - 1 && take(steps.with(index, to))) grows = true;
      }
    }
  }
  return steps;
}

/** Why it is not all that is wanted, as a plan says it. */
export function troubleOf({
  failure,
  missing,
  decided,
}: FittedContent): Pick<FittedContent, "failure" | "missing" | "decided"> {
  return { ...(failure && { failure }), ...(missing && { missing }), ...(decided && { decided }) };
}

/** Where an annotation names each entry, by name. */
type Places = ReadonlyMap<string, number>;

function placesIn(annotation: string | undefined): Places {
  return new Map(recordedEntries(annotation).map(({ name }, index) => [name, index]));
}

/** Who is named on the Secret; what stays, where it has been named before. */
function namesAmong({ served, kept }: Hosts, places: Places): Pick<Content, "credentials" | "entriesText"> {
  const placeOf = ({ credential, entry }: EntryHost): number => places.get(`${credential}/${entry}`) ?? places.size;
  return marksFor([...served, ...kept].toSorted((one, other) => placeOf(one) - placeOf(other)));
}

/** All that the content serves, and nothing beside it. */
export function isWhole({ served, kept }: Hosts, content: Content): boolean {
  return served === content.served && kept.length === 0;
}

/** When the first of them leaves by itself; never, where they have ended and stay for want of anything better. */
export function keptUntil(
  kept: readonly EntryHost[],
  now: Temporal.Instant,
): { readonly keptUntil?: Temporal.Instant } {
  const [first] = kept
    .flatMap(({ expiresAt }) => (expiresAt && isAlive({ expiresAt }, now) ? [expiresAt] : []))
    .toSorted((one, other) => Temporal.Instant.compare(one, other));
  return first ? { keptUntil: first } : {};
}

/** The recorded hosts that these grants still claim, once each. */
function namedOf(grants: readonly Tokenless[], recorded: readonly Recorded[]): readonly EntryHost[] {
  const byHost = new Map<string, EntryHost>();
  for (const { credential, entry, grantKey, hosts, held, except } of grants) {
    const claimed = new Set(hosts);
    const isOfIt = ({ name, grantKey: ofGrant }: Recorded): boolean => {
      if (entry === undefined) return name.startsWith(`${credential}/`);
      return held ? name === `${credential}/${entry}` : ofGrant === grantKey;
    };
    for (const { name, hosts: named, expiresAt, grantKey: ofGrant } of recorded.filter(isOfIt)) {
      for (const host of named) {
        if (byHost.has(host) || !(claimed.has(host) || claimed.has("*")) || except?.has(host)) continue;
        const its = entry ?? name.slice(credential.length + 1);
        byHost.set(host, { credential, entry: its, grantKey: ofGrant, host, expiresAt });
      }
    }
  }
  return [...byHost.values()];
}

// The most bytes that one UTF-16 unit becomes in UTF-8: https://encoding.spec.whatwg.org/#utf-8-encoder
const maxBytesPerUnit = 3;

/** What a pull Secret would hold. */
export interface Amount {
  /** Its docker config. */
  readonly text: string;
  /** Its entries annotation. */
  readonly entriesText: string;
  readonly hosts: number;
}

/** Undefined where there is room for it, in a docker config of at most `maxBytes` bytes. */
export function tooMuch(amount: Amount, maxBytes: number): Failure | undefined {
  const config = tooLarge(amount.text, maxBytes);
  if (config) return config;
  const isNamed = amount.hosts <= maxNamedHosts && !tooLarge(amount.entriesText, maxNamedBytes);
  return isNamed ? undefined : tooManyNames;
}

/** As numbers, each of which has its bound in `boundsWithin`. */
function sizesOf({ text, entriesText, hosts }: Amount): readonly number[] {
  return [bytesOf(text), hosts, bytesOf(entriesText)];
}

function boundsWithin(maxBytes: number): readonly number[] {
  return [maxBytes, maxNamedHosts, maxNamedBytes];
}

// More would not be read back from the Secret's annotations, and what is taken back has to be found there.
const tooManyNames: Failure = failure("ConfigTooLarge", {
  message: `one pull Secret names the hosts of at most ${maxNamedHosts} logins, with their entries in ${maxNamedBytes / 1024} KiB: list fewer, or use two names of pull Secrets; what was served before comes first, then what is older, and what does not fit in is not added until then`,
});

/** Undefined where the text has at most `maxBytes` bytes of UTF-8. */
export function tooLarge(text: string, maxBytes: number): Failure | undefined {
  // The usual case, in ten thousand namespaces: nothing needs counting.
  if (text.length * maxBytesPerUnit <= maxBytes) return undefined;
  const bytes = bytesOf(text);
  if (bytes <= maxBytes) return undefined;
  return failure("ConfigTooLarge", {
    message: `the merged docker config has ${bytes} bytes, more than ${maxBytes}: list fewer hosts, or raise --max-config-bytes; what was served before comes first, then what is older, and what does not fit in is not added until then`,
  });
}

/** Of UTF-8. By unit, not by character: a tenant's text may have 256 KiB, and is measured for each entry. */
function bytesOf(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    // Two units of a pair are four bytes; one that stands alone becomes U+FFFD, which has three.
    const isPaired = (text.codePointAt(at) ?? 0) > 0xff_ff;
    bytes += unit < 0x8_00 ? 1 : 2;
    if (isPaired) at += 1;
  }
  return bytes;
}
