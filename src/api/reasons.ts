// Reasons of failures, conditions and Events: for each failure who can fix it and when it is tried again.
import type { Cause, Failure, Retry } from "../runtime/errors.ts";

interface ReasonRow {
  /** Who can fix it. Where a placeholder or a tenant's own object brought the value about, the place says Tenant. */
  readonly cause?: Cause;
  /** Left out: nothing fails for it, it only says how things are. */
  readonly retry?: Retry;
  /** The entry fails before the provider has any identity to ask with: nothing has been sent to the cloud. */
  readonly beforeIdentity?: true;
  /** It passes by itself in a moment. */
  readonly passing?: true;
  /** Whatever its cause: the platform keeps what refuses, and grants exemptions. */
  readonly exemptible?: true;
  /** What refuses goes by the object as it stands, which its tenant may have made so. */
  readonly byObject?: true;
  /** Nothing of ours is in the Secret that it is about. */
  readonly noneOfOurs?: true;
  /** Of what could not be read nobody knows what it holds. */
  readonly unread?: true;
  /** What it is about may not be seen: nobody knows whether it is there. */
  readonly unseen?: true;
  /** The cloud asks for fewer calls of whoever has asked: it counts, and it spares the identity. */
  readonly throttled?: true;
  /** Somebody undoes again and again what is written. */
  readonly contested?: true;
  /** The API server is away or not ready: it is waited for. */
  readonly away?: true;
  /** Nobody lacks a login for it. */
  readonly harmless?: true;
  /** Work that goes on by itself is no news: no Event tells of it. */
  readonly unreported?: true;
  /** What a person has to make, where the reason alone says so. */
  readonly cure?: Cure;
}

/** What is missing, or to be brought up to date. */
export type Cure = "source" | "certificates" | "kind" | "consent" | "account";

const informational = {} as const satisfies ReasonRow;
const platformOnChange = { cause: "Platform", retry: "on-change" } as const satisfies ReasonRow;
const platformSlowly = { cause: "Platform", retry: "slowly" } as const satisfies ReasonRow;
const platformBackoff = { cause: "Platform", retry: "backoff" } as const satisfies ReasonRow;
const tenantOnChange = { cause: "Tenant", retry: "on-change" } as const satisfies ReasonRow;
const tenantSlowly = { cause: "Tenant", retry: "slowly" } as const satisfies ReasonRow;

