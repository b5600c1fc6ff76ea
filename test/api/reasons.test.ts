// Tests of the table of reasons: each failure has the cause and retry of its reason, even where the table cannot be asked.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cureOf, failure, hasTrait, isBeforeIdentity, isForTenant, isReason, reasons } from "../../src/api/reasons.ts";

const root = join(import.meta.dirname, "../..");

/** A failure that is written out. */
const literal = /reason: "(\w+)",\s*cause: "(\w+)",(?:[^{}]|\{[^{}]*\})*?retry: "([\w-]+)"/g;

const words = (text: string): string => text.trim().split(/\s+/).join(" ");

describe("a failure", () => {
  it("has the cause and the retry of its reason", () => {
    expect(failure("QuotaExceeded", { message: "full" })).toEqual({
      reason: "QuotaExceeded",
      cause: "Tenant",
      retry: "slowly",
      message: "full",
    });
  });

  it("has another where the place says so", () => {
    const made = failure("SourceMissing", { message: "it is not there", cause: "Tenant" });
    expect(made).toMatchObject({ cause: "Tenant", retry: "on-change" });
  });

  it("is before any identity for reasons that a tenant brings about without a cloud", () => {
    const early = Object.keys(reasons).filter((reason) => isBeforeIdentity({ reason }));
    expect(early).toEqual([
      "IdentityMissing",
      "IdentityInvalid",
      "ServiceAccountMissing",
      "ServiceAccountChanged",
      "ConsentMissing",
      "InvalidAudience",
      "NotPermitted",
    ]);
    expect(isBeforeIdentity({ reason: "toString" })).toBe(false);
  });

  it("is for its tenant to mend unless the platform keeps what refuses", () => {
    const ofTenant = Object.entries(reasons).filter(([, row]) => "cause" in row && row.cause === "Tenant");
    const forPlatform = ofTenant.filter(([reason]) => !isForTenant({ reason, cause: "Tenant" }));
    expect(forPlatform.map(([reason]) => reason)).toEqual(["AdmissionDenied"]);
    expect(isForTenant({ reason: "SecretConflict", cause: "Platform" })).toBe(false);
  });

  it("has no trait that its row does not name, and none for a reason that nobody knows", () => {
    expect(hasTrait({ reason: "TokenPending" }, "passing")).toBe(true);
    expect(hasTrait({ reason: "Conflict" }, "passing")).toBe(false);
    expect(hasTrait({ reason: "toString" }, "passing")).toBe(false);
  });

  it.each([
    ["passing", "TokenPending"],
    ["exemptible", "AdmissionDenied"],
    ["byObject", "Rejected"],
    ["noneOfOurs", "SecretCopied"],
    ["unread", "TooLarge"],
    ["unseen", "NotPermitted"],
    ["throttled", "Throttled"],
    ["contested", "Contested"],
    ["away", "ApiUnavailable"],
    ["harmless", "HostShadowed"],
    ["unreported", "Progressing Pending Suspended Deleting"],
  ] as const)("is %s: %s", (trait, such) => {
    const having = Object.keys(reasons).filter((reason) => hasTrait({ reason }, trait));
    expect(having.join(" ")).toBe(such);
  });

  it("says by its reason what is to be made, or not at all", () => {
    const cured = Object.keys(reasons).flatMap((reason) => {
      const cure = cureOf(reason);
      return cure === undefined ? [] : [`${reason}: ${cure}`];
    });
    expect(cured).toEqual([
      "SourceMissing: source",
      "ServiceAccountMissing: account",
      "ConsentMissing: consent",
      "CAMissing: certificates",
      "CRDOutdated: kind",
    ]);
    expect(cureOf("toString")).toBeUndefined();
  });

  it("decides nothing by the text of its reason: the table has a trait for it", () => {
    const byText = /\breason\)? (?:===|!==) "[A-Z]|switch \((?:\w+\.)*reason\)/;
    expect('if (failure.reason === "Throttled") return').toMatch(byText);
    const places = globSync("src/**/*.ts", { cwd: root, exclude: ["src/runtime/**"] }).flatMap((path) =>
      readFileSync(join(root, path), "utf8")
        .split("\n")
        .flatMap((line) => (byText.test(line) ? [`${path}: ${line.trim()}`] : [])),
    );
    // What `kubectl apply` says of a refusal is the API server's word, not ours.
    expect(places.filter((place) => !place.startsWith("src/cli/plan/denial.ts: "))).toEqual([]);
  });

  it("is made from the table by whoever can see it", () => {
    const byHand = globSync("src/controllers/**/*.ts", { cwd: root }).filter((path) =>
      new RegExp(literal, "").test(readFileSync(join(root, path), "utf8")),
    );
    expect(byHand).toEqual([]);
  });

  it("is the tenant's to fix, or the platform's, and comes back as here: a change of this is news to who must act", () => {
    const rows = Object.entries<object & { readonly cause?: string; readonly retry?: string }>(reasons);
    const of = (cause: string, retry: string): string =>
      rows
        .filter(([, row]) => row.cause === cause && row.retry === retry)
        .map(([reason]) => reason)
        .join(" ");
    expect(of("Platform", "backoff")).toBe(
      words(`
      TokenPending Draining Conflict TokenExpired NotPropagated Throttled RateLimited CloudUnavailable
      InvalidAnswer NoOperatorIdentity ServiceAccountChanged StaleServiceAccountToken
      MissingWorkloadIdentityProvider Unauthorized ApiUnavailable DeadlineExceeded InternalError
      CredentialsUnreadable AnotherInstall LeaseLost
    `),
    );
    expect(of("Platform", "on-change")).toBe(
      words(`
      ReferencesPending SourceMissing SourceInvalid SourceNotAllowed SourceRefused SourceTooLarge
      SourceExpired HostMissing IdentityMissing IdentityInvalid IdentityUnsupported ServiceAccountMissing
      InvalidHost MissingRole InvalidRoleARN InvalidExternalID InvalidAudience MissingClientID InvalidClientID
      MissingTenantID InvalidTenantID InvalidRepository InvalidServiceAccountEmail
      InvalidWorkloadIdentityProvider InvalidScope MissingTrustedProfile InvalidTrustedProfile
      InvalidTokenExchange CAMissing InvalidSecretName SecretNameReserved HostShadowed ConfigTooLarge
      CRDOutdated ProxyUnusable NoCluster Stopped
    `),
    );
    expect(of("Tenant", "on-change")).toBe(
      words(`
      NamespaceTerminating MissingLabel SecretConflict SecretCopied DeletionPending TooLarge MintBudget
      Contested
    `),
    );
    expect(of("Platform", "slowly")).toBe(
      words(`
      Denied VerificationDenied IdentityExpired EndpointNotAllowed AddressNotAllowed RedirectRefused
      ResponseTooLarge CAInvalid NamespaceForbidden NotPermitted Rejected AudienceOverlap NotInstalled
      NamespaceMissing MetricsAddressUnusable CertificateUnreadable HealthAddressUnusable
    `),
    );
    expect(of("Tenant", "slowly")).toBe(
      words(`
      ConsentMissing QuotaExceeded AdmissionDenied
    `),
    );
  });

  it("of the runtime, which knows no table, is as the table has it", () => {
    const found = globSync("src/runtime/**/*.ts", { cwd: root }).flatMap((path) =>
      [...readFileSync(join(root, path), "utf8").matchAll(literal)].map(([, reason = "", cause, retry]) => ({
        reason,
        cause,
        retry,
      })),
    );
    // Where the API server does not take the credentials at the start, a person must log in: nothing tells when.
    const others = found.filter(({ reason, retry }) => !(reason === "Unauthorized" && retry === "slowly"));
    expect(others.length).toBeGreaterThan(4);
    for (const { reason, cause, retry } of others) {
      expect(isReason(reason) && { reason, ...reasons[reason] }).toMatchObject({ reason, cause, retry });
    }
  });
});
