// The grants of TokenExchange: whether an entry's identity may be exchanged at its endpoint.
import type { Failure } from "../../runtime/errors.ts";
import type { EntryWith, Identities } from "../definition.ts";
import type { CloudGrant, GrantIdentity, HostGroup, RenderScope } from "../grant-types.ts";
import { anyIdentity, defined, identityOf, invalid } from "../rendering.ts";
import type { TokenExchangeSettings, tokenExchangeSettings } from "./settings.ts";

export interface TokenExchangeGrant extends CloudGrant {
  readonly provider: "TokenExchange";
  readonly settings: TokenExchangeSettings;
}

type ExchangeEntry = EntryWith<"TokenExchange", "tokenExchange", typeof tokenExchangeSettings>;

export const tokenExchangeIdentities: Identities = {
  ...anyIdentity,
  Operator:
    "the operator's cloud identity is no token that could be exchanged: write identity.from: ServiceAccount, TenantServiceAccount or Secret",
};

// RFC 9110 section 5.5, without bytes beyond ASCII.
const headerValue = /^[!-~](?:[\t -~]*[!-~])?$/;

/** The administrator knows which hosts the token is for: nothing in the settings says so. */
export function tokenExchangeGrants(
  entry: ExchangeEntry,
  scope: RenderScope,
): readonly HostGroup<TokenExchangeGrant>[] {
  return [{ hosts: entry.hosts, grant: grantOf(entry, scope) }];
}

function grantOf(entry: ExchangeEntry, scope: RenderScope): TokenExchangeGrant | Failure {
  const { tokenExchange: settings, caSecretName } = entry;
  const asked = identityOf(entry.identity, scope, tokenExchangeIdentities);
  if ("reason" in asked) return asked;
  const problem = problemOf(settings, asked.identity);
  if (problem !== undefined) return invalid("InvalidTokenExchange", problem);
  return {
    provider: "TokenExchange",
    identity: asked.identity,
    settings,
    ...defined({ caSecretName }),
  };
}

/** What the API server's rules do not see: fields that do not go together, or not with this identity. */
function problemOf(settings: TokenExchangeSettings, identity: GrantIdentity): string | undefined {
  const { method, auth, headers = [], body, response, username } = settings;
  if (method === "GET" && body) return "a GET has no body: remove tokenExchange.body, or write method: POST";
  const odd = headers.find(({ value }) => !headerValue.test(value));
  if (odd)
    return `the header ${odd.name} has a value that HTTP cannot carry: write visible ASCII, without space around it`;
  // RFC 7617 section 2: whatever follows the first colon is read as the password.
  if (auth.username?.includes(":"))
    return "tokenExchange.auth.username has a colon, which Basic cannot carry: remove it";
  if (username?.includes(":")) return "tokenExchange.username has a colon, which no registry can take: remove it";
  if (identity.from === "Secret") return undefined;
  const field = body?.fields.find(({ valueFrom }) => valueFrom === "Username" || valueFrom === "Password");
  if (field) {
    return `the body's field ${field.name} is a ${field.valueFrom}, but a ServiceAccount has only a token: write valueFrom: Token, or identity.from: Secret`;
  }
  if (auth.type === "Basic" && auth.username === undefined) {
    return "a ServiceAccount has no user name for Basic: write tokenExchange.auth.username";
  }
  if (username === undefined && response.usernamePath === undefined) {
    return "a ServiceAccount has no user name for the registry: write tokenExchange.username or response.usernamePath";
  }
  return undefined;
}
