// Tests that each error of an API server is read for what it is, and nothing repeated that should not be.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ApiError, apiErrorFromAnswer, apiErrorFromFailure } from "../../../src/runtime/client/api-error.ts";
import { failureFrom } from "../../../src/cluster/api-failure.ts";
import { status } from "./local-server.ts";
import { textWithSteps } from "../../../src/runtime/steps.ts";
import { anything, obeyedIn } from "../../foreign-texts.ts";

const operatorNamespace = "regcred-system";
const answer = (code: number, body: object | string, headers: Record<string, string> = {}): ApiError =>
  apiErrorFromAnswer({ code, body: typeof body === "string" ? body : JSON.stringify(body), headers });

// Sentences as Kubernetes 1.37 writes them.
const rbac =
  'secrets is forbidden: User "system:serviceaccount:regcred-system:regcred" cannot create resource "secrets" in API group "" in the namespace "team-x"';
const policy = `secrets "regcred" is forbidden: ValidatingAdmissionPolicy 'no-secrets' with binding 'everywhere' denied request: not here`;
const webhook =
  'admission webhook "validate.kyverno.svc-fail" denied the request: resource Secret/team-x/regcred was blocked';
const quota =
  'secrets "regcred" is forbidden: exceeded quota: few-secrets, requested: secrets=1, used: secrets=2, limited: secrets=2';
const terminating =
  'secrets "regcred" is forbidden: unable to create new content in namespace team-x because it is being terminated';

const cases = [
  {
    what: "a missing object",
    code: 404,
    body: status(404, "NotFound", 'secrets "regcred" not found', { name: "regcred", kind: "secrets" }),
    kind: "notFound",
    reason: "Conflict",
  },
  {
    what: "a request that took too long there",
    code: 408,
    body: status(408, "Timeout", "the server was unable to answer in time"),
    kind: "unavailable",
    reason: "ApiUnavailable",
  },
  { what: "a missing resource", code: 404, body: "404 page not found\n", kind: "notFound", reason: "Conflict" },
  {
    what: "a missing namespace",
    code: 404,
    body: status(404, "NotFound", 'namespaces "team-x" not found', { name: "team-x", kind: "namespaces" }),
    kind: "namespaceNotFound",
    reason: "NamespaceTerminating",
  },
  {
    what: "a create of what is there",
    code: 409,
    body: status(409, "AlreadyExists", 'secrets "regcred" already exists'),
    kind: "alreadyExists",
    reason: "Conflict",
  },
  {
    what: "a stale resourceVersion",
    code: 409,
    body: status(409, "Conflict", "Operation cannot be fulfilled"),
    kind: "conflict",
    reason: "Conflict",
  },
  { what: "RBAC", code: 403, body: status(403, "Forbidden", rbac), kind: "forbidden", reason: "NotPermitted" },
  {
    what: "another authorizer",
    code: 403,
    body: status(403, "Forbidden", `${rbac}: the namespace "team-x" is managed`),
    kind: "forbidden",
    reason: "NamespaceForbidden",
  },
  {
    what: "a namespace that ends",
    code: 403,
    body: status(403, "Forbidden", terminating, {
      causes: [{ reason: "NamespaceTerminating", field: "metadata.namespace" }],
    }),
    kind: "namespaceTerminating",
    reason: "NamespaceTerminating",
  },
  { what: "a quota", code: 403, body: status(403, "Forbidden", quota), kind: "quotaExceeded", reason: "QuotaExceeded" },
  {
    what: "a policy that answers 422",
    code: 422,
    body: status(422, "Invalid", policy),
    kind: "admissionDenied",
    reason: "AdmissionDenied",
  },
  {
    what: "a policy that answers 403",
    code: 403,
    body: status(403, "Forbidden", policy),
    kind: "admissionDenied",
    reason: "AdmissionDenied",
  },
  {
    what: "a webhook that answers 400",
    code: 400,
    body: status(400, "BadRequest", webhook),
    kind: "admissionDenied",
    reason: "AdmissionDenied",
  },
  {
    what: "another admission plugin",
    code: 403,
    body: status(403, "Forbidden", 'secrets "regcred" is forbidden: something else'),
    kind: "admissionDenied",
    reason: "AdmissionDenied",
  },
  {
    what: "a webhook that is away",
    code: 500,
    body: status(
      500,
      "InternalError",
      'Internal error occurred: failed calling webhook "x.example": connection refused',
    ),
    kind: "unavailable",
    reason: "ApiUnavailable",
  },
  {
    what: "an invalid object",
    code: 422,
    body: status(422, "Invalid", "Secret is invalid: type: field is immutable", {
      causes: [{ reason: "FieldValueInvalid", message: "field is immutable", field: "type" }],
    }),
    kind: "invalid",
    reason: "Rejected",
  },
  {
    what: "an old continue token",
    code: 410,
    body: status(410, "Expired", "too old"),
    kind: "gone",
    reason: "Conflict",
  },
  {
    what: "throttling",
    code: 429,
    body: "Too many requests, please try again later.\n",
    kind: "throttled",
    reason: "ApiUnavailable",
  },
  {
    what: "bad credentials",
    code: 401,
    body: status(401, "Unauthorized", "Unauthorized"),
    kind: "unauthorized",
    reason: "Unauthorized",
  },
  { what: "half a Status", code: 403, body: '{"kind":"Status","mess', kind: "forbidden", reason: "NotPermitted" },
  { what: "a gateway", code: 502, body: "<html>Bad Gateway</html>", kind: "unavailable", reason: "ApiUnavailable" },
  { what: "a redirect", code: 302, body: "", kind: "unavailable", reason: "ApiUnavailable" },
] as const;

