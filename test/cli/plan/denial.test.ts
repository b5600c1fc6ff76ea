// Tests that `plan` asks the API server as `kubectl apply` does, and takes only what it says of the object for a denial.
import { describe, expect, it } from "vitest";
import type { Planned } from "../../../src/cli/plan/planned-objects.ts";
import { denial } from "../../../src/cli/plan/denial.ts";
import type { Session } from "../../../src/cli/session.ts";
import { apiErrorFromAnswer } from "../../../src/runtime/client/api-error.ts";

type Request = Parameters<Session["transport"]["request"]>[0];

const raw = { kind: "RegistryCredential", metadata: { name: "hub", uid: "u", resourceVersion: "7" }, spec: {} };
const planned = (isNew: boolean): Planned => ({ name: "hub", raw, isNew }) as unknown as Planned;

const asked = async (
  isNew: boolean,
  answer: () => void = () => undefined,
): Promise<[string | undefined, Request[]]> => {
  const requests: Request[] = [];
  const request = async (each: Request): Promise<void> => {
    requests.push(each);
    answer();
  };
  return [await denial({ transport: { request } as unknown as Session["transport"] }, planned(isNew)), requests];
};

const path = "/apis/regcred.dev/v1alpha1/registrycredentials";
const query = { dryRun: "All", fieldValidation: "Strict" };

describe("what would be applied is tried", () => {
  it("as a new object, without what only the API server sets", async () => {
    const [refused, [request, ...more]] = await asked(true);
    expect([refused, more]).toEqual([undefined, []]);
    expect(request).toMatchObject({ method: "POST", path, query });
    expect(JSON.parse(String(request?.body))).toEqual({ ...raw, metadata: { name: "hub" } });
  });

  it("in the place of the one that is there", async () => {
    const [refused, [request, ...more]] = await asked(false);
    expect([refused, more]).toEqual([undefined, []]);
    expect(request).toMatchObject({ method: "PUT", path: `${path}/hub`, query });
    expect(JSON.parse(String(request?.body))).toEqual(raw);
  });
});

const status = (code: number, reason: string, message: string, causes: readonly object[] = []): (() => never) => {
  const body = JSON.stringify({ kind: "Status", reason, message, details: { causes } });
  return () => {
    throw apiErrorFromAnswer({ code, body, headers: {} });
  };
};

it.each([
  [
    "each cause",
    status(422, "Invalid", "it is invalid", [
      { field: "spec.a", message: "write b" },
      { field: "spec.c", message: "write d" },
    ]),
    "spec.a: write b; spec.c: write d",
  ],
  ["the message where no cause is named", status(422, "Invalid", "this is kept"), "this is kept"],
  [
    "a field that nobody knows",
    status(400, "BadRequest", 'strict decoding error: unknown field "spec.x"'),
    "unknown field",
  ],
])("%s is told", async (_what, answer, message) => {
  expect((await asked(true, answer))[0]).toContain(message);
});

it.each([
  ["a right that is missing", status(403, "Forbidden", 'User "a" cannot create resource "b" in API group "c"')],
  ["a kind that is not installed", status(404, "NotFound", "the server could not find the requested resource")],
  ["a webhook without dry runs", status(400, "BadRequest", "admission webhook does not support dry run")],
  ["a change meanwhile", status(409, "Conflict", "the object has been modified")],
  ["an API server that is busy", status(429, "TooManyRequests", "later")],
])("%s is no denial", async (_what, answer) => {
  expect((await asked(false, answer))[0]).toBeUndefined();
});

it("a fault of our own is none of the API server's", async () => {
  const fault = (): never => {
    throw new TypeError("x is undefined");
  };
  await expect(asked(true, fault)).rejects.toThrow("x is undefined");
});
