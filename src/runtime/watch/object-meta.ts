// Reads the metadata of a Kubernetes object.

/** What every stored object has. Resource versions are compared as decimal numbers (KEP-5504). */
export interface StoredObject {
  /** `namespace/name`, or `name` for cluster-scoped kinds. */
  readonly key: string;
  readonly resourceVersion: string;
}

/** What tells one version of one object from all others. */
export interface Identity {
  /** `namespace/name`, or `name` for cluster-scoped kinds. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

export type Fields = Readonly<Record<string, unknown>>;
export type StringMap = Readonly<Record<string, string>>;

const none: StringMap = Object.freeze({});
// A DNS subdomain: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
const longestName = 253;

/** Throws where `raw` is no Kubernetes object. `namespace` is empty for cluster-scoped kinds. */
export function identityOf(raw: unknown): Identity {
  const metadata = metadataOf(raw);
  const name = required(metadata, "name");
  const namespace = optional(metadata, "namespace") ?? "";
  return {
    key: namespace === "" ? name : `${namespace}/${name}`,
    namespace,
    name,
    uid: required(metadata, "uid"),
    resourceVersion: required(metadata, "resourceVersion"),
  };
}

export function labelsOf(raw: unknown): StringMap {
  return stringMap(metadataOf(raw)["labels"], "labels");
}

export function annotationsOf(raw: unknown): StringMap {
  return stringMap(metadataOf(raw)["annotations"], "annotations");
}

/** Deletion has begun. */
export function isTerminating(raw: unknown): boolean {
  return optional(metadataOf(raw), "deletionTimestamp") !== undefined;
}

export function metadataOf(raw: unknown): Fields {
  return fields(fields(raw, "object")["metadata"], "metadata");
}

/** A map of strings as it is; an empty one where there is none. Throws at anything else. */
export function stringMap(value: unknown, what: string): StringMap {
  if (value === undefined || value === null) return none;
  const map = fields(value, what);
  for (const key in map) if (typeof map[key] !== "string") throw new TypeError(`${what}: a value is no string`);
  return map as StringMap;
}

/** The list, or an empty one where there is none. Throws at anything else. */
export function listOf(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new TypeError(`${what} is no list`);
  return value;
}

export function fields(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError(`${what} is no object`);
  return value as Fields;
}

export function optional(from: Fields, name: string): string | undefined {
  const value = from[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A part of a long text would keep the whole of it in memory, so of one that no name can have nothing is kept. */
export function boundedWord(word: string, longest = longestName): string {
  return word.length > longest ? "(too long)" : word;
}

function required(from: Fields, name: string): string {
  const value = optional(from, name);
  if (value === undefined) throw new TypeError(`metadata.${name} is missing`);
  return value;
}
