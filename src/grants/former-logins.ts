// Logins of before: what an altered entry lives by until its next token, what a Secret is known to have had, and what goes with who leaves.
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { NamespaceRecord } from "../cluster/records.ts";
import { isAlive, type Logins } from "../cluster/token.ts";
import type { Content, ContentLogin, Contribution, Former } from "../content/content.ts";
import { secretKey } from "../controllers/keys.ts";
import type { Contributor } from "../entitlement/credential-index.ts";
import { type Grant, grantsOf, isFailure } from "../providers/grant.ts";
import type { DockerConfigEntry } from "../registry/docker-config.ts";
import { configKey, loginAt, servedHost } from "../registry/host.ts";
import type { Group, KnownGrants, RenderedCredential } from "./contributions.ts";
import { keptItem } from "./token-makers.ts";

interface Formers {
  /** Of a group of hosts, the latest first. */
  readonly of: (group: Group) => readonly Former[];
  /** Those that the Secret is known to have had: see `GrantTracker.keep`. */
  readonly known: ReadonlySet<string>;
}

// Each is made by a person who alters the entry, or a tenant who makes its ServiceAccount anew, within ten minutes.
const maxFormers = 16;

/** The living tokens of each group of hosts from before its entry was altered, where it needs them. */
export function formersOf(
  { grants: { tokens }, runtime: { clock }, credentials: { index: credentialIndex } }: KnownGrants,
  user: string,
  namespace: NamespaceRecord,
  rendered: readonly RenderedCredential[],
): Formers {
  const now = clock.now();
  const formers = new Map<Group, readonly Former[]>();
  const known = new Set<string>();
  for (const { credential, groups, held } of rendered) {
    // A hold keeps what stands by the Secret's own record.
    for (const group of held ? [] : groups) {
      const { entry, hosts, grantKey } = group;
      const made = tokens
        .madeFor(credential.uid, entry.name, namespace)
        .filter((each) => each.token.grantKey !== grantKey && isAlive(each.token, now))
        .filter(({ maker }) => overlaps(maker.hosts, hosts))
        .toSorted((one, other) => Temporal.Instant.compare(other.token.issuedAt, one.token.issuedAt))
        .slice(0, maxFormers)
        .map((each): Former => {
          // Where the pull Secret has another name by now, what the one of before had is its own as well.
          const users = [
            user,
            ...credentialIndex.namesOf(credential.name).map((of) => secretKey(namespace.name, of.secretName)),
          ];
          // Who is suspended is given nothing, so that what it needs is not what it has had: only what stands says that.
          const isKnown = !credential.spec.suspend && users.some((of) => tokens.had(of, each));
          if (isKnown) known.add(keptItem(each.token.grantKey, credential.uid, entry.name));
          return { token: each.token, hosts: each.maker.hosts, known: isKnown };
        });
      if (made.length > 0) formers.set(group, made);
    }
  }
  return { known, of: (group) => formers.get(group) ?? [] };
}

function overlaps(some: readonly string[], others: readonly string[]): boolean {
  if (some.includes("*") || others.includes("*")) return true;
  return !new Set(some.map(servedHost)).isDisjointFrom(new Set(others.map(servedHost)));
}

/** As it was decided: what a Secret lives by from before, and whose that is. */
interface Decided {
  readonly plan: { readonly state: string; readonly decided?: Pick<Content, "served"> };
  readonly content: Content | undefined;
  /** Where that is still to be written: what may stand there until then. */
  readonly replaces?: readonly Contribution[];
}

type Contributing = readonly Pick<Contributor, "name" | "credential">[];

/**
 * Notes what the Secret lives by from before, and what it `keeps` beside that: see `GrantTracker.keep`. Where it has retired since,
 * the one of the present name may be given the same, which it may not know.
 * @returns names of the Secrets that are to be looked at for that
 */
