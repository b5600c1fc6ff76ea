// How is a token kept in a Secret of the operator's namespace?
import { z } from "zod";
import { boundedEndOfText, timeOfText } from "../foreign-numbers.ts";
import type { Logins, Token } from "../plan/token.ts";
import type { Minted } from "../providers/provider.ts";
import { base64OfText, textOfBase64 } from "../registry/base64.ts";
import { type Login, loginOf } from "../registry/login.ts";

/** One key holds it all, so that it is written and read whole. */
const dataKey = "token.json";

const wireLogin = z.object({ username: z.string(), password: z.string() });
const wireLogins = z.object({ all: wireLogin.optional(), byHost: z.record(z.string(), wireLogin).optional() });

const wireMaker = z.object({
  credential: z.string(),
  entry: z.string(),
  hosts: z.array(z.string()),
  values: z.record(z.string(), z.string()),
});

// What is added here must be optional, since the release before reads it too. What that one could not read needs another
// version and another name of the Secret: docs/design.md, "Versions".
const wireToken = wireLogins.extend({
  version: z.literal(1),
  grantKey: z.string(),
  issuedAt: z.string(),
  expiresAt: z.string().optional(),
  fingerprint: z.string(),
  refreshes: z.record(z.string(), z.string()).default({}),
  // A state that another version wrote says nothing here, and takes nothing from the login.
  state: z.enum(["Issued", "Authenticated", "Verified", "PublishedUnverified"]).catch("Issued"),
  // Of the token before it. What cannot be read there is as good as none, and takes nothing from the login.
  former: wireLogins.optional().catch(undefined),
  makers: z.array(wireMaker).optional().catch(undefined),
});

/** The `data` of the token Secret. */
export function tokenToData(
  minted: Minted,
  about: Pick<Token, "grantKey" | "fingerprint" | "refreshes" | "state" | "former" | "makers">,
): Record<string, string> {
  const { grantKey, fingerprint, refreshes = {}, state, former, makers = [] } = about;
  const token: z.infer<typeof wireToken> = {
    version: 1,
    grantKey,
    issuedAt: minted.issuedAt.toString(),
    ...(minted.expiresAt && { expiresAt: minted.expiresAt.toString() }),
    fingerprint,
    refreshes,
    state,
    ...plainLogins(minted.logins),
    ...(former && { former: plainLogins(former) }),
    ...(makers.length > 0 && { makers: makers.map((maker) => ({ ...maker, hosts: [...maker.hosts] })) }),
  };
  return { [dataKey]: base64OfText(JSON.stringify(token)) };
}

/** Those of the token that a new one replaces; where it hands out the same login again, those before. */
export function formerLogins(before: Token | undefined, minted: Minted): Logins | undefined {
  return before && isSameLogin(before, minted) ? before.former : before?.logins;
}

export function isSameLogin(before: Pick<Token, "logins">, minted: Pick<Minted, "logins">): boolean {
  const textOf = ({ logins }: Pick<Token, "logins">): string => JSON.stringify(plainLogins(logins));
  return textOf(before) === textOf(minted);
}

function plainLogins(logins: Logins): z.infer<typeof wireLogins> {
  const plain = ({ username, password }: Login): z.infer<typeof wireLogin> => {
    return { username, password: password.reveal() };
  };
  if ("all" in logins) return { all: plain(logins.all) };
  return { byHost: Object.fromEntries([...logins.byHost].map(([host, login]) => [host, plain(login)])) };
}

/** Undefined for anything that is not a token of this version: it is then fetched anew. */
export function tokenFromData(data: Readonly<Record<string, string>> | undefined, revision: string): Token | undefined {
  try {
    const parsed = wireToken.safeParse(JSON.parse(textOfBase64(data?.[dataKey] ?? "") ?? ""));
    if (!parsed.success) return undefined;
    const { grantKey, fingerprint, refreshes, state, issuedAt, expiresAt, makers } = parsed.data;
    const logins = loginsFrom(parsed.data);
    const issued = timeOfText(issuedAt);
    if (!logins || !issued) return undefined;
    const end = expiresAt === undefined ? undefined : boundedEndOfText(expiresAt, issued);
    if (expiresAt !== undefined && !end) return undefined;
    const former = parsed.data.former && loginsFrom(parsed.data.former);
    return {
      grantKey,
      logins,
      ...(former && { former }),
      ...(makers && { makers }),
      fingerprint,
      refreshes,
      state,
      revision,
      issuedAt: issued,
      expiresAt: end,
    };
  } catch {
    return undefined;
  }
}

type PlainLogin = z.infer<typeof wireLogin>;

function loginsFrom({ all, byHost }: z.infer<typeof wireLogins>): Logins | undefined {
  return all ? loginAs(all) : byHost && loginsAs(byHost);
}

function loginAs({ username, password }: PlainLogin): Logins | undefined {
  const result = loginOf(username, password);
  return result.ok ? { all: result.login } : undefined;
}

/** All or nothing: a host that was left out here would be taken from the tenants. */
function loginsAs(byHost: Readonly<Record<string, PlainLogin>>): Logins | undefined {
  const logins = new Map<string, Login>();
  for (const [host, { username, password }] of Object.entries(byHost)) {
    const result = loginOf(username, password);
    if (!result.ok) return undefined;
    logins.set(host, result.login);
  }
  return logins.size === 0 ? undefined : { byHost: logins };
}
