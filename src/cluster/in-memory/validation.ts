// Validation of Secrets, as in kubernetes/pkg/apis/core/validation/validation.go, ValidateSecret and its update.
import { configPlaces } from "../../registry/docker-config.ts";
import { isDeepStrictEqual } from "node:util";
import type { ApiError } from "../../runtime/client/api-error.ts";
import { unprocessable } from "./denials.ts";

interface Secret {
  readonly metadata: { readonly name: string };
  readonly type?: unknown;
  readonly data?: unknown;
  readonly immutable?: unknown;
}

// MaxSecretSize
const maxBytes = 1024 * 1024;

/** @param before the Secret that it replaces */
export function secretProblem(secret: Secret, before?: Secret): ApiError | undefined {
  const { name } = secret.metadata;
  const problem = (field: string, why: string): ApiError => unprocessable("Secret", name, field, why);
  const { type = "Opaque" } = secret;
  if (before && type !== (before.type ?? "Opaque")) return problem("type", "Invalid value: field is immutable");
  if (before?.immutable === true) {
    const is = "field is immutable when `immutable` is set";
    if (secret.immutable !== true) return problem("immutable", is);
    if (!isDeepStrictEqual(secret.data ?? {}, before.data ?? {})) return problem("data", is);
  }
  const data = (secret.data ?? {}) as Readonly<Record<string, unknown>>;
  let bytes = 0;
  for (const [key, value] of Object.entries(data)) {
    if (!/^[-._a-zA-Z0-9]{1,253}$/.test(key)) return problem(`data[${key}]`, "Invalid value");
    if (typeof value !== "string") return problem(`data[${key}]`, "Invalid value: no string");
    bytes += Buffer.from(value, "base64").length;
  }
  if (bytes > maxBytes) return problem("data", `Too long: may not be more than ${maxBytes} bytes`);
  const key = configPlaces[String(type)]?.key;
  if (key === undefined) return undefined;
  const config = data[key];
  if (typeof config !== "string") return problem(`data[${key}]`, "Required value");
  return isJson(Buffer.from(config, "base64").toString())
    ? undefined
    : problem(`data[${key}]`, "Invalid value: <secret contents redacted>: invalid character");
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
