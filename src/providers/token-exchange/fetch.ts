// The provider TokenExchange at work: a token is exchanged at an endpoint that only its settings describe.
import type { Clock } from "../../runtime/clock.ts";
import { byOwnClock, timeOfNumber, timeOfText } from "../../runtime/foreign-numbers.ts";
import type { GrantIdentity } from "../grant-types.ts";
import { base64OfText } from "../../runtime/base64.ts";
import { loginOf } from "../../registry/login.ts";
import {
  afterSeconds,
  checkedAnswer,
  doubtOf,
  endOfJwt,
  invalidAnswer,
  memberAt,
  textAt,
  tokenError,
} from "../answers.ts";
import { caOf, encodedForm, formType, identitySecret, invalidIdentity } from "../fetching.ts";
import type { HttpAnswer, HttpCall } from "../http/http.ts";
import { notAnEndpoint } from "../http/denied.ts";
import type { CloudOptions, Provider } from "../provider.ts";
import type { NewToken } from "../../cluster/token.ts";
import type { TokenExchangeGrant } from "./grant.ts";
import type { TokenExchangeSettings } from "./settings.ts";

export interface TokenExchangeOptions extends Pick<CloudOptions, "clock" | "identities" | "http" | "ca"> {
  /** Of ServiceAccount tokens, where the settings name none. Default: the endpoint's origin, where alone it is then good. */
  readonly audience?: string;
}

/** What an identity has to offer. Throws OperatorError for what it lacks. */
type Offer = (what: "Token" | "Username" | "Password") => string;

export const fetchers = { TokenExchange: tokenExchangeProvider };

export function tokenExchangeProvider(options: TokenExchangeOptions): Provider<TokenExchangeGrant> {
  const { clock, http } = options;
  return {
    fetch: async (grant, signal) => {
      const { settings, identity } = grant;
      const who = URL.parse(settings.url)?.host;
      // The API server's rules do not know every host that is none.
      if (who === undefined) throw notAnEndpoint();
      const offer = await offerOf(options, identity, settings, signal);
      const call = callOf(settings, identity, offer);
      // A length counts from here at the earliest.
      const issuedAt = clock.now();
      const answer = await http({ ...call, ...caOf(options, grant) }, signal);
      if (answer.status < 200 || answer.status > 299) {
        throw tokenError(answer, { who, identity, advice: adviceFor(identity, settings, options) }, clock);
      }
      return minted({ who, answer, settings, offer, issuedAt }, clock);
    },
  };
}

/** A Secret's keys are token, username and password; a ServiceAccount has a token. */
async function offerOf(
  options: TokenExchangeOptions,
  identity: GrantIdentity,
  settings: TokenExchangeSettings,
  signal: AbortSignal,
): Promise<Offer> {
  const { identities } = options;
  switch (identity.from) {
    case "Operator":
      // grant.ts refuses it: the operator's own token must not go to whatever endpoint an entry names.
      throw new TypeError("the operator's own token is exchanged");
    case "Secret": {
      const { text, invalid } = identitySecret(identities, identity);
      return (what) => {
        const key = what.toLowerCase();
        const value = text(key);
        if (value !== "") return value;
        throw invalid(`lacks the key ${key}, which the entry's tokenExchange sends: put it there`);
      };
    }
    case "ServiceAccount":
    case "TenantServiceAccount": {
      const token = await identities.serviceAccountToken(identity, audienceOf(settings, options), signal);
      return (what) => {
        if (what === "Token") return token.reveal();
        throw new TypeError(`a ServiceAccount has no ${what}`);
      };
    }
  }
}

function callOf(settings: TokenExchangeSettings, identity: GrantIdentity, offer: Offer): HttpCall {
  const { url, method, headers = [], body } = settings;
  const authorization = authorizationOf(settings, identity, offer);
  const fields = body?.fields.map(
    ({ name, value, valueFrom }) => [name, valueFrom ? offer(valueFrom) : (value ?? "")] as const,
  );
  return {
    method,
    url,
    headers: {
      accept: "application/json",
      ...Object.fromEntries(headers.map(({ name, value }) => [name.toLowerCase(), value])),
      ...(body ? { "content-type": contentTypes[body.format] } : {}),
      ...(authorization === undefined ? {} : { authorization }),
    },
    ...(body && fields ? { body: encoded(body.format, fields) } : {}),
  };
}

type Format = NonNullable<TokenExchangeSettings["body"]>["format"];

