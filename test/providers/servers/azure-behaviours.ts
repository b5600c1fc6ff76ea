// Entra and ACR when they answer without a good token.
import type { Behaviour } from "../contract.ts";
import { azureJson, type AzureServer, entraError, jwt, registryError } from "./azure.ts";

/** Bodies quote `hunter2`, which must be seen nowhere. */
export function azureBehave(server: AzureServer, behaviour: Behaviour, asked: () => void): void {
  const hour = Temporal.Duration.from({ hours: 1 });
  switch (behaviour) {
    case "throttle":
      return server.answer("exchange", registryError(429, "TOOMANYREQUESTS", { "retry-after": "7" }));
    case "slow":
      return server.answer("exchange", () => {
        asked();
        return new Promise(() => {});
      });
    case "truncated":
      return server.answer("exchange", { status: 200, body: '{"refresh_token":"hunter2' });
    case "error-body":
      return server.answer("exchange", { ...registryError(400, "UNKNOWN"), status: 200 });
    case "empty":
      return server.answer("exchange", azureJson(200, { refresh_token: "" }));
    case "no-expiry":
      return server.answer("exchange", azureJson(200, { refresh_token: jwt({ hunter2: true }) }));
    case "expired":
      return server.answer("exchange", azureJson(200, { refresh_token: jwt({ hunter2: true }, hour.negated()) }));
    case "deny":
      return server.answer("exchange", registryError(401, "UNAUTHORIZED"));
    case "wrong-audience":
      return server.answer("entra", entraError(400, "invalid_resource", "AADSTS500011"));
  }
}
