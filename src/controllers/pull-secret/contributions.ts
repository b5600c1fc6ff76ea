// What do the entitled credentials bring to one pull Secret, token by token?
import type { Failure } from "../../runtime/errors.ts";
import type { Claim, Contribution } from "./plan-content.ts";
import { causeOf, type Grant, grantsOf, isFailure } from "../../providers/grant.ts";
import type { RenderScope } from "../../providers/grant-types.ts";
import { tokenKey } from "../keys.ts";
import type { SourcePlace } from "../../cluster/install-steps.ts";
import { makerOf } from "../../cluster/makers.ts";
import { bestProbe, probeOf } from "../token/verification-target.ts";
import { refreshOf } from "../token/plan-refresh.ts";
import type { NamespaceRecord } from "../../cluster/records.ts";
import { isAlive, type Token } from "../../cluster/token.ts";
import { toldText } from "../../runtime/steps.ts";
import type { Context } from "../context.ts";
import type { Participant } from "../../entitlement/credential-index.ts";
import { formersOf, type Group, type RenderedCredential } from "./former-tokens.ts";
import { overMintBudget } from "../token/mint-budget.ts";
import type { Wanted } from "../token/grant-tracker.ts";

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

// An entry without a token does not hold back the others for longer than this.
const patience = Temporal.Duration.from({ seconds: 1 });

/**
 * Notes in the token book who needs which grants, and asks for the tokens that are not there.
 * @param keeps what it lives by beside that: see `keptItem`
 */
export function gatherContributions(
  context: Context,
  { user, keeps = new Set() }: { readonly user: string; readonly keeps?: ReadonlySet<string> },
  namespace: NamespaceRecord,
  contributing: readonly Pick<Participant, "credential" | "held">[],
): Contributions {
  const { clock, tokens } = context;
  const { rendered, grants } = renderedFor(context, namespace, contributing);
  const now = clock.now();
  const formers = formersOf(context, user, namespace, rendered);
  for (const grantKey of tokens.use(user, grants, formers.known.union(keeps))) {
    const lane = tokens.isUrgent(grantKey) ? "interactive" : "bulk";
    context.enqueue(tokenKey(grantKey), { lane, flow: namespace.name });
  }

  let waiting: Contributions["waiting"];
  let nextExpiry: Temporal.Instant | undefined;
  const signature: string[] = [];
  const ends = ({ expiresAt }: Token): void => {
    if (!expiresAt || !isAlive({ expiresAt }, now)) return;
    if (!nextExpiry || Temporal.Instant.compare(expiresAt, nextExpiry) < 0) nextExpiry = expiresAt;
  };
  const claimSource = (grantKey: string): Claim["source"] => {
    const token = tokens.token(grantKey);
    if (token) return token;
    const wait = tokens.leftOut(user, grantKey);
    if (wait !== undefined) {
      context.shareReached("grants", namespace.name);
      context.enqueue(user, { after: Temporal.Duration.from({ milliseconds: Math.ceil(wait) + 1 }) });
      return overMintBudget;
    }
    const attempts = tokens.attempts(grantKey);
    if (attempts?.failure) return attempts.failure;
    if (!attempts || clock.elapsed() - attempts.wantedAt < patience.total("milliseconds")) {
      const isInside = attempts?.grant.provider === "Static" && tokens.probe(grantKey) === undefined;
      waiting = isInside ? (waiting ?? "inside") : "outside";
    }
    return tokenPending;
  };
  const contributions = rendered.map(({ credential, held, groups }): Contribution => {
    signature.push(`${credential.name}@${credential.uid}.${credential.generation}${held ? ".held" : ""}`);
    return {
      credential: credential.name,
      held,
      claims: groups.map((group): Claim => {
        const { entry, hosts, failure, grantKey, cause = "Platform", place } = group;
        const source = failure ?? claimSource(grantKey);
        const before = formers.of(group);
        if (!isFailure(source)) ends(source);
        for (const { token } of before) ends(token);
        signature.push(
          isFailure(source)
            ? `${entry.name}!${grantKey ?? ""}:${source.reason}:${toldText(source)}`
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
  contributing: readonly Pick<Participant, "credential" | "held">[],
): { readonly rendered: readonly RenderedCredential[]; readonly grants: ReadonlyMap<string, Wanted> } {
  const scope = context.scopeOf(namespace);
  const grants = new Map<string, Wanted>();
  const rendered = contributing.map(({ credential, held }) => ({
    credential,
    held,
    groups: credential.spec.registries.flatMap((entry) =>
      grantsOf(entry, scope).map(({ hosts, grant }): Group => {
        if (isFailure(grant)) return { entry, hosts, failure: grant };
        const grantKey = context.grantKey(grant);
        const before = grants.get(grantKey);
        grants.set(grantKey, {
          grant,
          probe: bestProbe([before?.probe, probeOf(entry, hosts, namespace)]),
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

const tokenPending: Failure = {
  reason: "TokenPending",
  cause: "Platform",
  retry: "backoff",
  message: "the first token is still being fetched",
};