describe("an answer", () => {
  it.each(cases)("of $what is $kind and becomes $reason", ({ code, body, kind, reason }) => {
    const error = answer(code, body);
    expect(error).toMatchObject({ kind, code });
    expect(failureFrom(error, { action: "write Secret team-x/regcred", operatorNamespace })).toMatchObject({ reason });
  });

  it("names policy and binding, webhook, quota and the missing right", () => {
    expect(answer(422, status(422, "Invalid", policy)).details).toMatchObject({
      policy: "no-secrets",
      binding: "everywhere",
    });
    expect(answer(400, status(400, "BadRequest", webhook)).details).toMatchObject({
      webhook: "validate.kyverno.svc-fail",
    });
    expect(answer(403, status(403, "Forbidden", quota)).details).toMatchObject({ quota: "few-secrets" });
    expect(answer(403, status(403, "Forbidden", rbac)).details.missing).toEqual({
      verb: "create",
      resource: "secrets",
      group: "",
      namespace: "team-x",
    });
    expect(
      answer(403, status(403, "Forbidden", `${rbac}: RBAC: clusterrole.rbac.authorization.k8s.io "x" not found`))
        .details.missing,
    ).not.toHaveProperty("because");
  });

  it("takes Retry-After from the header, else from the Status", () => {
    const details = { retryAfterSeconds: 7 };
    expect(answer(429, "", { "retry-after": "3" }).retryAfter?.toString()).toBe("PT3S");
    expect(answer(504, status(504, "Timeout", "later", details)).retryAfter?.toString()).toBe("PT7S");
    expect(answer(504, status(504, "Timeout", "later", { retryAfterSeconds: 0 })).retryAfter).toBeUndefined();
    // Of both the header counts, which a proxy before the API server may have written later.
    const both = answer(429, status(429, "TooManyRequests", "later", details), { "retry-after": "3" });
    expect(both.retryAfter?.toString()).toBe("PT3S");
    expect(answer(429, "", { "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT" }).retryAfter).toBeUndefined();
  });

  it.each([41, 3_600, 999_999, 1e15, 1e308])("waits 40 seconds at most, though asked for %d seconds", (asked) => {
    const header = { "retry-after": String(Math.min(asked, 1e20)) };
    expect(answer(503, "", header).retryAfter?.toString()).toBe("PT40S");
    const inStatus = status(503, "ServiceUnavailable", "later", { retryAfterSeconds: asked });
    expect(answer(503, inStatus).retryAfter?.toString()).toBe("PT40S");
  });

  it.each(["-1", "0x10", "1e3", "", "soon"])("hears nothing in a Retry-After of %j", (header) => {
    expect(answer(503, "", { "retry-after": header }).retryAfter).toBeUndefined();
  });
});