/** As docs/operations.md explains them, in its order. */
export const reasons = {
  // All is well, or work is under way.
  Served: informational,
  Distributed: informational,
  Fresh: informational,
  NoNamespaceSelected: informational,
  Progressing: { unreported: true },
  Pending: { unreported: true },
  TokenPending: { ...platformBackoff, passing: true },
  Suspended: { unreported: true },
  Deleting: { unreported: true },
  Draining: platformBackoff,
  ReferencesPending: platformOnChange,
  NamespaceTerminating: tenantOnChange,
  Conflict: platformBackoff,
  // Sources.
  SourceMissing: { ...platformOnChange, cure: "source" },
  SourceInvalid: platformOnChange,
  SourceNotAllowed: platformOnChange,
  SourceRefused: platformOnChange,
  SourceTooLarge: platformOnChange,
  SourceExpired: platformOnChange,
  HostMissing: platformOnChange,
  TokenExpired: platformBackoff,
  Expired: informational,
  // Cloud registries.
  Denied: platformSlowly,
  NotPropagated: platformBackoff,
  Throttled: { ...platformBackoff, throttled: true },
  RateLimited: platformBackoff,
  CloudUnavailable: platformBackoff,
  InvalidAnswer: platformBackoff,
  VerificationDenied: platformSlowly,
  IdentityMissing: { ...platformOnChange, beforeIdentity: true },
  IdentityInvalid: { ...platformOnChange, beforeIdentity: true },
  IdentityExpired: platformSlowly,
  IdentityUnsupported: platformOnChange,
  NoOperatorIdentity: platformBackoff,
  ServiceAccountMissing: { ...platformOnChange, beforeIdentity: true, cure: "account" },
  ServiceAccountChanged: { ...platformBackoff, beforeIdentity: true },
  StaleServiceAccountToken: platformBackoff,
  ConsentMissing: { ...tenantSlowly, beforeIdentity: true, cure: "consent" },
  InvalidHost: platformOnChange,
  MissingRole: platformOnChange,
  InvalidRoleARN: platformOnChange,
  InvalidExternalID: platformOnChange,
  InvalidAudience: { ...platformOnChange, beforeIdentity: true },
  MissingClientID: platformOnChange,
  InvalidClientID: platformOnChange,
  MissingTenantID: platformOnChange,
  InvalidTenantID: platformOnChange,
  InvalidRepository: platformOnChange,
  InvalidServiceAccountEmail: platformOnChange,
  InvalidWorkloadIdentityProvider: platformOnChange,
  MissingWorkloadIdentityProvider: platformBackoff,
  InvalidScope: platformOnChange,
  MissingTrustedProfile: platformOnChange,
  InvalidTrustedProfile: platformOnChange,
  InvalidTokenExchange: platformOnChange,
  EndpointNotAllowed: platformSlowly,
  AddressNotAllowed: platformSlowly,
  RedirectRefused: platformSlowly,
  ResponseTooLarge: platformSlowly,
  CAMissing: { ...platformOnChange, cure: "certificates" },
  CAInvalid: platformSlowly,
  // Namespaces and their Secrets.
  MissingLabel: tenantOnChange,
  InvalidSecretName: platformOnChange,
  SecretConflict: tenantOnChange,
  SecretCopied: { ...tenantOnChange, noneOfOurs: true },
  SecretNameReserved: platformOnChange,
  DeletionPending: tenantOnChange,
  HostShadowed: { ...platformOnChange, harmless: true },
  PodEvicted: informational,
  ConfigTooLarge: platformOnChange,
  TooLarge: { ...tenantOnChange, unread: true },
  MintBudget: tenantOnChange,
  ShareReached: informational,
  Contested: { ...tenantOnChange, contested: true },
  InvalidSpec: informational,
  // The API server.
  QuotaExceeded: tenantSlowly,
  AdmissionDenied: { ...tenantSlowly, exemptible: true },
  NamespaceForbidden: platformSlowly,
  NotPermitted: { ...platformSlowly, beforeIdentity: true, unseen: true },
  Rejected: { ...platformSlowly, byObject: true },
  Unauthorized: platformBackoff,
  ApiUnavailable: { ...platformBackoff, away: true },
  CRDOutdated: { ...platformOnChange, cure: "kind" },
  DeadlineExceeded: platformBackoff,
  InternalError: platformBackoff,
  // At the start.
  CredentialsUnreadable: platformBackoff,
  ProxyUnusable: platformOnChange,
  NoCluster: platformOnChange,
  AudienceOverlap: platformSlowly,
  NotInstalled: platformSlowly,
  NamespaceMissing: platformSlowly,
  MetricsAddressUnusable: platformSlowly,
  CertificateUnreadable: platformSlowly,
  HealthAddressUnusable: platformSlowly,
  Stopped: platformOnChange,
  // While it runs.
  AnotherInstall: platformBackoff,
  LeaseLost: platformBackoff,
  // Held.
  TooManyNamespaces: informational,
  NamespacesRelabelled: informational,
  FormerLoginKept: informational,
  // What only `explain` says.
  NotSelected: informational,
  NoEntry: informational,
  Unobserved: informational,
  ReferencesOff: informational,
  ReferenceMissing: informational,
  PodTooEarly: informational,
  OtherReferences: informational,
  InvalidImage: informational,
} as const satisfies Readonly<Record<string, ReasonRow>>;

export type Reason = keyof typeof reasons;

/** Those that something fails for. */
export type FailureReason = {
  [R in Reason]: (typeof reasons)[R] extends { readonly retry: Retry } ? R : never;
}[Reason];

/** What a place adds to the row of its reason: the message, and whatever differs there. */
type Details = Omit<Failure, "reason" | "cause" | "retry"> & Partial<Pick<Failure, "cause" | "retry">>;

export function failure(reason: FailureReason, details: Details): Failure & { readonly reason: FailureReason } {
  return { reason, ...reasons[reason], ...details };
}

export function isReason(reason: string): reason is Reason {
  return Object.hasOwn(reasons, reason);
}

/** It failed before there was anything to ask a cloud with. */
export function isBeforeIdentity(failure: Pick<Failure, "reason">): boolean {
  return hasTrait(failure, "beforeIdentity");
}

/** As its row in the table says; a reason that is not there has none. */
export function hasTrait(
  { reason }: Pick<Failure, "reason">,
  trait: Exclude<keyof ReasonRow, "cause" | "retry" | "cure">,
): boolean {
  return rowOf(reason)[trait] === true;
}

/** What is to be made; undefined where the reason does not say. */
export function cureOf(reason: string): Cure | undefined {
  return rowOf(reason).cure;
}

function rowOf(reason: string): ReasonRow {
  return isReason(reason) ? reasons[reason] : informational;
}

/** It is the tenant's to mend, and nobody else's. */
export function isForTenant(failure: Pick<Failure, "reason" | "cause">): boolean {
  return failure.cause === "Tenant" && !hasTrait(failure, "exemptible");
}
