// Tests that keys and tokens come from the identity that was named, and from no other.
import { describe, expect, it } from "vitest";
import { OperatorError } from "../../src/runtime/errors.ts";
import type { RequestToken } from "../../src/runtime/client/token-request.ts";
import type { OperatorSecretRecord } from "../../src/cluster/records.ts";
import { type IdentitySource, identitySource } from "../../src/providers/identity-source.ts";
import { Redacted } from "../../src/runtime/redacted.ts";
import { textWithSteps } from "../../src/runtime/steps.ts";

const never = new AbortController().signal;
const tenant = { from: "TenantServiceAccount", namespace: "team-a", name: "puller", uid: "u1" } as const;
const own = { from: "ServiceAccount", namespace: "ops", name: "puller", uid: "u1" } as const;

function source(given: { secrets?: readonly OperatorSecretRecord[]; requestToken?: RequestToken }): IdentitySource {
  const { secrets = [], requestToken = () => Promise.reject(new TypeError("no token is expected")) } = given;
  return identitySource({
    secret: (key) => secrets.find((record) => record.key === key),
    requestToken,
    ownAudiences: () => Promise.resolve(["https://kubernetes.default.svc"]),
    operatorServiceAccount: "ops:regcred",
  });
}

/** As the API server issues it: the uid stands in `kubernetes.io`. */
function tokenFor(uid: unknown): Redacted {
  const claims = { "kubernetes.io": { serviceaccount: { name: "puller", uid } } };
  return new Redacted(`e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`);
}

async function failureOf(call: () => unknown): Promise<OperatorError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof OperatorError) return error;
    throw error;
  }
  throw new TypeError("a refusal is expected");
}

describe("the Secret of an identity", () => {
  const identity = { from: "Secret", namespace: "ops", name: "keys" } as const;
  const record = { key: "ops/keys", resourceVersion: "1", namespace: "ops", name: "keys", uid: "u" };
  const values = { clientSecret: new Redacted("hunter2") };
  const readable: OperatorSecretRecord = {
    ...record,
    kind: "source",
    type: "Opaque",
    values,
    offered: false,
    expiresAt: undefined,
  };

  it("gives its values", () => {
    expect(source({ secrets: [readable] }).secretValues(identity)).toBe(values);
  });

  it.each<[string, string, readonly OperatorSecretRecord[]]>([
    ["IdentityMissing", "is not there", []],
    ["IdentityMissing", "is in another namespace", [{ ...readable, key: "vault/keys" }]],
    ["IdentityInvalid", "is a token's", [{ ...record, kind: "token", token: undefined }]],
    ["IdentityInvalid", "is of another type", [{ ...record, kind: "other", type: "kubernetes.io/tls" }]],
    ["IdentityInvalid", "is too large", [{ ...readable, values: undefined }]],
  ])("is refused as %s where it %s", async (reason, _what, secrets) => {
    const error = await failureOf(() => source({ secrets }).secretValues(identity));
    expect(error).toMatchObject({ reason, cause: "Platform", retry: "on-change" });
    expect(error.message).toContain("ops/keys");
  });
});

describe("the token of a ServiceAccount", () => {
  it("is asked for with the audience, and is the account's that was read", async () => {
    const asked: unknown[] = [];
    const token = tokenFor("u1");
    const identities = source({
      requestToken: ({ namespace, name }, audience, signal) => {
        asked.push([namespace, name, audience, signal]);
        return Promise.resolve(token);
      },
    });
    expect(await identities.serviceAccountToken(tenant, "sts.amazonaws.com", never)).toBe(token);
    expect(asked).toEqual([["team-a", "puller", "sts.amazonaws.com", never]]);
  });

  it.each([
    ["another account of the name", tokenFor("u2")],
    ["nobody", tokenFor(undefined)],
    ["something that is no token", new Redacted("opaque")],
    ["nothing", new Redacted("")],
  ])("that is for %s is not used", async (_whom, token) => {
    const identities = source({ requestToken: () => Promise.resolve(token) });
    expect(await failureOf(() => identities.serviceAccountToken(tenant, "a", never))).toMatchObject({
      reason: "ServiceAccountChanged",
      cause: "Tenant",
      retry: "backoff",
    });
  });

  it.each([
    [
      "notFound",
      tenant,
      "ServiceAccountMissing",
      "Tenant",
      "on-change",
      "kubectl create serviceaccount -n team-a puller",
    ],
    ["namespaceNotFound", tenant, "ServiceAccountMissing", "Tenant", "on-change", "team-a/puller"],
    ["notFound", own, "ServiceAccountMissing", "Platform", "on-change", "kubectl create serviceaccount -n ops puller"],
    ["forbidden", tenant, "ConsentMissing", "Tenant", "slowly", "--serviceaccount=ops:regcred"],
    ["forbidden", own, "NotPermitted", "Platform", "slowly", "--resource-name=puller"],
    ["admissionDenied", tenant, "NotPermitted", "Platform", "slowly", "for the audience a: what the policy says"],
  ] as const)("that ends in %s is told", async (kind, identity, reason, cause, retry, reported) => {
    const refused = Object.assign(new Error("what the policy says"), { kind });
    const identities = source({ requestToken: () => Promise.reject(refused) });
    const error = await failureOf(() => identities.serviceAccountToken(identity, "a", never));
    expect(error).toMatchObject({ reason, cause, retry, origin: refused });
    expect(textWithSteps(error)).toContain(reported);
  });

  it.each([
    ["https://kubernetes.default.svc", "the API server itself takes tokens for https://kubernetes.default.svc"],
    ["", "its audience is empty"],
    [" ", "its audience is empty or has spaces in it"],
  ])("is not asked for with the audience %j", async (audience, reported) => {
    for (const [identity, cause] of [
      [tenant, "Tenant"],
      [own, "Platform"],
    ] as const) {
      const error = await failureOf(() => source({}).serviceAccountToken(identity, audience, never));
      expect(error).toMatchObject({ reason: "InvalidAudience", cause, message: expect.stringContaining(reported) });
    }
  });

  it.each([
    ["https://kubernetes.default.svc", "the API server itself takes tokens for https://kubernetes.default.svc"],
    ["", "its audience is empty"],
    [" ", "its audience is empty or has spaces in it"],
  ])("is not asked for with the audience %j", async (audience, reported) => {
    for (const [identity, cause] of [
      [tenant, "Tenant"],
      [own, "Platform"],
    ] as const) {
      const error = await failureOf(() => source({}).serviceAccountToken(identity, audience, never));
      expect(error).toMatchObject({ reason: "InvalidAudience", cause, message: expect.stringContaining(reported) });
    }
  });

  it("that ends in anything else stays what it was", async () => {
    const refused = Object.assign(new Error("x"), { kind: "throttled" });
    const identities = source({ requestToken: () => Promise.reject(refused) });
    await expect(identities.serviceAccountToken(tenant, "a", never)).rejects.toBe(refused);
  });
});
