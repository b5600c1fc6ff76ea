// Logins in a pull Secret about which nothing can be decided: of RegistryCredentials that are frozen, and of those that are gone.
import { finalizer } from "../../api/names.ts";
import type { RegistryCredential } from "../../api/registry-credential.ts";
import type { Frozen } from "./plan-frozen.ts";
import { grantsOf, isFailure } from "../../providers/grant.ts";
import type { CredentialRecord, NamespaceRecord, SecretRecord } from "../../cluster/records.ts";
import type { Context, Needs } from "../context.ts";
import type { Contributor } from "../../entitlement/credential-index.ts";
import { keptItem } from "../token/token-makers.ts";
import type { Place } from "../../entitlement/members.ts";
import { canonical, type Content, type Tokenless } from "./plan-content.ts";

export interface FrozenOnes {
  /** What the plan has to know of them. */
  readonly parts: readonly Frozen[];
  /** As the record of members stays: uids. */
  readonly uids: readonly string[];
  /** Tokens of theirs that are not to be collected: see `keptItem`. They are not renewed meanwhile. */
  readonly kept: ReadonlySet<string>;
  /** Equal texts: the same is to be kept. */
  readonly signature: string;
}

/**
 * @param unconfirmed who is entitled and not confirmed, and has something in the Secret
 * @param unjudged who has to leave it, if what is known of it so far is all
 */
export function frozenIn(
  context: Context,
  { namespace, ...place }: Place & { readonly namespace: NamespaceRecord },
  record: SecretRecord | undefined,
  {
    unconfirmed,
    unjudged,
  }: { readonly unconfirmed: readonly Contributor[]; readonly unjudged: readonly Contributor[] },
): FrozenOnes {
  if (!record) return { parts: [], uids: [], kept: new Set(), signature: "" };
  const part = ({ name, uid }: Named, hosts: readonly string[] | undefined): Frozen => {
    return { credential: name, hosts, recorded: context.credentials.members.holds(place, record.uid, uid) };
  };
  const unreadable = unreadableIn(context, place, record);
  const parts = [
    ...unconfirmed.map(({ credential }) => part(credential, hostsOf(credential))),
    ...unjudged.map(({ credential }) => part(credential, undefined)),
    ...unreadable.map((each) => part(each, undefined)),
  ];
  const contributors = [...unconfirmed, ...unjudged].map(({ credential }) => credential);
  return {
    parts,
    uids: [...contributors, ...unreadable].map(({ uid }) => uid),
    kept: new Set(unconfirmed.flatMap(({ credential }) => tokensOf(context, namespace, credential))),
    signature: parts.length === 0 ? "" : JSON.stringify(parts),
  };
}

type Named = Pick<CredentialRecord, "name" | "uid">;

/**
 * RegistryCredentials that cannot be read, and that may have a login in it. A tenant can write any name on its Secret: one that
 * never wrote to tenants has no finalizer, and the record says where the others did, unless an earlier release kept none.
 */
export function unreadableIn(
  {
    cluster: { stores },
    credentials: { index: credentialIndex, members },
  }: Needs<{ cluster: "stores"; credentials: "index" | "members" }>,
  place: Place,
  { uid, credentials }: SecretRecord,
): readonly Named[] {
  return [...stores.credentials.values()].filter((each) => {
    if (!credentialIndex.unreadable(each.name)) return false;
    return members.recorded(each.uid)
      ? members.holds(place, uid, each.uid)
      : each.finalizers.includes(finalizer) && credentials.includes(each.name);
  });
}

/** Of some RegistryCredential that has written to tenants nothing can be read. */
export function hasUnreadable({
  cluster: { stores },
  credentials: { index: credentialIndex },
}: Needs<{ cluster: "stores"; credentials: "index" }>): boolean {
  for (const { name, finalizers } of stores.credentials.values()) {
    if (finalizers.includes(finalizer) && credentialIndex.unreadable(name)) return true;
  }
  return false;
}

/** What its entries are rendered to here, as far as there are tokens. */
function tokensOf(
  { grants: { grantKey, scopeOf, tokens } }: Context,
  namespace: NamespaceRecord,
  { uid, spec }: RegistryCredential,
): readonly string[] {
  const scope = scopeOf(namespace);
  return spec.registries.flatMap((entry) =>
    grantsOf(entry, scope).flatMap(({ grant }) => {
      const key = isFailure(grant) ? undefined : grantKey(grant);
      return key !== undefined && tokens.token(key) ? [keptItem(key, uid, entry.name)] : [];
    }),
  );
}

function hostsOf({ spec }: RegistryCredential): readonly string[] {
  return spec.registries.flatMap(({ hosts }) => hosts.map(canonical));
}

// A tenant can write any name on its Secret. So it takes two: the operator's own record says that somebody who is gone has a login in
// this very Secret, and the Secret names a RegistryCredential that there is not. Which hosts are theirs, only the Secret can say.

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
  { cluster: { stores }, credentials: { members, index: credentialIndex } }: Context,
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
  { orphaned: { names }, leaving }: { readonly orphaned: Orphaned; readonly leaving: readonly Contributor[] },
): Content {
  if (names.length === 0) return content;
  const taken = new Set(leaving.flatMap((each) => hostsWithTokens(context, namespace, each)));
  const standing = names.map((credential): Tokenless => {
    return { credential, entry: undefined, grantKey: "", hosts: ["*"], except: taken, ended: false, held: true };
  });
  return { ...content, tokenless: [...content.tokenless, ...standing] };
}

function hostsWithTokens(
  { grants: { scopeOf, grantKey, tokens } }: Context,
  namespace: NamespaceRecord,
  { credential }: Contributor,
): readonly string[] {
  const scope = scopeOf(namespace);
  const grants = credential.spec.registries.flatMap((entry) => grantsOf(entry, scope));
  return [
    ...hostsOf(credential),
    ...grants.flatMap(({ grant }) => {
      const token = isFailure(grant) ? undefined : tokens.token(grantKey(grant));
      return token && "byHost" in token.logins ? [...token.logins.byHost.keys()] : [];
    }),
  ];
}
