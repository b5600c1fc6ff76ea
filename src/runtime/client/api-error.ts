// ApiError: the kinds of refusals of the API server, and what of their text may be shown.
import { membersOf } from "../json-object.ts";
import type { IncomingHttpHeaders } from "node:http";
import { boundedSeconds, bounds } from "../foreign-numbers.ts";
import { foreignText, quotedText } from "../foreign-text.ts";
import { errorCode, isDistrust, noAnswerText } from "../network/no-answer.ts";
import { ProxyError } from "../network/proxy-error.ts";
import { denialNames } from "./denial-names.ts";

export type ApiErrorKind =
  /** The object, or the whole resource, is not there. */
  | "notFound"
  /** The namespace that the object should live in is not there. */
  | "namespaceNotFound"
  | "alreadyExists"
  /** Somebody else wrote first, or a precondition (uid, resourceVersion) failed. */
  | "conflict"
  /** RBAC, or another authorizer, says no. */
  | "forbidden"
  | "namespaceTerminating"
  | "quotaExceeded"
  /** An admission policy, webhook or plugin says no. */
  | "admissionDenied"
  /** The server understood and will never accept this. */
  | "invalid"
  /** The resourceVersion or the continue token is too old: list again. */
  | "gone"
  | "throttled"
  | "unauthorized"
  /** A whole answer that cannot be read. */
  | "malformed"
  /** An object that is larger than anything that is read of its kind. */
  | "tooLarge"
  /** No answer, half an answer, or an answer that says: not now. */
  | "unavailable";

interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** The right that an authorizer found missing. */
export interface MissingPermission {
  readonly verb: string;
  /** `secrets` or `serviceaccounts/token`. */
  readonly resource: string;
  readonly group: string;
  readonly namespace?: string;
  /** What an authorizer other than RBAC gives as its reason. */
  readonly because?: string;
}

export interface ApiErrorDetails {
  /** Admission policy that denied, with its binding. */
  readonly policy?: string;
  readonly binding?: string;
  /** Admission webhook that denied, or that could not be reached. */
  readonly webhook?: string;
  readonly quota?: string;
  readonly missing?: MissingPermission;
  readonly causes: readonly StatusCause[];
}

interface ApiErrorFields {
  readonly kind: ApiErrorKind;
  readonly code?: number;
  readonly reason?: string;
  readonly retryAfter?: Temporal.Duration;
  readonly details: ApiErrorDetails;
  readonly message: string;
}

/** A refused or failed call to the API server. Its message never holds the request and is short enough for a condition. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly kind: ApiErrorKind;
  /** HTTP status; absent when no whole answer came. */
  readonly code?: number;
  /** `Status.reason`, or the code of the socket error, such as ECONNREFUSED. */
  readonly reason?: string;
  readonly retryAfter?: Temporal.Duration;
  readonly details: ApiErrorDetails;

  constructor(fields: ApiErrorFields) {
    super(fields.message);
    this.kind = fields.kind;
    if (fields.code !== undefined) this.code = fields.code;
    if (fields.reason !== undefined) this.reason = fields.reason;
    if (fields.retryAfter) this.retryAfter = fields.retryAfter;
    this.details = fields.details;
  }
}

/** An answer outside 2xx. `body` may be a Status, any text, or half of either. */
export interface RefusedAnswer {
  readonly code: number;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

// Characters; a sentence is shorter, and what quotes an object says nothing more after it.
const longestRead = 4096;

/** Reads a refusal: a Status where there is one, else the HTTP status alone. */
export function apiErrorFromAnswer({ code, body, headers }: RefusedAnswer): ApiError {
  const status = statusFrom(body);
  const text = (status?.message ?? "").slice(0, longestRead);
  const causes = status?.causes ?? [];
  const names = denialNames(text);
  const missing = missingPermission(text);
  const kind = kindOf({
    code,
    reason: status?.reason ?? "",
    text,
    causes,
    denied: names.policy !== undefined || (names.webhook !== undefined && code < 500),
    quota: names.quota !== undefined,
    missing: missing !== undefined,
    ofNamespace: status?.kind === "namespaces",
  });
  // Seconds, the first of them: a date is a proxy's, and its clock nobody knows.
  const [written = ""] = [headers["retry-after"]].flat();
  const retryAfter = apiWait(written.split(",")[0]?.trim()) ?? apiWait(status?.retryAfterSeconds);
  return new ApiError({
    kind,
    code,
    ...(status?.reason ? { reason: status.reason } : {}),
    ...(retryAfter ? { retryAfter } : {}),
    details: {
      ...names,
      ...(missing ? { missing } : {}),
      causes,
    },
    message: `HTTP ${code}${status?.reason ? ` ${status.reason}` : ""}${text ? `: ${quotedText(speakable(text), longestMessage)}` : ""}`,
  });
}

/** No answer, or one that broke off: a socket error, a timeout, an error of undici. Its message is not repeated, only its code. */
export function apiErrorFromFailure(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof ProxyError) return unavailable(`no answer from the API server: ${error.message}`, error.code);
  const reason = errorCode(error) ?? nameOf(error) ?? "unknown";
  const why = noAnswerText(reason);
  return unavailable(
    isDistrust(reason)
      ? `the API server shows a certificate that is not trusted: ${why}`
      : `no answer from the API server: ${why}`,
    reason,
  );
}

