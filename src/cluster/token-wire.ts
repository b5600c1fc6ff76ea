// The wire form of a token, in a Secret of the operator's namespace.
import { z } from "zod";
import { boundedEndOfText, timeOfText } from "../runtime/foreign-numbers.ts";
import { type FormerLogins, isAlive, type Logins, type Token } from "./token.ts";
import type { NewToken } from "./token.ts";
import { base64OfText, textOfBase64 } from "../runtime/base64.ts";
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
  until: z.string().optional(),
});

const wireFormer = wireLogins.extend({ issuedAt: z.string(), expiresAt: z.string().optional() });

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
  // Of the tokens before it; `former` is the last of these, for a release that knows no others. What cannot be read there is as
  // good as none, and takes nothing from the login.
  former: wireLogins.optional().catch(undefined),
  formers: z.array(wireFormer).optional().catch(undefined),
  makers: z.array(wireMaker).optional().catch(undefined),
});

/** The `data` of the token Secret. */
export function tokenToData(
  minted: NewToken,
  about: Pick<Token, "grantKey" | "fingerprint" | "refreshes" | "state" | "formers" | "makers">,
): Record<string, string> {
  const { grantKey, fingerprint, refreshes = {}, state, formers = [], makers = [] } = about;
  const [last] = formers;
  const token: z.infer<typeof wireToken> = {
    version: 1,
    grantKey,
    issuedAt: minted.issuedAt.toString(),
    ...(minted.expiresAt && { expiresAt: minted.expiresAt.toString() }),
    fingerprint,
    refreshes,
    state,
    ...plainLogins(minted.logins),
    ...(last && { former: plainLogins(last.logins), formers: formers.map(plainFormer) }),
    ...(makers.length > 0 && { makers: makers.map((maker) => ({ ...maker, hosts: [...maker.hosts] })) }),
  };
  return { [dataKey]: base64OfText(JSON.stringify(token)) };
}

// A tenant that nobody reaches meanwhile, under a hold or a policy, is found by any of them.
const maxFormers = 4;
// Whole docker configs may be large, and a Secret has 1 MiB. The last one is kept whatever it takes.
const maxBytesOfOlder = 128 * 1024;

/**
 * Those of the token that a new one replaces, and those before as far as they live; where it hands out the same login again, those
 * before.
 */
export function formerLogins(
  before: Token | undefined,
  minted: NewToken,
  now: Temporal.Instant,
): readonly FormerLogins[] {
  if (!before) return [];
  const { logins, issuedAt, expiresAt, formers = [] } = before;
  const [last, ...older] = isSameLogin(before, minted) ? formers : [{ logins, issuedAt, expiresAt }, ...formers];
  if (!last) return [];
  let room = maxBytesOfOlder;
  const kept = older.filter((each) => isAlive(each, now) && (room -= textOf(each).length) >= 0);
  return [last, ...kept].slice(0, maxFormers);
}

export function isSameLogin(before: Pick<Token, "logins">, minted: Pick<NewToken, "logins">): boolean {
  return textOf(before) === textOf(minted);
}

function textOf({ logins }: Pick<Token, "logins">): string {
  return JSON.stringify(plainLogins(logins));
}

function plainFormer({ logins, issuedAt, expiresAt }: FormerLogins): z.infer<typeof wireFormer> {
  return {
    ...plainLogins(logins),
    issuedAt: issuedAt.toString(),
    ...(expiresAt && { expiresAt: expiresAt.toString() }),
  };
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
    const formers = formersFrom(parsed.data, issued);
    return {
      grantKey,
      logins,
      ...(formers.length > 0 && { formers }),
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

/** What an earlier release has stored names no times: it was issued before the token, and is not known to have ended. */
function formersFrom(
  { former, formers }: z.infer<typeof wireToken>,
  issuedAt: Temporal.Instant,
): readonly FormerLogins[] {
  if (!formers) {
    const logins = former && loginsFrom(former);
    return logins ? [{ logins, issuedAt: issuedAt.subtract({ seconds: 1 }), expiresAt: undefined }] : [];
  }
  return formers.flatMap((each) => {
    const logins = loginsFrom(each);
    const issued = timeOfText(each.issuedAt);
    const expiresAt = each.expiresAt === undefined ? undefined : timeOfText(each.expiresAt);
    const isSound = logins && issued && (expiresAt !== undefined || each.expiresAt === undefined);
    return isSound ? [{ logins, issuedAt: issued, expiresAt }] : [];
  });
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
