// The provider ACR at work: a token for an Azure container registry.
import { Redacted } from "../../runtime/redacted.ts";
import { checkedAnswer, endOfJwt } from "../answers.ts";
import { endpointOf } from "../endpoints.ts";
import { postForm } from "../fetching.ts";
import type { Provider } from "../provider.ts";
import { azureError, jsonText } from "./entra-answer.ts";
import { type AzureOptions, entraToken } from "./entra-token.ts";
import type { AcrGrant } from "./grant.ts";

const who = "ACR";

// What a registry expects where the password is a token:
// https://learn.microsoft.com/azure/container-registry/container-registry-authentication
const username = "00000000-0000-0000-0000-000000000000";

export const fetchers = { ACR: acrProvider };

/**
 * Entra's token is exchanged for the registry's refresh token, and that, if the grant lists repositories, for an access
 * token that can pull from them and nothing else: https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md.
 * How long either lives is the registry's to say, and only in the token itself.
 */
export function acrProvider(options: AzureOptions): Provider<AcrGrant> {
  const { clock, endpoints } = options;
  const entraTokenOf = entraToken(options);
  return {
    fetch: async (grant, signal) => {
      const { registry, identity, repositories } = grant;
      const advice = `assign the role AcrPull on ${registry} to the identity (Container Registry Repository Reader, if the registry decides by repository); if it has it, look at the registry's firewall and at acr.audience`;

      const ask = async (path: string, form: readonly (readonly [string, string])[], member: string) => {
        const issuedAt = clock.now();
        const url = `${endpointOf(endpoints, "acr", registry) ?? `https://${registry}`}${path}`;
        const answer = await postForm(options, grant, { url, form }, signal);
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
