// Reads RegistryCredentials and sources from a file, as the cluster would have them.
import { readFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { parseAllDocuments } from "yaml";
import { group, kind, version } from "../../api/names.ts";
import { parseRegistryCredential } from "../../api/parse-registry-credential.ts";
import type { RegistryCredential } from "../../api/registry-credential.ts";
import { ConfigError } from "../../config/config.ts";
import { boundedNumber, bounds } from "../../runtime/foreign-numbers.ts";
import { base64OfText } from "../../runtime/base64.ts";
import { transformCredential } from "../../cluster/transform/credential.ts";
import { fields, metadataOf } from "../../runtime/watch/object-meta.ts";

export interface Planned {
  readonly name: string;
  /** As the API server would hold it. */
  readonly raw: object;
  readonly credential: RegistryCredential;
  /** It is not in the cluster yet. */
  readonly isNew: boolean;
}

export interface PlannedObjects {
  readonly credentials: readonly Planned[];
  /** Secrets beside them that name their namespace, as the API server would hold them. */
  readonly sources: readonly object[];
}

/** Objects of other kinds are left out: what they do is nobody's to say here. Throws ConfigError for a file that is none. */
export async function plannedObjects(
  file: string,
  existing: (name: string) => Promise<unknown>,
  { now, deleting }: { readonly now: Temporal.Instant; readonly deleting: boolean },
): Promise<PlannedObjects> {
  const documents = await documentsIn(file);
  const ours = documents.filter((document) => document["kind"] === kind);
  if (ours.length === 0) throw new ConfigError(`${file} holds no ${kind}: name the file that you would apply`);
  const credentials = await Promise.all(
    ours.map(async (document) => {
      const name = nameOf(document, file);
      const before = await existing(name);
      if (!deleting) return planned(document, before, now, file);
      // What is deleted is what is there, whatever the file says of it.
      const credential = before === undefined ? undefined : transformCredential(before).credential;
      if (!credential) throw new ConfigError(`there is no ${kind} ${name} that can be read: nothing would be deleted`);
      return { name, raw: Object(before) as object, credential, isNew: false };
    }),
  );
  // A source that goes takes nothing from anybody.
  return { credentials, sources: deleting ? [] : documents.flatMap(sourceIn) };
}

function sourceIn(document: Readonly<Record<string, unknown>>): readonly object[] {
  const { namespace } = Object(document["metadata"]) as { readonly namespace?: unknown };
  if (document["kind"] !== "Secret" || typeof namespace !== "string") return [];
  const { stringData = {}, data = {}, ...rest } = document as Readonly<Record<string, object | undefined>>;
  const encoded = Object.entries(stringData).map(([key, value]) => [key, base64OfText(String(value))] as const);
  return [{ ...rest, data: { ...data, ...Object.fromEntries(encoded) } }];
}

async function documentsIn(file: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new ConfigError(`cannot read ${file}: ${error instanceof Error ? error.message : "unreadable"}`);
  }
  const documents = parseAllDocuments(text);
  const [error] = "empty" in documents ? [] : documents.flatMap(({ errors }) => errors);
  if (error) throw new ConfigError(`${file} is no YAML: ${error.message.split("\n")[0]}`);
  return documents.flatMap((document) => {
    const object: unknown = document.toJS();
    if (typeof object !== "object" || object === null) return [];
    const { items } = object as { readonly items?: unknown };
    return (Array.isArray(items) ? items : [object]) as Readonly<Record<string, unknown>>[];
  });
}

function nameOf(document: Readonly<Record<string, unknown>>, file: string): string {
  const { name } = Object(document["metadata"]) as { readonly name?: unknown };
  if (typeof name === "string" && name !== "") return name;
  throw new ConfigError(`${file} holds a ${kind} without a name`);
}

function planned(
  document: Readonly<Record<string, unknown>>,
  before: unknown,
  now: Temporal.Instant,
  file: string,
): Planned {
  const name = nameOf(document, file);
  const { annotations, labels } = Object(document["metadata"]) as Readonly<Record<string, object | undefined>>;
  const spec = Object(document["spec"]) as object;
  const earlier = before === undefined ? undefined : fields(before, kind);
  const metadata = before === undefined ? undefined : metadataOf(before);
  const sameSpec =
    earlier !== undefined && JSON.stringify(specOf(before)) === JSON.stringify(specOf(withSpec(before, spec)));
  const raw = {
    apiVersion: `${group}/${version}`,
    kind,
    metadata: {
      name,
      uid: metadata?.["uid"] ?? randomUUID(),
      resourceVersion: metadata?.["resourceVersion"] ?? "0",
      creationTimestamp: metadata?.["creationTimestamp"] ?? now.toString({ smallestUnit: "second" }),
      generation: (boundedNumber(metadata?.["generation"], bounds.count) ?? 0) + (sameSpec ? 0 : 1),
      finalizers: metadata?.["finalizers"] ?? [],
      labels: { ...(metadata?.["labels"] as object | undefined), ...labels },
      annotations: { ...(metadata?.["annotations"] as object | undefined), ...annotations },
    },
    spec,
    ...(earlier?.["status"] === undefined ? {} : { status: earlier["status"] }),
  };
  const parsed = parseRegistryCredential(raw);
  if (!parsed.ok) throw new ConfigError(`${file}: ${kind} ${name}: ${parsed.problems.join("; ")}`);
  return { name, raw, credential: parsed.credential, isNew: before === undefined };
}

function withSpec(before: unknown, spec: object): object {
  return { ...fields(before, kind), spec };
}

/** With every default filled in, so that what is written out equals what is left out. */
function specOf(raw: unknown): unknown {
  const parsed = parseRegistryCredential(raw);
  return parsed.ok ? parsed.credential.spec : parsed.problems;
}
