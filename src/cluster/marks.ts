// Marks: what of a Secret's metadata is ours.
import {
  credentialsAnnotation,
  entriesAnnotation,
  managedAnnotation,
  managedBy,
  managedByLabel,
} from "../api/names.ts";
import { maxNamedHosts } from "./entries-annotation.ts";
import type { SecretRecord } from "./records.ts";

type Words = Readonly<Record<string, string>>;

export interface Marked {
  readonly labels: Words;
  readonly annotations: Words;
}

/** The annotation by which we know again what we set beside our fixed marks. */
export function managedRecord(set: {
  readonly labels?: readonly string[];
  readonly annotations?: readonly string[];
  readonly hosts?: readonly string[];
}): string {
  return JSON.stringify(set);
}

/** The config keys that are ours in a merged Secret; undefined for a Secret that is wholly ours or wholly foreign. */
export function mergedHosts(metadata: Pick<Marked, "annotations"> | undefined): readonly string[] | undefined {
  return metadata && managedIn(metadata.annotations).hosts;
}

/** Whether it says so; a record without its metadata was asked when it was read. */
export function isMerged({ metadata, merged = false }: Pick<SecretRecord, "metadata" | "merged">): boolean {
  return metadata === undefined ? merged : mergedHosts(metadata) !== undefined;
}

/** Labels and annotations less everything that we have set. */
export function foreignMetadata(marked: Marked): Marked {
  const known = foreignBefore.get(marked);
  if (known) return known;
  const { labels, annotations } = marked;
  const ours = managedIn(annotations);
  const foreign: Marked = {
    labels: without(labels, (key, value) => (key === managedByLabel && value === managedBy) || ours.labels.has(key)),
    annotations: without(annotations, (key) => fixedAnnotations.has(key) || ours.annotations.has(key)),
  };
  foreignBefore.set(marked, foreign);
  return foreign;
}

// Secrets of a rotation share their metadata, which is asked several times for each of them.
const foreignBefore = new WeakMap<Marked, Marked>();
const managedBefore = new WeakMap<Words, Managed>();

const fixedAnnotations: ReadonlySet<string> = new Set([credentialsAnnotation, entriesAnnotation, managedAnnotation]);

/** Labels and annotations beside our fixed marks that we have set, as they stand. */
export function managedWords({ labels, annotations }: Marked): Marked {
  const ours = managedIn(annotations);
  return {
    labels: without(labels, (key) => !ours.labels.has(key)),
    annotations: without(annotations, (key) => !ours.annotations.has(key)),
  };
}

export function sameWords(one: Words, other: Words): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}

function without(words: Words, dropped: (key: string, value: string) => boolean): Words {
  return Object.fromEntries(Object.entries(words).filter(([key, value]) => !dropped(key, value)));
}

// What a tenant adds to our lists is not read: more labels or annotations than a spec may set, more hosts than we name. It is cut
// and not dropped: the Secret stays one that was merged into, and what of ours is in it can be taken back.
const maxWords = 64;

interface Managed {
  readonly labels: ReadonlySet<string>;
  readonly annotations: ReadonlySet<string>;
  readonly hosts: readonly string[] | undefined;
}

function managedIn(annotations: Words): Managed {
  const known = managedBefore.get(annotations);
  if (known) return known;
  const read = managedFrom(annotations[managedAnnotation]);
  managedBefore.set(annotations, read);
  return read;
}

/** Tenants can edit the annotation: what cannot be read claims nothing. */
function managedFrom(annotation: string | undefined): Managed {
  try {
    const { labels, annotations, hosts } = Object(JSON.parse(annotation ?? "{}")) as Record<string, unknown>;
    // As we write it; config/restraint, which cannot read JSON, looks for nothing else.
    const isLiteral = (key: string): boolean => annotation?.includes(JSON.stringify(key)) === true;
    return {
      labels: new Set(strings(labels, maxWords).filter(isLiteral)),
      annotations: new Set(strings(annotations, maxWords).filter(isLiteral)),
      hosts: Array.isArray(hosts) ? strings(hosts, maxNamedHosts) : undefined,
    };
  } catch {
    return { labels: new Set(), annotations: new Set(), hosts: undefined };
  }
}

function strings(value: unknown, max: number): readonly string[] {
  return Array.isArray(value) ? value.slice(0, max).filter((item): item is string => typeof item === "string") : [];
}
