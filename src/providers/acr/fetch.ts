// How does one get a token for an Azure container registry?
import type { AcrGrant } from "../grant-types.ts";
import { Redacted } from "../../runtime/redacted.ts";
import { checkedAnswer } from "../answers.ts";
import { endpointOf } from "../endpoints.ts";
import { azureError, jsonText } from "./entra-answer.ts";
import { type AzureOptions, entraToken } from "./entra-token.ts";
import type { Provider } from "../provider.ts";
import { endOfJwt } from "../token-answer.ts";

const who = "ACR";

// What a registry expects where the password is a token:
// https://learn.microsoft.com/azure/container-registry/container-registry-authentication
const username = "00000000-0000-0000-0000-000000000000";

/**
 * Entra's token is exchanged for the registry's refresh token, and that, if the grant lists repositories, for an access
 * token that can pull from them and nothing else: https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md.
 * How long either lives is the registry's to say, and only in the token itself.
 */
export function acrProvider(options: AzureOptions): Provider<AcrGrant> {
  const { clock, http, ca, endpoints } = options;
  const entraTokenOf = entraToken(options);
  return {
    fetch: async (grant, signal) => {
      const { registry, identity, repositories, caSecretName } = grant;
      const advice = `assign the role AcrPull on ${registry} to the identity (Container Registry Repository Reader, if the registry decides by repository); if it has it, look at the registry's firewall and at acr.audience`;

      const ask = async (path: string, form: readonly (readonly [string, string])[], member: string) => {
        const issuedAt = clock.now();
        const answer = await http(
          {
            method: "POST",
            url: `${endpointOf(endpoints, "acr", registry) ?? `https://${registry}`}${path}`,
            headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
            body: new URLSearchParams(form.map(([name, value]) => [name, value])).toString(),
            ...(caSecretName === undefined ? {} : { ca: ca(caSecretName) }),
          },
          signal,
        );
        if (answer.status !== 200) throw azureError(answer, { who, identity, advice }, clock);
        const token = jsonText(answer, member);
        const expiresAt = token ? endOfJwt(token, answer, issuedAt) : undefined;
        return { ...checkedAnswer(who, { password: token, expiresAt }, clock), issuedAt };
      };

      const accessToken = await entraTokenOf(grant, signal);
      const refresh = await ask(
        "/oauth2/exchange",
        [
          ["grant_type", "access_token"],
          ["service", registry],
          ["access_token", accessToken],
        ],
        "refresh_token",
      );
      const { password, issuedAt, expiresAt } = repositories
        ? await ask(
            "/oauth2/token",
            [
              ["grant_type", "refresh_token"],
              ["service", registry],
              ...repositories.map((name) => ["scope", `repository:${name}:pull`] as const),
              ["refresh_token", refresh.password],
            ],
            "access_token",
          )
        : refresh;
      return { logins: { all: { username, password: new Redacted(password) } }, issuedAt, expiresAt };
    },
  };
}
