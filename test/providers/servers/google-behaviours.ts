// Google when it answers without a good token.
import type { Behaviour } from "../contract.ts";
import { apiError, type GoogleServer, json, oauthError } from "./google.ts";

/** Of a federated ServiceAccount that impersonates. Bodies quote `hunter2`, which must be seen nowhere. */
export function googleBehave(server: GoogleServer, behaviour: Behaviour, asked: () => void): void {
  const later = "2100-01-01T00:00:00Z";
  switch (behaviour) {
    case "throttle":
      return server.answer("impersonate", apiError(429, "RESOURCE_EXHAUSTED", { "retry-after": "7" }));
    case "slow":
      return server.answer("impersonate", () => {
        asked();
        return new Promise(() => {});
      });
    case "truncated":
      return server.answer("impersonate", { status: 200, body: `{"expireTime":"${later}","accessToken":"hunter2"` });
    case "error-body":
      return server.answer("impersonate", json(200, { error: { status: "INTERNAL", message: "hunter2" } }));
    case "empty":
      return server.answer("impersonate", json(200, { accessToken: "", expireTime: later }));
    case "no-expiry":
      return server.answer("impersonate", json(200, { accessToken: "hunter2" }));
    case "expired":
      return server.answer("impersonate", json(200, { accessToken: "hunter2", expireTime: "2020-01-01T00:00:00Z" }));
    case "deny":
      return server.answer("impersonate", apiError(403, "PERMISSION_DENIED"));
    case "wrong-audience":
      return server.answer("sts", oauthError("invalid_grant", "The audience in hunter2 does not match."));
  }
}
