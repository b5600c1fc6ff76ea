// Contributions of the entitled RegistryCredentials to one pull Secret: their grants, the tokens for these, and the content that they make.
import { failure } from "../../api/reasons.ts";
import type { Failure, Cause } from "../../runtime/errors.ts";
import {
  type EntryToken,
  type Contribution,
  canonical,
  type Former,
  type ContentLogin,
  type Content,
  contentOf,
} from "../../content/content.ts";
import { causeOf, type Grant, grantsOf, isFailure } from "../../providers/grant.ts";
import type { RenderScope } from "../../providers/grant-types.ts";
import { tokenKey, secretKey } from "../keys.ts";
import type { SourcePlace } from "../../cluster/install-steps.ts";
import { makerOf } from "../../cluster/makers.ts";
import { bestTarget, verificationTargetOf } from "../../grants/verification-target.ts";
import { refreshOf } from "../../grants/refresh.ts";
import type { NamespaceRecord } from "../../cluster/records.ts";
import { isAlive, type Token, type Logins } from "../../cluster/token.ts";
import { memory } from "../../runtime/queue/memory.ts";
import { textWithSteps } from "../../runtime/steps.ts";
import type { Context, Needs } from "../context.ts";
import type { Contributor } from "../../entitlement/credential-index.ts";
import { overMintBudget } from "../../grants/mint-budget.ts";
import type { NeededGrant } from "../../grants/grant-tracker.ts";
import type { Entry } from "../../api/registry-credential.ts";
import { dockerConfigKey, type DockerConfigEntry } from "../../registry/docker-config.ts";
import type { PullSecretPlan } from "./plan-types.ts";
import { keptItem } from "../../grants/token-makers.ts";
import { configKey, loginAt } from "../../registry/host.ts";
import { encoded } from "../../cluster/pull-secret-wire.ts";

export interface Contributions {
  readonly contributions: readonly Contribution[];
  /** Equal texts mean equal content. */
  readonly signature: string;
  /**
   * A first attempt at one of the tokens is under way, and a moment's patience saves a second write: inside, where the
   * token is made from what the cluster has; outside, where a cloud or a registry is asked and may take its time.
   */
  readonly waiting: "inside" | "outside" | undefined;
  /** The next moment at which a token in use ends. */
  readonly nextExpiry: Temporal.Instant | undefined;
}

/** The first attempt at a token is awaited; if it hangs, the others go on without it after this many milliseconds. */
export const tokenPatience = 1_000;

/**
 * Notes in the grant tracker who needs which grants, and asks for the tokens that are not there.
 * @param keeps what it lives by beside that: see `keptItem`
 */
