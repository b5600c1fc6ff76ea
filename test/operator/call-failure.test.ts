// Tests of an error in a controller: it becomes a failure in words, and what nobody foresaw goes to the log.
import { describe, expect, it } from "vitest";
import { OperatorError } from "../../src/runtime/errors.ts";
import { unavailable } from "../../src/runtime/client/api-error.ts";
import { callFailures } from "../../src/operator/call-failure.ts";
import { NetworkError } from "../../src/providers/http/network-error.ts";

function judged(error: unknown): { readonly reason: string; readonly message: string; readonly logged: unknown[] } {
  const logged: unknown[] = [];
  const { failure } = callFailures({ error: (...line) => logged.push(line) }, "regcred-system")(error, "store it");
  return { reason: failure.reason, message: failure.message, logged };
}

describe("an error that was foreseen is told, and not logged as a bug:", () => {
  it.for([
    [unavailable("no answer", "ETIMEDOUT"), "ApiUnavailable", "cannot store it: no answer; it is tried again"],
    [
      new NetworkError("sts.example", "ECONNREFUSED"),
      "CloudUnavailable",
      "no answer from sts.example: it refuses the connection (ECONNREFUSED); it is tried again",
    ],
    [
      new DOMException("the run took longer than PT45S", "TimeoutError"),
      "DeadlineExceeded",
      "the run took longer than PT45S; it is tried again",
    ],
    [new DOMException("the operator stops", "AbortError"), "DeadlineExceeded", "the operator stops; it is tried again"],
    [new OperatorError({ reason: "Denied", cause: "Platform", retry: "slowly", message: "no" }), "Denied", "no"],
  ] as const)("%s", ([error, reason, message]) => {
    expect(judged(error)).toEqual({ reason, message, logged: [] });
  });
});

describe("one that was not is a bug, and is logged with where it happened:", () => {
  it("an Error", () => {
    const bug = new TypeError("undefined is no function");
    expect(judged(bug)).toEqual({
      reason: "InternalError",
      message: "unexpected TypeError; the operator's log has the details",
      logged: [["unexpected error", { action: "store it", error: `TypeError: ${bug.message}`, stack: bug.stack }]],
    });
  });

  it("anything else", () => {
    expect(judged("a text")).toMatchObject({
      reason: "InternalError",
      logged: [["unexpected error", { action: "store it", error: "a text" }]],
    });
  });
});