const contentTypes: Readonly<Record<Format, string>> = {
  Form: formType,
  JSON: "application/json",
};

function encoded(format: Format, fields: readonly (readonly [string, string])[]): string {
  if (format === "JSON") return JSON.stringify(Object.fromEntries(fields));
  return encodedForm(fields);
}

function authorizationOf({ auth }: TokenExchangeSettings, identity: GrantIdentity, offer: Offer): string | undefined {
  switch (auth.type) {
    case "None":
      return undefined;
    case "Basic": {
      const username = auth.username ?? offer("Username");
      // RFC 7617 section 2: whatever follows the first colon is read as the password.
      if (username.includes(":")) {
        throw invalidIdentity(identity, "has a colon in username, which Basic authentication cannot carry: remove it");
      }
      return `Basic ${base64OfText(`${username}:${tokenOrPassword(identity, offer)}`)}`;
    }
    case "Bearer": {
      const token = offer("Token");
      if (!/^[!-~]+$/.test(token))
        throw invalidIdentity(identity, "holds spaces or signs under token that no token has");
      return `Bearer ${token}`;
    }
  }
}

/** Whoever keeps both in a Secret has a token for this. */
function tokenOrPassword(identity: GrantIdentity, offer: Offer): string {
  try {
    return offer("Token");
  } catch (error) {
    if (identity.from !== "Secret") throw error;
    return offer("Password");
  }
}

interface Exchange {
  readonly who: string;
  readonly answer: HttpAnswer;
  readonly settings: TokenExchangeSettings;
  readonly offer: Offer;
  readonly issuedAt: Temporal.Instant;
}

function minted(exchange: Exchange, clock: Clock): NewToken {
  const { who, answer, settings, offer, issuedAt } = exchange;
  const { response } = settings;
  const token = textAt(answer, response.tokenPath);
  if (token === undefined) {
    throw invalidAnswer(who, `HTTP ${answer.status} without a token at response.tokenPath ${response.tokenPath}`);
  }
  const expiresAt = expiryOf(exchange, token);
  if (!expiresAt) {
    const place = response.expiry === "JWT" ? "in the token (exp)" : `at response.expiryPath ${response.expiryPath}`;
    throw invalidAnswer(who, `a token whose end does not stand ${place} as response.expiry ${response.expiry} says`);
  }
  const checked = checkedAnswer(who, { password: token, expiresAt }, clock);
  const result = loginOf(usernameOf(who, answer, settings, offer), token);
  if (!result.ok) throw invalidAnswer(who, `a login that ${result.problem}`);
  const doubt = response.expiry === "Seconds" ? doubtOf(who, memberAt(answer, response.expiryPath)) : undefined;
  return { logins: { all: result.login }, issuedAt, expiresAt: checked.expiresAt, doubt };
}

function expiryOf({ answer, settings, issuedAt }: Exchange, token: string): Temporal.Instant | undefined {
  const { expiry, expiryPath } = settings.response;
  switch (expiry) {
    case "JWT":
      return endOfJwt(token, answer, issuedAt);
    case "Seconds":
      return afterSeconds(memberAt(answer, expiryPath), issuedAt);
    case "Time": {
      const value = memberAt(answer, expiryPath);
      const at = timeOfNumber(value) ?? (typeof value === "string" ? timeOfText(value) : undefined);
      return at && byOwnClock(at, answer.headers, issuedAt);
    }
  }
}

function usernameOf(who: string, answer: HttpAnswer, settings: TokenExchangeSettings, offer: Offer): string {
  const { username, response } = settings;
  if (username !== undefined) return username;
  if (response.usernamePath === undefined) return offer("Username");
  const found = textAt(answer, response.usernamePath);
  if (found === undefined) throw invalidAnswer(who, `no user name at response.usernamePath ${response.usernamePath}`);
  return found;
}

function audienceOf(settings: TokenExchangeSettings, { audience }: TokenExchangeOptions): string {
  return settings.audience ?? audience ?? new URL(settings.url).origin;
}

function adviceFor(identity: GrantIdentity, settings: TokenExchangeSettings, options: TokenExchangeOptions): string {
  if (identity.from !== "ServiceAccount" && identity.from !== "TenantServiceAccount") {
    return "check what the identity's Secret holds, and the fields of the entry's tokenExchange";
  }
  const { namespace, name } = identity;
  return `let it trust the cluster's issuer for the subject system:serviceaccount:${namespace}:${name} and the audience ${audienceOf(settings, options)}, and check the fields of the entry's tokenExchange`;
}