export function gatherContributions(
  context: Context,
  { user, keeps = new Set() }: { readonly user: string; readonly keeps?: ReadonlySet<string> },
  namespace: NamespaceRecord,
  contributing: readonly Pick<Contributor, "credential" | "held">[],
): Contributions {
  const { clock } = context.runtime;
  const { tokens } = context.grants;
  const { rendered, grants } = renderedFor(context, namespace, contributing);
  const now = clock.now();
  const formers = formersOf(context, user, namespace, rendered);
  for (const grantKey of tokens.use(user, grants, formers.known.union(keeps))) {
    const lane = tokens.isUrgent(grantKey) ? "interactive" : "bulk";
    context.queue.enqueue(tokenKey(grantKey), { lane, flow: namespace.name });
  }

  let waiting: Contributions["waiting"];
  let nextExpiry: Temporal.Instant | undefined;
  const signature: string[] = [];
  const ends = ({ expiresAt }: Token): void => {
    if (!expiresAt || !isAlive({ expiresAt }, now)) return;
    if (!nextExpiry || Temporal.Instant.compare(expiresAt, nextExpiry) < 0) nextExpiry = expiresAt;
  };
  const sourceOf = (grantKey: string): EntryToken["source"] => {
    const token = tokens.token(grantKey);
    if (token) return token;
    const wait = tokens.leftOut(user, grantKey);
    if (wait !== undefined) {
      context.runtime.shareReached("grants", namespace.name);
      context.queue.enqueue(user, { after: Temporal.Duration.from({ milliseconds: Math.ceil(wait) + 1 }) });
      return overMintBudget;
    }
    const attempts = tokens.attempts(grantKey);
    if (attempts?.failure) return attempts.failure;
    if (!attempts || clock.elapsed() - attempts.wantedAt < tokenPatience) {
      const isInside = attempts?.grant.provider === "Static" && tokens.target(grantKey) === undefined;
      waiting = isInside ? (waiting ?? "inside") : "outside";
    }
    return tokenPending;
  };
  const contributions = rendered.map(({ credential, held, groups }): Contribution => {
    signature.push(`${credential.name}@${credential.uid}.${credential.generation}${held ? ".held" : ""}`);
    // A generation may stand for several specs: see `isSameSpec`.
    signature.push(JSON.stringify(credential.spec.pullSecret));
    return {
      credential: credential.name,
      held,
      entries: groups.map((group): EntryToken => {
        const { entry, hosts, failure, grantKey, cause = "Platform", place } = group;
        const source = failure ?? sourceOf(grantKey);
        const before = formers.of(group);
        if (!isFailure(source)) ends(source);
        for (const { token } of before) ends(token);
        signature.push(
          hosts.join(),
          isFailure(source)
            ? `${entry.name}!${grantKey ?? ""}:${source.reason}:${textWithSteps(source)}`
            : `${entry.name}=${grantKey}.${source.revision}.${isAlive(source, now)}`,
          ...before.map(
            ({ token, hosts: its, known }) => `~${token.grantKey}.${token.revision}.${known}.${its.join()}`,
          ),
        );
        return { entry: entry.name, hosts, grantKey, source, cause, place, formers: before };
      }),
    };
  });
  return { contributions, signature: signature.join("|"), waiting, nextExpiry };
}

function renderedFor(
  context: Context,
  namespace: NamespaceRecord,
  contributing: readonly Pick<Contributor, "credential" | "held">[],
): { readonly rendered: readonly RenderedCredential[]; readonly grants: ReadonlyMap<string, NeededGrant> } {
  const scope = context.grants.scopeOf(namespace);
  const grants = new Map<string, NeededGrant>();
  const rendered = contributing.map(({ credential, held }) => ({
    credential,
    held,
    groups: credential.spec.registries.flatMap((entry) =>
      grantsOf(entry, scope).map(({ hosts, grant }): Group => {
        if (isFailure(grant)) return { entry, hosts, failure: grant };
        const grantKey = context.grants.grantKey(grant);
        const before = grants.get(grantKey);
        grants.set(grantKey, {
          grant,
          target: bestTarget([before?.target, verificationTargetOf(entry, hosts, namespace)]),
          refreshes: { ...before?.refreshes, ...refreshOf(credential) },
          makers: [...(before?.makers ?? []), makerOf(credential.uid, entry, { hosts, grant }, namespace)],
        });
        return { entry, hosts, grantKey, cause: causeOf(grant), place: placeOf(grant, scope) };
      }),
    ),
  }));
  return { rendered, grants };
}

function placeOf(grant: Grant, { operatorNamespace }: Pick<RenderScope, "operatorNamespace">): SourcePlace | undefined {
  if (grant.provider !== "Static") return undefined;
  const { namespace, name } = grant;
  return { namespace, name, operatorNamespace };
}

const tokenPending: Failure = failure("TokenPending", {
  message: "the first token is still being fetched",
});

/** An entry's hosts that one token serves, or why there is none. */
type Group = {
  readonly entry: Entry;
  readonly hosts: readonly string[];
} & (
  | { readonly failure: Failure; readonly grantKey?: undefined; readonly cause?: undefined; readonly place?: undefined }
  | {
      readonly failure?: undefined;
      readonly grantKey: string;
      readonly cause: Cause;
      readonly place: SourcePlace | undefined;
    }
);

interface RenderedCredential extends Pick<Contributor, "credential" | "held"> {
  readonly groups: readonly Group[];
}

