// IBM Cloud's IAM when it answers without a good token.
import type { Behaviour } from "../contract.ts";
import { jwt } from "./azure.ts";
import { ibmError } from "./ibm.ts";
import { json, type VendorReply, type VendorServer } from "./vendor.ts";

const later = 4_102_444_800;

/** Bodies quote `hunter2`, which must be seen nowhere. */
export function ibmBehave(server: VendorServer, behaviour: Behaviour, asked: () => void): void {
  const answer = (reply: VendorReply | (() => Promise<VendorReply>)): void => server.answer("/identity/token", reply);
  switch (behaviour) {
    case "throttle":
      return answer(json(429, { errorCode: "BXNIM0429E", errorMessage: "hunter2" }, { "retry-after": "7" }));
    case "slow":
      return answer(() => {
        asked();
        return new Promise(() => {});
      });
    case "truncated":
      return answer({ status: 200, body: `{"expiration":${later},"access_token":"hunter2"` });
    case "error-body":
      return answer(ibmError("BXNIM0500E", 200));
    case "empty":
      return answer(json(200, { access_token: "", expiration: later }));
    case "no-expiry":
      return answer(json(200, { access_token: jwt({ hunter2: true }) }));
    case "expired":
      return answer(json(200, { access_token: "hunter2", expiration: 1_000_000_000 }));
    case "deny":
      return answer(ibmError("BXNIM0440E"));
    case "wrong-audience":
      return answer(ibmError("BXNIM0439E"));
  }
}
