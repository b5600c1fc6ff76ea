// Tests that the end of each attempt is reported, and that none outlives its signal.
import { describe, expect, it } from "vitest";
import { OperatorError } from "../../src/runtime/errors.ts";
import { unavailable } from "../../src/runtime/client/api-error.ts";
import { NetworkError } from "../../src/providers/http/network-error.ts";
import type { NewToken } from "../../src/cluster/token.ts";
import { type CallEnd, withAdmission } from "../../src/providers/with-admission.ts";
import { ecrGrant } from "./grants.ts";

const grant = ecrGrant();
const denied = new OperatorError({ reason: "Denied", cause: "Platform", retry: "slowly", message: "no" });
const withoutConsent = new OperatorError({ reason: "ConsentMissing", cause: "Tenant", retry: "slowly", message: "no" });
const apiError = unavailable("the API server is busy", "ETIMEDOUT");
const lost = new NetworkError("sts.example.com", "ECONNRESET");
const wrapped = new OperatorError(
  { reason: "NoOperatorIdentity", cause: "Platform", retry: "backoff", message: "none" },
  lost,
);
const minted = { issuedAt: Temporal.Instant.from("2026-01-01T00:00:00Z") } as NewToken;

/** How it ended, as told, and what came out. */
async function attempt(fetch: () => Promise<NewToken>, signal = new AbortController().signal) {
  const ends: CallEnd[] = [];
  const provider = withAdmission(
    { fetch },
    {
      begin: () => undefined,
      ended: (_grant, how) => {
        ends.push(how);
        return undefined;
      },
    },
  );
  const [result] = await Promise.allSettled([provider.fetch(grant, signal)]);
  return { ends, result };
}

const aborted = (reason: DOMException): AbortSignal => AbortSignal.abort(reason);

describe("an attempt", () => {
  it.each<[string, () => Promise<NewToken>, AbortSignal | undefined, string]>([
    ["a token", async () => minted, undefined, "token"],
    ["a refusal", () => Promise.reject(denied), undefined, "answer"],
    ["an identity that cannot be had", () => Promise.reject(withoutConsent), undefined, "unasked"],
    ["no token of a ServiceAccount", () => Promise.reject(apiError), undefined, "unasked"],
    ["a bug", () => Promise.reject(new TypeError("x")), undefined, "answer"],
    ["no answer", () => Promise.reject(lost), undefined, "silence"],
    ["no answer that was put into words", () => Promise.reject(wrapped), undefined, "silence"],
    [
      "the end of its time",
      () => new Promise(() => undefined),
      aborted(new DOMException("late", "TimeoutError")),
      "silence",
    ],
    [
      "the end of the operator",
      () => new Promise(() => undefined),
      aborted(new DOMException("stop", "AbortError")),
      "cut",
    ],
  ])("with %s is told once as that", async (_what, fetch, signal, expected) => {
    expect((await attempt(fetch, signal)).ends.map(({ kind }) => kind)).toEqual([expected]);
  });

  it("that nobody answers says who was asked, and that it is tried again", async () => {
    expect((await attempt(() => Promise.reject(lost))).result).toMatchObject({
      reason: {
        reason: "CloudUnavailable",
        retry: "backoff",
        message: `${lost.message}; it is tried again`,
      },
    });
  });

  it("whose time is over says that, and is no error of the program", async () => {
    const late = aborted(new DOMException("late", "TimeoutError"));
    expect((await attempt(() => new Promise(() => undefined), late)).result).toMatchObject({
      reason: {
        reason: "CloudUnavailable",
        message: "no token came in the time that an attempt has; it is tried again",
      },
    });
  });

  it("keeps the words of an error that has its own", async () => {
    expect((await attempt(() => Promise.reject(wrapped))).result).toMatchObject({
      reason: { reason: "NoOperatorIdentity", message: "none" },
    });
  });

  it("is not made for one that may not ask, and then nothing has ended", async () => {
    const asked: string[] = [];
    const provider = withAdmission(
      { fetch: async () => (asked.push("asked"), minted) },
      {
        begin: () => {
          throw denied;
        },
        ended: () => void asked.push("ended"),
      },
    );
    await expect(provider.fetch(grant, new AbortController().signal)).rejects.toBe(denied);
    expect(asked).toEqual([]);
  });
});
