// Since when something has been wanted, and until when it was.
import type { RegistryCredential } from "../../src/api/registry-credential.ts";
import type { NamespaceRecord } from "../../src/cluster/records.ts";
import type { Truth } from "./truth.ts";

/** Times are elapsed milliseconds. */
export interface Past {
  /** The cluster wants this from now on. */
  note(truth: Truth, now: number): void;
  now(): Truth;
  /** The claim has been there at some time since then. */
  wantedSince(identity: string, since: number): boolean;
  /** The claim has been there all the time since then. */
  wantedAllThrough(identity: string, since: number): boolean;
  /** The same, and with this grant. */
  hadAllThrough(grantKey: string, identity: string, since: number): boolean;
  /** It has been suspended all the time since then. */
  suspendedSince(credentialUid: string, since: number): boolean;
  /** When it was there the last time; now, if it is. */
  lastWanted(identity: string): number | undefined;
  /** When the RegistryCredential ceased to have a claim on this Secret; undefined: it never did. */
  lastLeft(place: {
    readonly namespaceUid: string;
    readonly secretName: string;
    readonly credentialUid: string;
  }): number | undefined;
  /** Identities that have had this grant at some time since then. */
  withGrant(grantKey: string, since: number): readonly string[];
  /** Each as it was at some time since then, whatever the others were at that time. */
  seenSince(since: number): Seen;
}

export interface Seen {
  readonly credentials: Iterable<RegistryCredential>;
  readonly namespaces: Iterable<NamespaceRecord>;
}

export function past(first: Truth): Past {
  let current = first;
  let at = 0;
  const beganAt = new Map<string, number>();
  const endedAt = new Map<string, number>();
  // By namespace, Secret and RegistryCredential.
  const leftAt = new Map<string, number>();
  const suspended = new Map<string, number>();
  // Until when each was so; those of now are in none.
  const formerCredentials = new Map<RegistryCredential, number>();
  const formerNamespaces = new Map<NamespaceRecord, number>();
  // By grant: identities, and when they had it the last time; Infinity while they have.
  const grants = new Map<string, Map<string, number>>();
  // By grant and identity: since when it has it.
  let having = new Map<string, number>();

  const pairs = function* (truth: Truth): Iterable<readonly [grantKey: string, identity: string]> {
    for (const { identity, grantKey } of truth.claims) if (grantKey !== undefined) yield [grantKey, identity];
  };
  return {
    note: (truth, now) => {
      for (const identity of current.identities) {
        if (truth.identities.has(identity)) continue;
        endedAt.set(identity, now);
        leftAt.set(identity.split(" ").slice(0, 3).join(" "), now);
      }
      for (const identity of truth.identities) if (!current.identities.has(identity)) beganAt.set(identity, now);
      for (const [grantKey, identity] of pairs(current)) {
        const known = grants.get(grantKey) ?? new Map<string, number>();
        grants.set(grantKey, known.set(identity, now));
      }
      having = new Map(
        Array.from(pairs(truth), (pair) => [pair.join(" "), having.get(pair.join(" ")) ?? now] as const),
      );
      for (const { uid, spec } of truth.credentials) {
        if (!spec.suspend) suspended.delete(uid);
        else if (!suspended.has(uid)) suspended.set(uid, now);
      }
      noteFormer(formerCredentials, current.credentials, truth.credentials, now);
      noteFormer(formerNamespaces, current.namespaces, truth.namespaces, now);
      current = truth;
      at = now;
    },
    now: () => current,
    wantedSince: (identity, since) => current.identities.has(identity) || (endedAt.get(identity) ?? -1) >= since,
    wantedAllThrough: (identity, since) =>
      current.identities.has(identity) && (beganAt.get(identity) ?? -Infinity) <= since,
    hadAllThrough: (grantKey, identity, since) => (having.get(`${grantKey} ${identity}`) ?? Infinity) <= since,
    suspendedSince: (credentialUid, since) => (suspended.get(credentialUid) ?? Infinity) <= since,
    lastWanted: (identity) => (current.identities.has(identity) ? Math.max(at, 0) : endedAt.get(identity)),
    lastLeft: ({ namespaceUid, secretName, credentialUid }) =>
      leftAt.get([namespaceUid, secretName, credentialUid].join(" ")),
    withGrant: (grantKey, since) => [
      ...[...pairs(current)].flatMap(([key, identity]) => (key === grantKey ? [identity] : [])),
      ...[...(grants.get(grantKey) ?? [])].flatMap(([identity, until]) => (until >= since ? [identity] : [])),
    ],
    seenSince: (since) => {
      const until = <T>(former: ReadonlyMap<T, number>): readonly T[] =>
        [...former].flatMap(([each, ended]) => (ended >= since ? [each] : []));
      return {
        credentials: [...current.credentials, ...until(formerCredentials)],
        namespaces: [...current.namespaces, ...until(formerNamespaces)],
      };
    },
  };
}

function noteFormer<T>(former: Map<T, number>, before: readonly T[], after: readonly T[], now: number): void {
  const stays = new Set(after);
  for (const each of before) if (!stays.has(each)) former.set(each, now);
}
