// Tests that the operator finds a managed identity that is offered in App Service's way.
//
// A file of its own: MSAL decides once per process where managed identities come from.
import { expect, it, vi } from "vitest";
import { acrProvider } from "../../../src/providers/acr/fetch.ts";
import { jwtClaims } from "../../../src/runtime/jwt-claims.ts";
import { azureAt, azureOptions, client, grant } from "./scenario.ts";
import { identityHeader } from "../servers/azure.ts";
import { loginIn, never } from "../scenario.ts";

it("asks IDENTITY_ENDPOINT with its header", async () => {
  const azure = await azureAt({ machine: [client] });
  vi.stubEnv("IDENTITY_ENDPOINT", azure.appServiceUrl);
  vi.stubEnv("IDENTITY_HEADER", identityHeader);
  try {
    const asked = grant({ identity: { from: "Operator" }, clientID: client });
    const minted = await acrProvider(azureOptions(azure)).fetch(asked, never);
    expect(jwtClaims(loginIn(minted)[1])).toMatchObject({ appid: client });
    expect(azure.calls.map(({ operation }) => operation)).toEqual(["app-service", "exchange"]);
  } finally {
    vi.unstubAllEnvs();
  }
});
