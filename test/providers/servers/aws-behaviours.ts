// AWS when it answers without a good token.
import type { Behaviour } from "../contract.ts";
import { awsJson, awsJsonError, awsQueryError, type AwsServer } from "./aws.ts";

/** Bodies quote `hunter2`, which must be seen nowhere. */
export function awsBehave(
  server: AwsServer,
  operation: "ecr:GetAuthorizationToken" | "ecr-public:GetAuthorizationToken",
  behaviour: Behaviour,
  asked: () => void,
): void {
  const authorization = (password: string, expiresAt?: number): unknown => {
    const one = { authorizationToken: btoa(`AWS:${password}`), expiresAt };
    return { authorizationData: operation === "ecr:GetAuthorizationToken" ? [one] : one };
  };
  switch (behaviour) {
    case "throttle":
      return server.answer(operation, awsJsonError(400, "ThrottlingException", { "retry-after": "7" }));
    case "slow":
      return server.answer(operation, () => {
        asked();
        return new Promise(() => {});
      });
    case "truncated": {
      const { headers = {}, body } = awsJson(authorization("hunter2", 4_102_444_800));
      return server.answer(operation, { status: 200, headers, body: body.slice(0, -9) });
    }
    case "error-body":
      return server.answer(operation, awsJson({ __type: "ServerException", message: "hunter2" }));
    case "empty":
      return server.answer(operation, awsJson(authorization("", 4_102_444_800)));
    case "no-expiry":
      return server.answer(operation, awsJson(authorization("hunter2")));
    case "expired":
      return server.answer(operation, awsJson(authorization("hunter2", 1_000_000_000)));
    case "deny":
      return server.answer(operation, awsJsonError(400, "AccessDeniedException"));
    case "wrong-audience":
      return server.answer("sts:AssumeRoleWithWebIdentity", awsQueryError(400, "InvalidIdentityToken"));
  }
}
