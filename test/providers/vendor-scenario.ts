// The scenario that the tests of a provider that speaks plain HTTP start from.
import { expect } from "vitest";
import type { Clock } from "../../src/runtime/clock.ts";
import type { Http } from "../../src/providers/http/http.ts";
import type { OperatorError } from "../../src/runtime/errors.ts";
import { failureIn, loopback, untilEnd, egress } from "./scenario.ts";
import { json, type VendorReply, type VendorServer } from "./servers/vendor.ts";

/** Closes at the end of the test. */
export async function startedUntilEnd<T extends VendorServer>(start: Promise<T>): Promise<T> {
  return untilEnd(await start);
}

/** The real egress to the network, where every https host is the server; it is trusted by the CA in `vendor-ca`. */
export function networkTo(server: VendorServer): {
  readonly clock: Clock;
  readonly http: Http;
  readonly metadataHttp: Http;
  readonly ca: (name: string) => string;
} {
  const { clock, guarded } = egress({ resolve: loopback });
  return {
    clock,
    http: server.reachable(guarded.http),
    // Without an entry's CA: what is asked as the operator is trusted by the system.
    metadataHttp: server.reachable((call, signal) =>
      guarded.withMetadata(call.url.startsWith("https:") ? { ...call, ca: server.ca } : call, signal),
    ),
    ca: (name) => {
      if (name !== "vendor-ca") throw new TypeError(`the CA ${name} is not expected`);
      return server.ca;
    },
  };
}

/** What any token endpoint may answer when something is wrong with it, and what is said of that. */
export const brokenAnswers: readonly (readonly [string, VendorReply, object])[] = [
  [
    "throttling",
    json(429, {}, { "retry-after": "7" }),
    { reason: "Throttled", retry: "backoff", retryAfter: Temporal.Duration.from({ seconds: 7 }) },
  ],
  ["trouble", { status: 503, body: "hunter2" }, { reason: "CloudUnavailable", retry: "backoff" }],
  ["trouble with the name of a refusal", json(500, { error: "invalid_grant" }), { reason: "CloudUnavailable" }],
  ["truncated JSON", { status: 200, body: '{"token":"hunter2' }, { reason: "InvalidAnswer", retry: "backoff" }],
  ["an error in a 200", json(200, { error: "hunter2", errors: [] }), { reason: "InvalidAnswer" }],
  ["a list", json(200, ["hunter2"]), { reason: "InvalidAnswer" }],
  ["a bare refusal", { status: 403, body: "hunter2" }, { reason: "Denied", retry: "slowly" }],
];

/** The failure of a call in which `hunter2` was sent or received. */
export async function discreetFailure(call: Promise<unknown>): Promise<OperatorError> {
  const error = await failureIn(call);
  expect(error.message).not.toContain("hunter2");
  expect(error.message.length).toBeLessThanOrEqual(1024);
  expect(JSON.stringify(error)).not.toContain("hunter2");
  return error;
}
