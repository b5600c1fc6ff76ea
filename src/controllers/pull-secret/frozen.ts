// About whom can nothing be decided in one pull Secret for the moment, so that what it has there stays as it stands?
import { finalizer } from "../../api/names.ts";
import type { RegistryCredential } from "../../api/registry-credential.ts";
import type { Frozen } from "./plan-frozen.ts";
import { grantsOf, isFailure } from "../../providers/grant.ts";
import type { CredentialRecord, NamespaceRecord, SecretRecord } from "../../cluster/records.ts";
import { canonicalHost } from "../../registry/host.ts";
import type { Context } from "../context.ts";
import type { Contributor } from "../../entitlement/credential-index.ts";
import { keptItem } from "../token/kept-tokens.ts";
import type { Place } from "../../entitlement/members.ts";

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
  unconfirmed: readonly Contributor[],
  unjudged: readonly Contributor[],
): FrozenOnes {
  if (!record) return { parts: [], uids: [], kept: new Set(), signature: "" };
  const part = ({ name, uid }: Named, hosts: readonly string[] | undefined): Frozen => {
    return { credential: name, hosts, recorded: context.members.holds(place, record.uid, uid) };
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
  { stores, credentialIndex, members }: Pick<Context, "stores" | "credentialIndex" | "members">,
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
export function hasUnreadable({ stores, credentialIndex }: Pick<Context, "stores" | "credentialIndex">): boolean {
  for (const { name, finalizers } of stores.credentials.values()) {
    if (finalizers.includes(finalizer) && credentialIndex.unreadable(name)) return true;
  }
  return false;
}

/** What its entries are rendered to here, as far as there are tokens. */
function tokensOf(
  { grantKey, scopeOf, tokens }: Context,
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
  return spec.registries.flatMap(({ hosts }) => hosts.map((host) => canonicalHost(host) ?? host));
}