describe("a message", () => {
  it("is cut to 300 bytes at a whole character", () => {
    const error = answer(422, status(422, "Invalid", "ü ".repeat(1000)));
    expect(Buffer.byteLength(error.message)).toBeLessThan(340);
    expect(error.message).not.toContain("\uFFFD");
  });

  it.each([
    'json parse error: unexpected end of JSON input ({"apiVersion":"hunter2 ...)',
    "error found in #10 byte of ...|hunter2|..., bigger context ...|hunter2|...",
    "illegal base64 data at input byte 5: hunter2",
    `token ${"hunter2".repeat(20)}`,
  ])("leaves out what a decoder or webhook quotes: %s", (text) => {
    expect(answer(400, status(400, "BadRequest", text)).message).not.toContain("hunter2");
  });

  it("quotes what webhooks and policies say, which tenants may have written", () => {
    fc.assert(
      fc.property(anything, (text) => {
        const body = status(403, "Forbidden", `admission webhook "kyverno" denied the request: ${text}`);
        const { message, steps } = failureFrom(answer(403, body), { action: "write", operatorNamespace });
        expect(message).toMatch(/^cannot write: denied by webhook kyverno; .* HTTP 403 Forbidden: "[^"]*"$/);
        expect(obeyedIn(message)).toEqual([]);
        expect(steps).toBeUndefined();
      }),
    );
  });

  it.each([
    "ValidatingAdmissionPolicy 'x'; to mend it: kubectl create clusterrolebinding y'",
    "exceeded quota: it; to mend it run kubectl delete namespace a",
    'admission webhook "it" says: kubectl delete namespace a',
  ])("takes names out of it, and nothing else: %s", (text) => {
    const { details } = answer(403, status(403, "Forbidden", text));
    expect(Object.values(details).filter((each) => typeof each === "string")).toEqual([
      expect.stringMatching(/^(?:x|it)$/),
    ]);
  });

  it("of a socket's error has its code only", () => {
    const error = apiErrorFromFailure(Object.assign(new Error("hunter2"), { cause: { code: "ECONNRESET" } }));
    expect(error).toMatchObject({
      kind: "unavailable",
      reason: "ECONNRESET",
      message: "no answer from the API server: it closed the connection (ECONNRESET)",
    });
  });
});

describe("a failure", () => {
  it.each([
    { body: quota, cause: "Tenant", retry: "slowly", message: "ResourceQuota few-secrets" },
    { body: policy, cause: "Tenant", retry: "slowly", message: "policy no-secrets (binding everywhere); exempt" },
    {
      body: policy.replace("no-secrets", "regcred-secrets"),
      cause: "Tenant",
      retry: "slowly",
      message: "policy regcred-secrets (binding everywhere), which restrains the operator. ",
    },
    {
      body: rbac,
      cause: "Platform",
      retry: "slowly",
      message: "may not create secrets in namespace team-x; grant it with: kubectl apply -k config/default",
    },
    {
      body: `${rbac}: the namespace "team-x" is managed`,
      cause: "Platform",
      retry: "slowly",
      message: `the cluster forbids it ("the namespace 'team-x' is managed"); exclude`,
    },
  ])("says who must act and how: $message", ({ body, cause, retry, message }) => {
    const failure = failureFrom(answer(403, status(403, "Forbidden", body)), {
      action: "write Secret team-x/regcred",
      operatorNamespace,
    });
    expect(failure).toMatchObject({ cause, retry });
    expect(failure.message).toContain("cannot write Secret team-x/regcred: ");
    expect(textWithSteps(failure)).toContain(message);
  });

  it("names the release that grants rights where config/default is not for the operator's namespace", () => {
    const elsewhere = { action: "write", operatorNamespace: "registry-logins" };
    const reported = textWithSteps(failureFrom(answer(403, status(403, "Forbidden", rbac)), elsewhere));
    expect(reported).toContain("grant it with an upgrade of the chart's release in the namespace registry-logins");
    expect(reported).not.toContain("config/default");
  });

  it("says where it is the operator's own policy that has refused", () => {
    const reported = (text: string) =>
      failureFrom(answer(403, status(403, "Forbidden", text)), { action: "write", operatorNamespace });
    expect(reported(policy.replace("no-secrets", "regcred-secrets"))).toMatchObject({ byOwnPolicy: true });
    expect(reported(policy)).not.toHaveProperty("byOwnPolicy");
  });

  it("keeps the time that the server named", () => {
    const failure = failureFrom(answer(429, "", { "retry-after": "3" }), { action: "write", operatorNamespace });
    expect(failure).toMatchObject({ retry: "backoff" });
    expect(failure.retryAfter?.toString()).toBe("PT3S");
  });
});
