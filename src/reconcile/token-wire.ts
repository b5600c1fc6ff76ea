// How is a token kept in a Secret of the operator's namespace?
import { z } from "zod";
import { boundedEnd, timeOfText } from "../foreign-numbers.ts";
import type { Token } from "../plan/token.ts";
import type { Minted } from "../providers/provider.ts";
import { base64OfText, textOfBase64 } from "../registry/base64.ts";
import { type Login, loginOf } from "../registry/login.ts";

/** One key holds it all, so that it is written and read whole. */
const dataKey = "token.json";

// What is added here must be optional, since the release before reads it too. What that one could not read needs another
// version and another name of the Secret: docs/design.md, "Versions".
const wireToken = z.object({
  version: z.literal(1),
  grantKey: z.string(),
  issuedAt: z.string(),
  expiresAt: z.string().optional(),
  fingerprint: z.string(),
  refreshes: z.record(z.string(), z.string()).default({}),
  // A state that another version wrote says nothing here, and takes nothing from the login.
  state: z.enum(["Issued", "Authenticated", "Verified", "PublishedUnverified"]).catch("Issued"),
  all: z.object({ username: z.string(), password: z.string() }).optional(),
  byHost: z.record(z.string(), z.object({ username: z.string(), password: z.string() })).optional(),
});

/** The `data` of the token Secret. */
export function tokenToData(
  minted: Minted,
  { grantKey, fingerprint, refreshes = {}, state }: Pick<Token, "grantKey" | "fingerprint" | "refreshes" | "state">,
): Record<string, string> {
  const plain = ({ username, password }: Login): { username: string; password: string } => ({
    username,
    password: password.reveal(),
  });
  const { logins } = minted;
  const token: z.infer<typeof wireToken> = {
    version: 1,
    grantKey,
    issuedAt: minted.issuedAt.toString(),
    ...(minted.expiresAt && { expiresAt: minted.expiresAt.toString() }),
    fingerprint,
    refreshes,
    state,
    ...("all" in logins
      ? { all: plain(logins.all) }
      : { byHost: Object.fromEntries([...logins.byHost].map(([host, login]) => [host, plain(login)])) }),
  };
  return { [dataKey]: base64OfText(JSON.stringify(token)) };
}

/** Undefined for anything that is not a token of this version: it is then fetched anew. */
export function tokenFromData(data: Readonly<Record<string, string>> | undefined, revision: string): Token | undefined {
  try {
    const parsed = wireToken.safeParse(JSON.parse(textOfBase64(data?.[dataKey] ?? "") ?? ""));
    if (!parsed.success) return undefined;
    const { grantKey, fingerprint, refreshes, state, issuedAt, expiresAt, all, byHost } = parsed.data;
    const logins = all ? loginAs(all) : byHost && loginsAs(byHost);
    const issued = timeOfText(issuedAt);
    if (!logins || !issued) return undefined;
    return {
      grantKey,
      logins,
      fingerprint,
      refreshes,
      state,
      revision,
      issuedAt: issued,
      // 0.1.0 stored whatever year an issuer named.
      expiresAt: expiresAt === undefined ? undefined : (timeOfText(expiresAt) ?? endOf(expiresAt, issued)),
    };
  } catch {
    return undefined;
  }
}

/** Of a time that no RFC 3339 text has. Throws for what is no time. */
function endOf(text: string, issuedAt: Temporal.Instant): Temporal.Instant {
  return boundedEnd(Temporal.Instant.from(text), issuedAt);
}

interface PlainLogin {
  readonly username: string;
  readonly password: string;
}

function loginAs({ username, password }: PlainLogin): Token["logins"] | undefined {
  const result = loginOf(username, password);
  return result.ok ? { all: result.login } : undefined;
}

/** All or nothing: a host that was left out here would be taken from the tenants. */
function loginsAs(byHost: Readonly<Record<string, PlainLogin>>): Token["logins"] | undefined {
  const logins = new Map<string, Login>();
  for (const [host, { username, password }] of Object.entries(byHost)) {
    const result = loginOf(username, password);
    if (!result.ok) return undefined;
    logins.set(host, result.login);
  }
  return logins.size === 0 ? undefined : { byHost: logins };
}