export function keepDecided(
  { grants: { tokens } }: { readonly grants: Pick<KnownGrants["grants"], "tokens"> },
  place: { readonly namespace: string; readonly name: string; readonly keeps?: ReadonlySet<string> },
  decided: Decided,
  contributing: Contributing,
): readonly string[] {
  const { namespace, name, keeps = new Set() } = place;
  const formers = [...formersIn(decided), ...(decided.replaces ?? []).flatMap(knownFormers)];
  const credentials = new Map(contributing.map((each) => [each.name, each.credential]));
  const items = formers.map(({ grantKey, credential, entry }) =>
    keptItem(grantKey, credentials.get(credential)?.uid ?? "", entry),
  );
  if (!tokens.keep(secretKey(namespace, name), new Set([...items, ...keeps]))) return [];
  const names = formers.flatMap(({ credential }) => credentials.get(credential)?.spec.pullSecret.name ?? []);
  return [...new Set(names)].filter((present) => present !== name);
}

type FormerLogin = Pick<ContentLogin, "grantKey" | "credential" | "entry">;

function knownFormers({ credential, entries }: Contribution): readonly FormerLogin[] {
  return entries.flatMap(({ entry, formers = [] }) =>
    formers.flatMap(({ known, token: { grantKey } }) => (known ? [{ grantKey, credential, entry }] : [])),
  );
}

function formersIn({ plan, content }: Decided): readonly FormerLogin[] {
  if (plan.state !== "usable" && plan.state !== "absent") return [];
  // What is offered only over a login that stands is no one's until it has been seen to stand.
  const free = content?.served.filter(({ onlyOver }) => onlyOver === undefined);
  return (plan.decided?.served ?? free ?? []).filter(({ former }) => former);
}

/**
 * Those of the tokens that their entries have here, and of the ones before these, each for the hosts that it was written
 * for: an equal login under another host is its owner's.
 */
export function loginsOfLeaving(
  { grants: { tokens, grantKey, scopeOf } }: Pick<KnownGrants, "grants">,
  namespace: NamespaceRecord,
  leaving: readonly Pick<Contributor, "credential">[],
): readonly DockerConfigEntry[] {
  if (leaving.length === 0) return [];
  const scope = scopeOf(namespace);
  const loginsOf = (hosts: readonly string[], grant: Grant): readonly DockerConfigEntry[] => {
    const token = tokens.token(grantKey(grant));
    return (token ? [token, ...(token.formers ?? [])] : []).flatMap(({ logins }) => entriesFor(hosts, logins));
  };
  return leaving
    .flatMap(({ credential }) => credential.spec.registries.flatMap((entry) => grantsOf(entry, scope)))
    .flatMap(({ hosts, grant }) => (isFailure(grant) ? [] : loginsOf(hosts, grant)));
}

function entriesFor(hosts: readonly string[], logins: Logins): readonly DockerConfigEntry[] {
  const keyOf = (host: string): string => configKey(servedHost(host));
  if ("all" in logins) return hosts.map((host) => ({ key: keyOf(host), login: logins.all }));
  const { byHost } = logins;
  if (hosts.includes("*")) return [...byHost].map(([host, login]) => ({ key: configKey(host), login }));
  return hosts.flatMap((host) => {
    const login = loginAt(byHost, servedHost(host));
    return login ? [{ key: keyOf(host), login }] : [];
  });
}

/** The tokens that there are for its entries here: see `keptItem`. */
export function keptItemsOf(
  { grants: { grantKey, scopeOf, tokens } }: Pick<KnownGrants, "grants">,
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

/** Hosts that its entries claim here, and those that its tokens are for. */
export function hostsWithTokens(
  { grants: { scopeOf, grantKey, tokens } }: Pick<KnownGrants, "grants">,
  namespace: NamespaceRecord,
  { spec }: RegistryCredential,
): readonly string[] {
  const scope = scopeOf(namespace);
  const grants = spec.registries.flatMap((entry) => grantsOf(entry, scope));
  return [
    ...spec.registries.flatMap(({ hosts }) => hosts.map(servedHost)),
    ...grants.flatMap(({ grant }) => {
      const token = isFailure(grant) ? undefined : tokens.token(grantKey(grant));
      return token && "byHost" in token.logins ? [...token.logins.byHost.keys()] : [];
    }),
  ];
}