/** A whole answer came, and `what` is wrong with it. */
export function malformed(what: string): ApiError {
  return new ApiError({ kind: "malformed", details: { causes: [] }, message: what });
}

/** An object came, and `what` of it is too large to be read. */
export function tooLargeError(what: string): ApiError {
  return new ApiError({ kind: "tooLarge", details: { causes: [] }, message: what });
}

/** `what` happened instead of a whole answer. */
export function unavailable(what: string, reason: string): ApiError {
  return new ApiError({ kind: "unavailable", reason, details: { causes: [] }, message: what });
}

interface Signs {
  readonly code: number;
  readonly reason: string;
  readonly text: string;
  readonly causes: readonly StatusCause[];
  readonly denied: boolean;
  readonly quota: boolean;
  readonly missing: boolean;
  readonly ofNamespace: boolean;
}

function kindOf(signs: Signs): ApiErrorKind {
  // A policy's denial arrives as 422 and a webhook's with whatever code it likes: the sentence decides, not the code.
  if (signs.denied) return "admissionDenied";
  switch (signs.code) {
    case 401:
      return "unauthorized";
    case 403:
      // k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go
      if (signs.causes.some((cause) => cause.reason === "NamespaceTerminating")) return "namespaceTerminating";
      if (signs.quota) return "quotaExceeded";
      // Every other admission plugin answers 403 without the sentence of an authorizer.
      return signs.missing || signs.reason === "" ? "forbidden" : "admissionDenied";
    case 404:
      return signs.ofNamespace ? "namespaceNotFound" : "notFound";
    case 409:
      return signs.reason === "AlreadyExists" ? "alreadyExists" : "conflict";
    case 410:
      return "gone";
    case 429:
      return "throttled";
    // Request timeout: https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#StatusReason
    case 408:
      return "unavailable";
    default:
      return signs.code >= 400 && signs.code < 500 ? "invalid" : "unavailable";
  }
}

// k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go, forbiddenMessage
const authorizerSentence =
  /cannot (\w{1,63}) resource "([\w./-]{1,253})" in API group "([\w.-]{0,253})"(?: in the namespace "([\w.-]{1,253})"| at the cluster scope)?(?:: (.+))?/s;

function missingPermission(text: string): MissingPermission | undefined {
  const [, verb, resource, group, namespace, because] = authorizerSentence.exec(text) ?? [];
  if (verb === undefined || resource === undefined || group === undefined) return undefined;
  return {
    verb,
    resource,
    group,
    ...(namespace ? { namespace } : {}),
    // RBAC gives a reason only for roles that it could not resolve, which is still RBAC.
    ...(because && !because.startsWith("RBAC:") ? { because: speakable(because) } : {}),
  };
}

interface ParsedStatus {
  readonly reason: string;
  readonly message: string;
  readonly kind: string;
  readonly causes: readonly StatusCause[];
  readonly retryAfterSeconds: unknown;
}

function statusFrom(body: string): ParsedStatus | undefined {
  const parsed = parsedRecord(body);
  if (parsed?.["kind"] !== "Status") return undefined;
  const details = membersOf(parsed["details"]);
  const causes = Array.isArray(details["causes"]) ? details["causes"] : [];
  return {
    reason: foreignText(stringFrom(parsed["reason"])),
    message: stringFrom(parsed["message"]),
    kind: stringFrom(details["kind"]),
    causes: causes.slice(0, maxCauses).map((cause: unknown) => {
      const { reason, message, field } = membersOf(cause);
      return {
        reason: stringFrom(reason),
        message: speakable(stringFrom(message)),
        field: speakable(stringFrom(field)),
      };
    }),
    retryAfterSeconds: details["retryAfterSeconds"],
  };
}

// A condition shows a few; the rest is of no use to a reader.
const maxCauses = 8;

// A sentence fits, a quoted object does not; events.k8s.io allows 1,024 for a whole note, which may hold more than this.
const longestMessage = 300;
// No Kubernetes name has more characters between dots (RFC 1123 label: 63), but keys, tokens and base64 data have.
const blob = /[A-Za-z0-9+/=_-]{64,}/g;

/** The text of a server as far as it may be shown: validation errors and webhooks quote what users, or we, have sent. */
function speakable(text: string): string {
  // Decoders quote the bytes at which they stumbled.
  const decoder = /error found in|bigger context|illegal base64|json parse error|json: |yaml: /.exec(text);
  const kept = (decoder ? `${text.slice(0, decoder.index)}…` : text).replaceAll(blob, "…");
  const shown = foreignText(kept, longestMessage);
  const bytes = Buffer.from(shown);
  if (bytes.length <= longestMessage) return shown;
  // Half a character at the cut decodes to U+FFFD.
  return `${bytes
    .subarray(0, longestMessage)
    .toString()
    .replace(/\uFFFD+$/, "")}…`;
}

/** Undefined also for 0, with which Go writes that there is none. */
function apiWait(seconds: unknown): Temporal.Duration | undefined {
  const wait = boundedSeconds(seconds, bounds.apiWait);
  return wait?.sign === 1 ? wait : undefined;
}

function parsedRecord(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return membersOf(JSON.parse(body));
  } catch {
    return undefined;
  }
}

function stringFrom(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function nameOf(error: unknown): string | undefined {
  const { name } = membersOf(error);
  return typeof name === "string" ? name : undefined;
}
