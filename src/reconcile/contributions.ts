// What do the entitled credentials bring to one pull Secret, token by token?
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { Failure } from "../errors.ts";
import type { Claim, Contribution } from "../plan/content.ts";
import { type Grant, grantOf, isFailure } from "../plan/grant.ts";
import { tokenKey } from "../plan/keys.ts";
import type { NamespaceRecord } from "../plan/snapshot.ts";
import { isAlive } from "../plan/token.ts";
import type { Context } from "./context.ts";

export interface Contributions {
  readonly contributions: readonly Contribution[];
  /** Equal texts mean equal content. */
  readonly signature: string;
  /** A first attempt at one of the tokens is under way: a moment's patience saves a second write. */
  readonly waiting: boolean;
  /** The next moment at which a token in use ends. */
  readonly nextExpiry: Temporal.Instant | undefined;
}

// An entry without a token does not hold back the others for longer than this.
const patience = Temporal.Duration.from({ seconds: 1 });

/** Notes in the token book who needs which grants, and asks for the tokens that are not there. */
export function gatherContributions(
  context: Context,
  user: string,
  namespace: NamespaceRecord,
  credentials: readonly RegistryCredential[],
): Contributions {
  const { clock, tokens, settings, provider } = context;
  const grants = new Map<string, Grant>();
  const rendered = credentials.map((credential) => ({
    credential,
    entries: credential.spec.registries.map((entry) => {
      const grant = grantOf(entry, namespace, settings.namespace);
      if (isFailure(grant)) return { entry, failure: grant };
      const grantKey = provider.keyFor(grant);
      grants.set(grantKey, grant);
      return { entry, grantKey, cause: grant.perTenant ? ("Tenant" as const) : ("Platform" as const) };
    }),
  }));
  for (const grantKey of tokens.use(user, grants)) context.enqueue(tokenKey(grantKey), { lane: "interactive" });

  let waiting = false;
  let nextExpiry: Temporal.Instant | undefined;
  const signature: string[] = [];
  const now = clock.now();
  const claimSource = (grantKey: string): Claim["source"] => {
    const token = tokens.token(grantKey);
    if (token) {
      if (token.expiresAt && isAlive(token, now)) {
        if (!nextExpiry || Temporal.Instant.compare(token.expiresAt, nextExpiry) < 0) nextExpiry = token.expiresAt;
      }
      return token;
    }
    const attempts = tokens.attempts(grantKey);
    if (attempts?.failure) return attempts.failure;
    if (!attempts || clock.elapsed() - attempts.wantedAt < patience.total("milliseconds")) waiting = true;
    return tokenPending;
  };
  const contributions = rendered.map(({ credential, entries }): Contribution => {
    signature.push(`${credential.name}@${credential.uid}.${credential.generation}`);
    return {
      credential: credential.name,
      claims: entries.map(({ entry, failure, grantKey, cause = "Platform" }): Claim => {
        const source = failure ?? claimSource(grantKey);
        signature.push(
          isFailure(source)
            ? `${entry.name}!${source.reason}:${source.message}`
            : `${entry.name}=${grantKey}.${source.revision}.${isAlive(source, now)}`,
        );
        return { entry: entry.name, hosts: entry.hosts, grantKey, source, cause };
      }),
    };
  });
  return { contributions, signature: signature.join("|"), waiting, nextExpiry };
}

const tokenPending: Failure = {
  reason: "TokenPending",
  cause: "Platform",
  retry: "backoff",
  message: "the first token is still being fetched",
};
