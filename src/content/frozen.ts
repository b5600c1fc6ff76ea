// Content that is not free: of frozen RegistryCredentials, and under a hold or by a former token.
import type { DockerConfigEntry } from "../registry/docker-config.ts";
import { configKey, servedHost } from "../registry/host.ts";
import { keysIn, keysOfLogins, loginsIn } from "../registry/merge-docker-config.ts";
import { type Content, contentOf, servedContent, type Shadowed, type ContentLogin, type Tokenless } from "./content.ts";
import { maxNamedHosts, type EntryHost, recordedEntries } from "../cluster/entries-annotation.ts";
import { mergedHosts } from "../cluster/marks.ts";
import type { LiveSecret } from "../cluster/pull-secret-object.ts";
import { isAlive } from "../cluster/token.ts";

// Who is frozen holds nobody up: what the Secret was given for it stays byte for byte, whoever else claims its hosts, and everything else is
// decided as if it were not there. The Secret's annotation says which hosts those are. A tenant can edit it, and brings about by
// that only that bytes stay, or are not renewed, in its own Secret; nothing is read from there as a login.

/** A RegistryCredential that is not confirmed, cannot be read, or has yet to be judged. */
export interface Frozen {
  readonly credential: string;
  /** Canonical hosts that its spec claims, `*` for all; undefined where that cannot be said. What it claims no more goes, as ever. */
  readonly hosts: readonly string[] | undefined;
  /** The operator's own record says that a login of it is in this very Secret. */
  readonly recorded: boolean;
}

/** What is wanted of one Secret, and what is known of what it was given. */
export interface Wanted {
  /** Undefined: no credential contributes here any more. */
  readonly content: Content | undefined;
  /** Of whom nothing is decided here for the moment. */
  readonly frozen: readonly Frozen[];
  /** As the tokens have them, of credentials that leave: whatever marks say, they go. */
  readonly formerLogins: readonly DockerConfigEntry[];
  /** The operator's record says that it has merged into this very object. */
  readonly knownAsMerged: boolean;
  readonly now: Temporal.Instant;
}

/** What is wanted around the hosts of the frozen, which are kept by it; undefined where none of theirs stands there. */
export function contentAroundFrozen(wanted: Wanted, live: LiveSecret): Content | undefined {
  const { now, content = contentOf([], now) } = wanted;
  const kept = standing(wanted, live, content);
  if (kept.length === 0) return undefined;
  const holders = new Map(kept.map(({ host, credential }) => [host, credential]));
  const taken = content.served.filter(({ host }) => holders.has(host));
  const shadowed = taken.map(({ credential, entry, host }): Shadowed => {
    return { credential, entry, host, by: holders.get(host) ?? "" };
  });
  const rest = content.served.filter((each) => !taken.includes(each));
  return {
    ...content,
    ...(taken.length > 0 && servedContent(rest)),
    digest: undefined,
    shadowed: [...content.shadowed, ...shadowed],
    frozen: kept,
  };
}

/** Hosts of the frozen that stand in the Secret, once each. */
function standing(
  { frozen, formerLogins, knownAsMerged, now }: Wanted,
  live: LiveSecret,
  { served }: Content,
): readonly EntryHost[] {
  const merged = mergedHosts(live);
  // Its owner has taken our marks off: what in it is ours cannot be told from the rest, which stays.
  if (knownAsMerged && !merged) return [];
  const { dockerConfig = "" } = live;
  const ours = new Set(keysIn(dockerConfig).filter((key) => merged?.includes(key) !== false));
  const leaves = new Set(keysOfLogins(dockerConfig, formerLogins));
  const recorded = recordedEntries(live.annotations["regcred.dev/entries"]);
  const elsewhere = new Set(served.map(({ host }) => configKey(host)));
  const named = new Set(recorded.flatMap(({ hosts }) => hosts.map(configKey)));
  const byHost = new Map<string, EntryHost>();
  const keep = (frozenOne: Frozen, each: EntryHost): void => {
    const { hosts } = frozenOne;
    const { host } = each;
    const isClaimed = hosts === undefined || hosts.includes("*") || hosts.includes(host);
    const isOver = !isAlive(each, now) && elsewhere.has(configKey(host));
    if (isClaimed && !isOver && ours.has(configKey(host)) && !byHost.has(host)) byHost.set(host, each);
  };
  for (const each of frozen) {
    const { credential } = each;
    const its = recorded.filter(({ name }) => name.startsWith(`${credential}/`));
    for (const { name, grantKey, hosts, expiresAt } of its) {
      const entry = name.slice(credential.length + 1);
      for (const host of hosts) keep(each, { credential, entry, grantKey, host, expiresAt });
    }
    if (its.length > 0 || !each.recorded) continue;
    // Its part of the annotation was stripped: whatever is known to be nobody else's may be its.
    for (const key of [...ours].slice(0, maxNamedHosts)) {
      const host = servedHost(key);
      if (named.has(key) || elsewhere.has(key) || leaves.has(key) || configKey(host) !== key) continue;
      keep(each, { credential, entry: unknownEntry, grantKey: "", host, expiresAt: undefined });
    }
  }
  return [...byHost.values()];
}

// No entry has a name with capital letters.
const unknownEntry = "UNKNOWN";

// Neither a hold nor a former token ever gives. It renews a login where the former one, or the present one, stands; anything else stays as it is under a
// hold, and goes to whoever has the host next, or goes, where the entry was altered.

/** Whether what stands in the Secret has a say in what is written. */
export function hasConditions({ served }: Content): boolean {
  return served.some(({ onlyOver }) => onlyOver !== undefined);
}

/** Whether the removal guard has a part in it. */
export function hasHeld({ served }: Content): boolean {
  return served.some(({ onlyOver, former }) => onlyOver !== undefined && !former);
}

/** @param standing the docker config in the Secret; undefined: there is none */
export function withoutGifts(content: Content, standing: string | undefined): Content {
  const stands = loginsIn(standing ?? "");
  const isGift = ({ onlyOver, host }: ContentLogin): boolean =>
    onlyOver !== undefined && !onlyOver.some((login) => stands(configKey(host), login));
  if (!content.served.some(isGift)) return content;
  const asTheyAre: Tokenless[] = [];
  const served: ContentLogin[] = [];
  for (const first of content.served) {
    let each: ContentLogin | undefined = first;
    while (each && isGift(each)) {
      const { credential, entry, grantKey, host, former } = each;
      if (!former) asTheyAre.push({ credential, entry, grantKey, hosts: [host], ended: false, held: true });
      each = each.instead;
    }
    if (each) served.push(each);
  }
  const has = new Map(served.map(({ host, credential, entry }) => [host, `${credential}/${entry}`]));
  return {
    ...content,
    ...servedContent(served),
    tokenless: [...content.tokenless, ...asTheyAre],
    // Whoever has it instead is in nobody's shadow.
    shadowed: content.shadowed.filter(({ host, credential, entry }) => has.get(host) !== `${credential}/${entry}`),
  };
}

/**
 * With what those have who are gone, as it stands.
 * @param names of those who are gone, as the Secret has them
 * @param except hosts of those who leave: whose login one of these has cannot be told
 */
export function withOrphaned(content: Content, names: readonly string[], except: ReadonlySet<string>): Content {
  const standing = names.map((credential): Tokenless => {
    return { credential, entry: undefined, grantKey: "", hosts: ["*"], except, ended: false, held: true };
  });
  return { ...content, tokenless: [...content.tokenless, ...standing] };
}
