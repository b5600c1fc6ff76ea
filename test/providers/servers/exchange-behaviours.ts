// A token endpoint when it answers without a good token.
import type { Behaviour } from "../contract.ts";
import { oauthError } from "./exchange.ts";
import { json, type VendorReply, type VendorServer } from "./vendor.ts";

/** By RFC 8693. Bodies quote `hunter2`, which must be seen nowhere. */
export function exchangeBehave(server: VendorServer, behaviour: Behaviour, asked: () => void): void {
  const answer = (reply: VendorReply | (() => Promise<VendorReply>)): void => server.answer("/oauth2/sts/token", reply);
  switch (behaviour) {
    case "throttle":
      return answer({ ...oauthError("slow_down", 429), headers: { "retry-after": "7" } });
    case "slow":
      return answer(() => {
        asked();
        return new Promise(() => {});
      });
    case "truncated":
      return answer({ status: 200, body: '{"expires_in":3600,"access_token":"hunter2"' });
    case "error-body":
      return answer(oauthError("server_error", 200));
    case "empty":
      return answer(json(200, { access_token: "", expires_in: 3600 }));
    case "no-expiry":
      return answer(json(200, { access_token: "hunter2" }));
    case "expired":
      return answer(json(200, { access_token: "hunter2", expires_in: 0 }));
    case "deny":
      return answer(oauthError("access_denied", 403));
    case "wrong-audience":
      return answer(oauthError("invalid_grant"));
  }
}