interface Formers {
  /** Of a group of hosts, the latest first. */
  readonly of: (group: Group) => readonly Former[];
  /** Those that the Secret is known to have had: see `GrantTracker.keep`. */
  readonly known: ReadonlySet<string>;
}

// Each is made by a person who alters the entry, or a tenant who makes its ServiceAccount anew, within ten minutes.
const maxFormers = 16;

/** The living tokens of each group of hosts from before its entry was altered, where it needs them. */
function formersOf(
  {
    grants: { tokens },
    runtime: { clock },
    credentials: { index: credentialIndex },
  }: Needs<{ grants: "tokens"; runtime: "clock"; credentials: "index" }>,
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

/** As it was decided: what a Secret lives by from before, and whose that is. */
interface Decided {
  readonly plan: Pick<PullSecretPlan, "state" | "decided">;
  readonly content: Content | undefined;
  /** Where that is still to be written: what may stand there until then. */
  readonly replaces?: readonly Contribution[];
}

type Contributing = readonly Pick<Contributor, "name" | "credential">[];

/**
 * Notes what the Secret lives by from before, and what it `keeps` beside that: see `GrantTracker.keep`. Where it has retired since,
 * the one of the present name may be given the same, which it may not know.
 */
export function keepDecided(
  { grants: { tokens }, queue: { enqueue } }: Needs<{ grants: "tokens"; queue: "enqueue" }>,
  place: { readonly namespace: string; readonly name: string; readonly keeps?: ReadonlySet<string> },
  decided: Decided,
  contributing: Contributing,
): void {
  const { namespace, name, keeps = new Set() } = place;
  const formers = [...formersIn(decided), ...(decided.replaces ?? []).flatMap(knownFormers)];
  const credentials = new Map(contributing.map((each) => [each.name, each.credential]));
  const items = formers.map(({ grantKey, credential, entry }) =>
    keptItem(grantKey, credentials.get(credential)?.uid ?? "", entry),
  );
  if (!tokens.keep(secretKey(namespace, name), new Set([...items, ...keeps]))) return;
  const names = formers.map(({ credential }) => credentials.get(credential)?.spec.pullSecret.name);
  for (const present of new Set(names)) {
    if (present !== undefined && present !== name) enqueue(secretKey(namespace, present), { lane: "normal" });
  }
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

function overlaps(some: readonly string[], others: readonly string[]): boolean {
  if (some.includes("*") || others.includes("*")) return true;
  return !new Set(some.map(canonical)).isDisjointFrom(new Set(others.map(canonical)));
}

/**
 * Those of the tokens that their entries have here, and of the ones before these, each for the hosts that it was written
 * for: an equal login under another host is its owner's.
 */
export function formerLogins(
  { grants: { tokens, grantKey, scopeOf } }: Needs<{ grants: "tokens" | "grantKey" | "scopeOf" }>,
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
  const keyOf = (host: string): string => configKey(canonical(host));
  if ("all" in logins) return hosts.map((host) => ({ key: keyOf(host), login: logins.all }));
  const { byHost } = logins;
  if (hosts.includes("*")) return [...byHost].map(([host, login]) => ({ key: configKey(host), login }));
  return hosts.flatMap((host) => {
    const login = loginAt(byHost, canonical(host));
    return login ? [{ key: keyOf(host), login }] : [];
  });
}

// One for each tenant that has a token of its own, so a bound by count; the oldest goes first.
const maxKept = 512;

export type RenderContent = (context: Context, contributions: Contributions) => Content;

export function contentRenderer(): RenderContent {
  const kept = memory<Content>(maxKept);
  return ({ runtime: { clock }, cluster: { digest } }, { signature, contributions }) => {
    return kept.of(signature, () => {
      const content = contentOf(contributions, clock.now());
      if (content.text === undefined) return content;
      const encodedConfig = encoded(content.text);
      return { ...content, encodedConfig, digest: digest({ [dockerConfigKey]: encodedConfig }) };
    });
  };
}
