// Whose logins stand in a Secret though their RegistryCredential is gone, and was never taken from the namespace?
//
// A tenant can write any name on its Secret. So it takes two: the operator's own record says that somebody who is gone has a login in
// this very Secret, and the Secret names a RegistryCredential that there is not. Which hosts are theirs, only the Secret can say.
import type { Content, Tokenless } from "./plan-content.ts";
import { grantsOf, isFailure } from "../../providers/grant.ts";
import type { NamespaceRecord, SecretRecord } from "../../cluster/records.ts";
import { canonicalHost } from "../../registry/host.ts";
import type { Context } from "../context.ts";
import type { Contributor } from "../../entitlement/credential-index.ts";
import type { Place } from "../../entitlement/members.ts";

export interface Orphaned {
  /** Names on the Secret. */
  readonly names: readonly string[];
  /** Those who are gone, as the record has them. */
  readonly uids: readonly string[];
  /** The same, and where the Secret may name them though a namesake is there, who has its login in it next. Whose it is they say. */
  readonly gone: readonly string[];
}

const nobody: Orphaned = { names: [], uids: [], gone: [] };

export function orphanedIn(
  { stores, members, credentialIndex }: Context,
  place: Place,
  record: SecretRecord | undefined,
  contributors: readonly Contributor[],
): Orphaned {
  if (!record) return nobody;
  const there = new Set(contributors.map(({ credential }) => credential.uid));
  const uids = members
    .holders(place, record.uid)
    .filter((uid) => !there.has(uid) && stores.credentials.find((each) => each.uid === uid).kind !== "there");
  if (uids.length === 0) return nobody;
  const named = new Set(contributors.map(({ name }) => name));
  const names = record.credentials.filter((name) => !named.has(name) && !credentialIndex.exists(name));
  const isNamesake = ({ name, credential }: Contributor): boolean =>
    record.credentials.includes(name) && !members.holds(place, record.uid, credential.uid);
  const isNamed = names.length > 0;
  return { names, uids: isNamed ? uids : [], gone: isNamed || contributors.some(isNamesake) ? uids : [] };
}

/** What they have stays as it stands, but for hosts of those who leave: whose login that is cannot be told. */
export function withOrphaned(
  context: Context,
  namespace: NamespaceRecord,
  content: Content,
  { names }: Orphaned,
  leaving: readonly Contributor[],
): Content {
  if (names.length === 0) return content;
  const taken = new Set(leaving.flatMap((each) => hostsOf(context, namespace, each)));
  const standing = names.map((credential): Tokenless => {
    return { credential, entry: undefined, grantKey: "", hosts: ["*"], except: taken, ended: false, held: true };
  });
  return { ...content, tokenless: [...content.tokenless, ...standing] };
}

function hostsOf(context: Context, namespace: NamespaceRecord, { credential }: Contributor): readonly string[] {
  const scope = context.scopeOf(namespace);
  return credential.spec.registries.flatMap((entry) => [
    ...entry.hosts.map((host) => canonicalHost(host) ?? host),
    ...grantsOf(entry, scope).flatMap(({ grant }) => {
      const token = isFailure(grant) ? undefined : context.tokens.token(context.grantKey(grant));
      return token && "byHost" in token.logins ? [...token.logins.byHost.keys()] : [];
    }),
  ]);
}
