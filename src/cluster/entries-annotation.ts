// The annotation regcred.dev/entries: who serves which host of a pull Secret until when; written, and read again.
import { entriesAnnotation } from "../api/names.ts";
import { timeOfText } from "../runtime/foreign-numbers.ts";
import { isObjectName } from "./object-name.ts";

/** A host of a pull Secret, and whose it is. */
export interface EntryHost {
  readonly credential: string;
  readonly entry: string;
  readonly grantKey: string;
  readonly host: string;
  /** Undefined: the credential names no end. */
  readonly expiresAt: Temporal.Instant | undefined;
}

/** One item of the annotation, as far as it is read again. */
export interface Recorded {
  /** CREDENTIAL/ENTRY. */
  readonly name: string;
  readonly grantKey: string;
  readonly hosts: readonly string[];
  readonly expiresAt: Temporal.Instant | undefined;
}

/**
 * For the tenant to read. An entry whose hosts need several tokens is listed once for each. In the order of names: that of claims
 * changes with who had a claim before, and would be no reason to write anything.
 */
export function entriesText(named: readonly EntryHost[]): string {
  const entries = new Map<string, { name: string; grant: string; hosts: string[]; expires?: string }>();
  for (const { credential, entry, grantKey, host, expiresAt } of named) {
    const name = `${credential}/${entry}`;
    const known = entries.get(`${name} ${grantKey}`);
    if (known) known.hosts.push(host);
    else {
      entries.set(`${name} ${grantKey}`, {
        name,
        grant: grantKey,
        hosts: [host],
        ...(expiresAt && { expires: expiresAt.toString({ smallestUnit: "second" }) }),
      });
    }
  }
  const inOrder = [...entries].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify(inOrder.map(([, each]) => ({ ...each, hosts: each.hosts.toSorted() })));
}

/**
 * Hosts of one pull Secret, over all entries. 1 MiB, the most of --max-config-bytes, holds no more logins with tokens of 150
 * characters; what a tenant adds is not read.
 */
export const maxNamedHosts = 4096;

/**
 * The API server takes 256 KiB of annotations, among them those of others, and under Merge the hosts once more:
 * TotalAnnotationSizeLimitB in apimachinery/pkg/api/validation/objectmeta.go.
 */
export const maxNamedBytes = 112 * 1024;

/** Tenants can edit the annotation: what cannot be read names nothing. */
export function recordedEntries(annotation: string | undefined): readonly Recorded[] {
  try {
    const entries: unknown = JSON.parse(annotation ?? "[]");
    return Array.isArray(entries) ? withinBound(entries.slice(0, maxNamedHosts).flatMap(recorded)) : [];
  } catch {
    return [];
  }
}

/** Of them what a person is shown: names that entries can have. Undefined for a Secret that has no such annotation, so is not ours. */
export function shownEntries(annotations: Readonly<Record<string, string>>): readonly Recorded[] | undefined {
  const text = annotations[entriesAnnotation];
  return text === undefined ? undefined : recordedEntries(text).filter(({ name }) => isEntryName(name));
}

/** Whether it names a grant that is none of these. */
export function namesOtherGrants(annotation: string | undefined, grants: ReadonlySet<string | undefined>): boolean {
  return recordedEntries(annotation).some(({ grantKey }) => !grants.has(grantKey));
}

/** Of the credential's entries the first end; undefined where none is named, or for anything unreadable. */
export function earliestEnd(annotation: string, credential: string): Temporal.Instant | undefined {
  return recordedEntries(annotation)
    .flatMap(({ name, expiresAt }) => (expiresAt && name.startsWith(`${credential}/`) ? [expiresAt] : []))
    .toSorted((one, other) => Temporal.Instant.compare(one, other))[0];
}

function isEntryName(text: string): boolean {
  const [credential = "", entry = "", ...more] = text.split("/");
  return isObjectName(credential) && isObjectName(entry) && more.length === 0;
}

/** All hosts together: many short lists are a long one. */
function withinBound(entries: readonly Recorded[]): readonly Recorded[] {
  let room = maxNamedHosts;
  return entries.map((entry) => {
    const hosts = entry.hosts.slice(0, room);
    room -= hosts.length;
    return { ...entry, hosts };
  });
}

function recorded(entry: unknown): readonly Recorded[] {
  const { name, grant, hosts, expires } = Object(entry) as Record<string, unknown>;
  if (typeof name !== "string" || typeof grant !== "string" || !Array.isArray(hosts)) return [];
  const expiresAt = typeof expires === "string" ? timeOfText(expires) : undefined;
  if (expires !== undefined && expiresAt === undefined) return [];
  return [{ name, grantKey: grant, hosts: hosts.filter((host) => typeof host === "string"), expiresAt }];
}
