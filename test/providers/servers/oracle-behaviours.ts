// An Oracle registry when it answers without a good token.
import type { Behaviour } from "../contract.ts";
import { oracleError } from "./oracle.ts";
import { json, type VendorReply, type VendorServer } from "./vendor.ts";

/** Bodies quote `hunter2`, which must be seen nowhere. */
export function oracleBehave(server: VendorServer, behaviour: Behaviour, asked: () => void): void {
  const answer = (reply: VendorReply | (() => Promise<VendorReply>)): void => server.answer("/docker/token", reply);
  switch (behaviour) {
    case "throttle":
      return answer({ ...oracleError(429, "TooManyRequests"), headers: { "retry-after": "7" } });
    case "slow":
      return answer(() => {
        asked();
        return new Promise(() => {});
      });
    case "truncated":
      return answer({ status: 200, body: '{"expires_in":3600,"token":"hunter2"' });
    case "error-body":
      return answer(oracleError(200, "InternalError"));
    case "empty":
      return answer(json(200, { token: "", expires_in: 3600 }));
    case "no-expiry":
      return answer(json(200, { token: "hunter2" }));
    case "expired":
      return answer(json(200, { token: "hunter2", expires_in: 0 }));
    case "deny":
      return answer(oracleError(404, "NotAuthorizedOrNotFound"));
    case "wrong-audience":
      throw new TypeError("an API key is meant for nobody else");
  }
}
