// What must stand in a pull Secret, given what stands there already?
//
// Content alone does not say it. A grant in force whose token was lost has left its login in the Secret, and a failure
// takes nothing away; and where not everything fits, what has to go must go all the same. Kept logins stay where they
// are, byte for byte: nobody reads them. The annotation that names them is the tenant's to edit, as the Secret is.
import type { Failure } from "../errors.ts";
import { tooLarge } from "./config-size.ts";
import { type Content, marksFor, type Served, type Tokenless } from "./content.ts";
import { type Named, type Recorded, recordedEntries } from "./entries-annotation.ts";
import { isAlive } from "./token.ts";

export interface Target {
  readonly served: readonly Served[];
  /** Hosts whose logins stay as they stand in the Secret. */
  readonly kept: readonly Named[];
  readonly failure?: Failure;
}

/** The Secret as it is. */
export interface Standing {
  /** Its entries annotation. */
  readonly annotation: string | undefined;
  /** Whether its docker config holds a login of ours for a host. */
  readonly holds: (host: string) => boolean;
}

/** The hosts whose logins stay, each while its recorded time lasts. */
export function keptHosts(
  { served, tokenless, frozen = [] }: Content,
  { annotation, holds }: Standing,
  now: Temporal.Instant,
): readonly Named[] {
  // The usual case, in ten thousand namespaces: nothing needs reading.
  if (tokenless.length === 0) return frozen;
  const recorded = recordedEntries(annotation);
  const taken = new Set([...served, ...frozen].map(({ host }) => host));
  const kept = (grants: readonly Tokenless[]): readonly Named[] =>
    namedOf(grants, recorded).filter(({ host }) => !taken.has(host) && holds(host));
  const alive = kept(tokenless.filter(({ ended }) => !ended)).filter((each) => isAlive(each, now));
  // A reference is put into a pod when the pod is made. So what has ended stays where nothing else is left: Secret and
  // reference outlast the failure, and pods that are made meanwhile pull as soon as there is a token.
  return served.length + frozen.length + alive.length > 0 ? [...frozen, ...alive] : kept(tokenless);
}

/** `textOf` is what the Secret would hold; it may have `room` bytes. */
export function targetWithin(
  content: Content,
  standing: Standing,
  now: Temporal.Instant,
  room: number,
  textOf: (target: Target) => string,
): Target {
  const kept = keptHosts(content, standing, now);
  const whole = { served: content.served, kept };
  const excess = tooLarge(textOf(whole), room);
  if (!excess) return whole;
  // What stands in a tenant's Secret is the tenant's to make large.
  const alone = tooLarge(content.text ?? "", room);
  const failure: Failure = alone ?? { ...excess, cause: "Tenant" };
  const recorded = recordedEntries(standing.annotation);
  const named = new Set(recorded.flatMap(({ grantKey, hosts }) => hosts.map((host) => `${grantKey} ${host}`)));
  const had = content.served.filter(({ grantKey, host }) => named.has(`${grantKey} ${host}`));
  const renewed = { served: had, kept, failure };
  if (had.length + kept.length > 0 && !tooLarge(textOf(renewed), room)) return renewed;
  // Not even that fits. What stands there in force stays as it is, and everything else goes.
  const inForce = had.map((each): Tokenless => ({ ...each, hosts: [each.host], ended: false, held: false }));
  const left = namedOf(inForce, recorded).filter(({ host }) => standing.holds(host));
  return { served: [], kept: [...left, ...kept], failure };
}

/** Who is named on the Secret; what stays, where it has been named before. */
export function namesIn(
  { served, kept }: Target,
  content: Content,
  annotation: string | undefined,
): Pick<Content, "credentials" | "entriesText"> {
  if (isWhole({ served, kept }, content)) return content;
  const places = new Map(recordedEntries(annotation).map(({ name }, index) => [name, index]));
  const placeOf = ({ credential, entry }: Named): number => places.get(`${credential}/${entry}`) ?? places.size;
  return marksFor([...served, ...kept].toSorted((one, other) => placeOf(one) - placeOf(other)));
}

/** All that the content serves, and nothing beside it. */
export function isWhole({ served, kept }: Target, content: Content): boolean {
  return served === content.served && kept.length === 0;
}

/** When the first of them leaves by itself; never, where they have ended and stay for want of anything better. */
export function keptUntil(kept: readonly Named[], now: Temporal.Instant): { readonly keptUntil?: Temporal.Instant } {
  const [first] = kept
    .flatMap(({ expiresAt }) => (expiresAt && isAlive({ expiresAt }, now) ? [expiresAt] : []))
    .toSorted((one, other) => Temporal.Instant.compare(one, other));
  return first ? { keptUntil: first } : {};
}

/** The recorded hosts that these grants still claim, once each. */
function namedOf(grants: readonly Tokenless[], recorded: readonly Recorded[]): readonly Named[] {
  const byHost = new Map<string, Named>();
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
