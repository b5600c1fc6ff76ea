// Which entries does a pull Secret hold, as its annotation tells?
import { entriesAnnotation } from "../../api/names.ts";
import { timeOfText } from "../../runtime/foreign-numbers.ts";
import { isObjectName } from "../../cluster/object-name.ts";

export interface WrittenEntry {
  /** CREDENTIAL/ENTRY */
  readonly name: string;
  readonly grantKey: string;
  /** Canonical. */
  readonly hosts: readonly string[];
  readonly expiresAt: Temporal.Instant | undefined;
}

/** Undefined for a Secret that is not ours; nothing for an annotation that a tenant has made unreadable. */
export function writtenEntries(annotations: Readonly<Record<string, string>>): readonly WrittenEntry[] | undefined {
  const text = annotations[entriesAnnotation];
  if (text === undefined) return undefined;
  try {
    const entries: unknown = JSON.parse(text);
    return Array.isArray(entries) ? entries.flatMap(entryFrom) : [];
  } catch {
    return [];
  }
}

function isEntryName(text: string): boolean {
  const [credential = "", entry = "", ...more] = text.split("/");
  return isObjectName(credential) && isObjectName(entry) && more.length === 0;
}

function entryFrom(entry: unknown): WrittenEntry[] {
  const { name, grant, hosts, expires } = Object(entry) as Readonly<Record<string, unknown>>;
  // A tenant may have written it: what is no name of an entry is none of ours.
  if (typeof name !== "string" || !isEntryName(name) || !Array.isArray(hosts)) return [];
  const expiresAt = typeof expires === "string" ? timeOfText(expires) : undefined;
  if (expires !== undefined && expiresAt === undefined) return [];
  return [
    {
      name,
      grantKey: typeof grant === "string" ? grant : "",
      hosts: hosts.filter((host) => typeof host === "string"),
      expiresAt,
    },
  ];
}
