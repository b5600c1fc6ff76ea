// Tests that a refusal is believed only of an API server that is ready.
import { describe, expect, it } from "vitest";
import { OperatorError } from "../../../src/runtime/errors.ts";
import { ApiError, type ApiErrorKind } from "../../../src/runtime/client/api-error.ts";
import type { ApiAnswer } from "../../../src/runtime/client/api-answer.ts";
import { unlessItStarts } from "../../../src/runtime/client/unless-it-starts.ts";

const missing = new OperatorError({
  reason: "NotPermitted",
  cause: "Platform",
  retry: "slowly",
  message: "the operator may not list secrets",
});

/** How the checks fail where they do, and how the API server answers at /readyz. */
async function failure(checks: Error, readiness: ApiErrorKind | "ready") {
  const asked: string[] = [];
  const transport = {
    server: "https://127.0.0.1:6443",
    request: ({ path }: { readonly path: string }): Promise<ApiAnswer> => {
      asked.push(path);
      if (readiness === "ready") return Promise.resolve({} as ApiAnswer);
      return Promise.reject(
        new ApiError({ kind: readiness, code: 500, details: { causes: [] }, message: "not ready" }),
      );
    },
  };
  const error: unknown = await unlessItStarts(transport, () => Promise.reject(checks)).catch(
    (thrown: unknown) => thrown,
  );
  return { error, asked };
}

describe("what the API server refuses at the start", () => {
  it.each<[ApiErrorKind | "ready"]>([["ready"], ["forbidden"], ["unauthorized"], ["notFound"]])(
    "is believed where it answers with %s when it is asked whether it is ready",
    async (readiness) => {
      expect(await failure(missing, readiness)).toEqual({ error: missing, asked: ["/readyz"] });
    },
  );

  it.each<[ApiErrorKind]>([["unavailable"], ["throttled"]])("is waited out where it is not: %s", async (readiness) => {
    expect((await failure(missing, readiness)).error).toMatchObject({ reason: "ApiUnavailable" });
  });

  it("is no question where it did not answer at all, or where the fault is ours", async () => {
    const away = new OperatorError({ reason: "ApiUnavailable", cause: "Platform", retry: "backoff", message: "away" });
    const bug = new TypeError("a bug");
    expect(await failure(away, "ready")).toEqual({ error: away, asked: [] });
    expect(await failure(bug, "ready")).toEqual({ error: bug, asked: [] });
  });

  it("is nothing where the checks end well", async () => {
    const transport = { server: "", request: () => Promise.reject(new Error("nobody asks")) };
    await expect(unlessItStarts(transport, () => Promise.resolve())).resolves.toBeUndefined();
  });
});
