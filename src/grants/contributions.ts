// What each RegistryCredential brings to a pull Secret of a namespace: its entries, the grants that they are there, and their tokens.
import { failure } from "../api/reasons.ts";
import type { Entry } from "../api/registry-credential.ts";
import type { SourcePlace } from "../cluster/install-steps.ts";
import { makerOf } from "../cluster/makers.ts";
import type { NamespaceRecord } from "../cluster/records.ts";
import { isAlive, type Token } from "../cluster/token.ts";
import type { Contribution, EntryToken } from "../content/content.ts";
import type { Contributor, CredentialIndex } from "../entitlement/credential-index.ts";
import { causeOf, type Grant, grantsOf, isFailure } from "../providers/grant.ts";
import type { RenderScope } from "../providers/grant-types.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Cause, Failure } from "../runtime/errors.ts";
import { textWithSteps } from "../runtime/steps.ts";
import { formersOf } from "./former-logins.ts";
import type { GrantTracker, NeededGrant } from "./grant-tracker.ts";
import { overMintBudget } from "./mint-budget.ts";
import { refreshOf } from "./refresh.ts";
import { bestTarget, verificationTargetOf } from "./verification-target.ts";

export interface Contributions {
  readonly contributions: readonly Contribution[];
  /** Equal texts mean equal content. */
  readonly signature: string;
  /**
   * A first attempt at one of the tokens is under way, and a moment's patience saves a second write: inside, where one is
   * made from what the cluster has; outside, where nothing but a cloud or a registry is asked, which may take its time.
   */
  readonly waiting: "inside" | "outside" | undefined;
  /** The next moment at which a token in use ends. */
  readonly nextExpiry: Temporal.Instant | undefined;
  /** Keys of grants whose tokens are to be asked for now. */
  readonly asked: readonly string[];
  /** Milliseconds until the next of the grants may be asked for that its namespace has no budget for; undefined: there is none. */
  readonly budgetIn: number | undefined;
}

/** The first attempt at a token is awaited; if it hangs, the others go on without it after this many milliseconds. */
export const tokenPatience = 1_000;

/** What is known of grants and their tokens, as the controllers' context has it. */
export interface KnownGrants {
  readonly runtime: { readonly clock: Pick<Clock, "now" | "elapsed"> };
  readonly credentials: { readonly index: Pick<CredentialIndex, "namesOf"> };
  readonly grants: {
    readonly scopeOf: (namespace: NamespaceRecord) => RenderScope;
    readonly grantKey: (grant: Grant) => string;
    readonly tokens: GrantTracker;
  };
}

/**
 * Notes in the grant tracker who needs which grants, and says which tokens are to be asked for.
 * @param keeps what it lives by beside that: see `keptItem`
 */
export function gatherContributions(
  context: KnownGrants,
  { user, keeps }: { readonly user: string; readonly keeps: ReadonlySet<string> },
  namespace: NamespaceRecord,
  contributing: readonly Pick<Contributor, "credential" | "held">[],
): Contributions {
  const { clock } = context.runtime;
  const { tokens } = context.grants;
  const { rendered, grants } = renderedFor(context, namespace, contributing);
  const now = clock.now();
  const formers = formersOf(context, user, namespace, rendered);
  const asked = tokens.use(user, grants, formers.known.union(keeps));

  let budgetIn: number | undefined;
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
      budgetIn = Math.min(wait, budgetIn ?? wait);
      return overMintBudget;
    }
    const attempts = tokens.attempts(grantKey);
    if (attempts?.failure) return attempts.failure;
    if (!attempts || clock.elapsed() - attempts.wantedAt < tokenPatience) {
      const isInside = attempts?.grant.provider === "Static" && tokens.target(grantKey) === undefined;
      // By the first that comes references stay where all that was there has been taken back.
      waiting = isInside ? "inside" : (waiting ?? "outside");
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
  return { contributions, signature: signature.join("|"), waiting, nextExpiry, asked, budgetIn };
}

function renderedFor(
  context: KnownGrants,
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
export type Group = {
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

export interface RenderedCredential extends Pick<Contributor, "credential" | "held"> {
  readonly groups: readonly Group[];
}
