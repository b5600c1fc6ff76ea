// Transform of a Secret that may be a source, or that holds a token.
import { configPlaces } from "../../registry/docker-config.ts";
import {
  expiresAtAnnotation,
  managedBy,
  managedByLabel,
  membersSecretType,
  sourceLabel,
  tokenSecretType,
} from "../../api/names.ts";
import { membersPartOf } from "../member-rows.ts";
import type { OperatorSecretRecord, SourceRecord } from "../records.ts";
import type { Token } from "../token.ts";
import { Redacted } from "../../runtime/redacted.ts";
import { textOfBase64 } from "../../runtime/base64.ts";
import {
  annotationsOf,
  boundedWord,
  fields,
  identityOf,
  labelsOf,
  optional,
  stringMap,
} from "../../runtime/watch/object-meta.ts";

/** Types in which a login may be kept: docs/design.md. Others (a Helm release may have 1 MiB) are not even kept in memory. */
const sourceTypes = new Set(["Opaque", "kubernetes.io/basic-auth", ...Object.keys(configPlaces)]);
/** A source becomes part of a pull Secret, which is held under 64 KiB; base64 makes 4 characters of 3 bytes. */
const longestData = Math.ceil((64 * 1024 * 4) / 3);

export type TokenReader = (data: Readonly<Record<string, string>>, revision: string) => Token | undefined;

export function transformOperatorSecret(readToken: TokenReader): (raw: unknown) => OperatorSecretRecord {
  return (raw) => {
    const { key, namespace, name, uid, resourceVersion } = identityOf(raw);
    const secret = fields(raw, "Secret");
    const type = optional(secret, "type") ?? "Opaque";
    const data = stringMap(secret["data"], "data");
    const record = { key, resourceVersion, namespace, name, uid };
    if (type === tokenSecretType) return { ...record, kind: "token", token: readToken(data, resourceVersion) };
    const part = type === membersSecretType ? membersPartOf(name) : undefined;
    if (part) return { ...record, kind: "members", part, data };
    const labels = labelsOf(raw);
    if (!sourceTypes.has(type) || labels[managedByLabel] === managedBy)
      return { ...record, kind: "other", type: boundedWord(type) };
    const expiresAt = annotationsOf(raw)[expiresAtAnnotation];
    return {
      ...record,
      kind: "source",
      type,
      ...decoded(data),
      offered: labels[sourceLabel] === "true",
      expiresAt: expiresAt === undefined ? undefined : boundedWord(expiresAt),
    };
  };
}

function decoded(data: Readonly<Record<string, string>>): Pick<SourceRecord, "values" | "unreadable"> {
  const entries = Object.entries(data);
  if (entries.reduce((total, [name, value]) => total + name.length + value.length, 0) > longestData)
    return { values: undefined };
  const texts = entries.map(([key, value]) => [key, textOfBase64(value)] as const);
  const unreadable = texts.flatMap(([key, text]) => (text === undefined ? [key] : []));
  return {
    values: Object.fromEntries(texts.map(([key, text]) => [key, new Redacted(text ?? "")])),
    ...(unreadable.length > 0 && { unreadable }),
  };
}
