// Tests of classifying the answers of a cloud.
import { describe, expect, it } from "vitest";
import { checkedAnswer, type CloudError, cloudFailure } from "../../src/providers/answers.ts";
import { fakeClock } from "../fake-clock.ts";

const clock = fakeClock(Temporal.Instant.from("2026-01-01T12:00:00Z"));
const now = clock.now();
const soon = now.add({ hours: 1 });

function failureFor(error: Partial<CloudError>) {
  return cloudFailure({ who: "ECR", code: undefined, status: undefined, advice: "look at the role", ...error });
}

describe("an answer", () => {
  it("with a password and an end to come is good", () => {
    expect(checkedAnswer("ECR", { password: "pw", expiresAt: soon }, clock)).toEqual({
      password: "pw",
      expiresAt: soon,
    });
  });

  it.each([
    ["without a token", { password: undefined, expiresAt: soon }],
    ["with an empty token", { password: "", expiresAt: soon }],
    ["without an end", { password: "hunter2", expiresAt: undefined }],
    ["that ends now", { password: "hunter2", expiresAt: now }],
    ["that has ended", { password: "hunter2", expiresAt: now.subtract({ seconds: 1 }) }],
  ])("%s is none", (_what, answer) => {
    const check = (): unknown => checkedAnswer("ECR", answer, clock);
    expect(check).toThrow(expect.objectContaining({ reason: "InvalidAnswer", retry: "backoff" }) as Error);
    expect(check).not.toThrow(/hunter2/);
  });
});

describe("an error", () => {
  // What each cloud calls an identity that may not, or is not known.
  it.each([
    ["AccessDeniedException", 400],
    ["AccessDenied", 403],
    ["UnrecognizedClientException", 400],
    ["InvalidClientTokenId", 403],
    ["InvalidIdentityToken", 400],
    ["IDPRejectedClaim", 403],
    ["RegionDisabledException", 403],
    ["UnsupportedCommandException", 400],
    ["AADSTS7000215", 401],
    ["AADSTS7000222", 401],
    ["AADSTS700016", 400],
    ["AADSTS90002", 400],
    ["AADSTS500011", 400],
    ["PERMISSION_DENIED", 403],
    ["invalid_grant", 400],
    ["access_denied", 403],
    ["invalid_target", 400],
    ["UNAUTHORIZED", 401],
    ["DENIED", 403],
    [undefined, 401],
    [undefined, 403],
  ])("%s (%i) is a person's to mend, who is told where to look", (code, status) => {
    expect(failureFor({ code, status })).toMatchObject({
      reason: "Denied",
      retry: "slowly",
      message: expect.stringMatching(/^ECR refuses \(.*\): look at the role$/) as string,
    });
  });

  it.each(["AADSTS70021", "AADSTS700211", "AADSTS700213"])("%s may mend itself", (code) => {
    expect(failureFor({ code, status: 400 })).toMatchObject({ reason: "NotPropagated", retry: "backoff" });
  });

  it.each([
    ["ThrottlingException", 400],
    ["Throttling", 400],
    ["TooManyRequestsException", 400],
    ["RequestLimitExceeded", 503],
    ["slow_down", 400],
    [undefined, 429],
    ["AccessDenied", 429],
    // The whole list of AWS's SDKs, which AWS sends with 400, too.
    ["BandwidthLimitExceeded", 400],
    ["EC2ThrottledException", 400],
    ["LimitExceededException", 400],
    ["PriorRequestNotComplete", 400],
    ["ProvisionedThroughputExceededException", 400],
    ["RequestLimitExceeded", 400],
    ["RequestThrottled", 400],
    ["RequestThrottledException", 400],
    ["SlowDown", 503],
    ["ThrottledException", 400],
    ["Throttling", 400],
    ["ThrottlingException", 400],
    ["TooManyRequestsException", 400],
    ["TransactionInProgressException", 400],
    ["RESOURCE_EXHAUSTED", 403],
    ["userRateLimitExceeded", 403],
    ["rateLimitExceeded", 403],
    ["AADSTS90055", 400],
  ])("%s (%i) asks for patience", (code, status) => {
    const retryAfter = Temporal.Duration.from({ seconds: 7 });
    expect(failureFor({ code, status, retryAfter })).toMatchObject({
      reason: "Throttled",
      retry: "backoff",
      retryAfter,
    });
    expect(failureFor({ code, status })).not.toHaveProperty("retryAfter");
  });

  it.each([
    ["ServerException", 500],
    ["IDPCommunicationError", 400],
    ["temporarily_unavailable", 503],
    ["ECONNREFUSED", undefined],
    ["NobodyHasHeardOfThis", 400],
    [undefined, 404],
    [undefined, 503],
    [undefined, undefined],
  ])("%s (%s) is tried again", (code, status) => {
    expect(failureFor({ code, status })).toMatchObject({ reason: "CloudUnavailable", retry: "backoff" });
  });
});
