// The configuration file of a credential provider on a node: schema, and what is refused of it beyond that.
import { z } from "zod";
import { parseEntries, type WrittenEntry } from "../api/parse-registry-credential.ts";
import type { Entry } from "../api/registry-credential.ts";
import { globs, labelLength, labelKey, literal, subdomainLength, type Frozen } from "../api/field-schemas.ts";
import { group, version } from "../api/names.ts";
import { hasPlaceholders, labelsInTemplate } from "../api/placeholders.ts";
import { specSchema } from "../api/spec-schema.ts";
import { ruleProblems } from "../api/rule-problems.ts";

const nodeFileKind = "NodeCredentials";
const apiVersion = `${group}/${version}`;
const prefix = "registries";

const pods = z.strictObject({
  /** By name only: a node sees no labels. */
  namespaces: z
    .strictObject({ include: globs(labelLength).optional(), exclude: globs(labelLength).optional() })
    .refine(({ include }) => include !== undefined, 'write include; ["*"] is every namespace but kube-*'),
  serviceAccounts: z
    .strictObject({ include: globs(subdomainLength).default(["*"]), exclude: globs(subdomainLength).optional() })
    .prefault({ include: ["*"] }),
  annotations: z.array(labelKey).min(1).max(16).optional(),
});

const fileSchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal(nodeFileKind),
  metadata: z.strictObject({
    // Of a file, too, and without a dot or slash that leads elsewhere.
    name: z
      .string()
      .max(labelLength)
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/),
  }),
  serviceAccountToken: z.strictObject({ audience: literal(512).regex(/^\S+$/) }).optional(),
  registries: z
    .array(z.looseObject({ pods: pods.optional() }))
    .min(1)
    .max(16),
});

/** Who may use an entry. */
export type PodSelection = Frozen<z.infer<typeof pods>>;

/** An entry in the form of `spec.registries`, and whose pods it serves; undefined where the file serves the node itself. */
export interface NodeEntry {
  readonly entry: Entry;
  readonly pods: PodSelection | undefined;
}

export interface NodeFile {
  /** Also the kubelet's name of the provider, and that of its executable. */
  readonly name: string;
  /** Of the pods' tokens; undefined where the node's own identity decides and no pod is known. */
  readonly audience: string | undefined;
  readonly entries: readonly NodeEntry[];
}

export type NodeFileResult =
  | { readonly ok: true; readonly file: NodeFile }
  /** Each begins with the field's path. */
  | { readonly ok: false; readonly problems: readonly string[] };

/** Of what its YAML or JSON says; never throws. */
export function parseNodeFile(raw: unknown): NodeFileResult {
  const parsed = fileSchema.safeParse(raw);
  if (!parsed.success) return { ok: false, problems: parsed.error.issues.map(problemOf) };
  const { metadata, serviceAccountToken, registries } = parsed.data;
  const written = registries.map((entry) =>
    Object.fromEntries(Object.entries(entry).filter(([name]) => name !== "pods")),
  );
  const read = parseEntries(written, prefix);
  if (!read.ok) return read;
  const entries = read.entries.map((entry, index) => ({ entry, pods: registries[index]?.pods }));
  const audience = serviceAccountToken?.audience;
  const problems = [
    ...written.flatMap((entry, index) => unknownFields(entry, read.entries[index], `${prefix}[${index}]`)),
    ...ruleProblems(specSchema.shape.registries, read.written.map(withOneAccount), prefix),
    ...entries.flatMap((each, index) => problemsOf(each, audience).map((what) => `${prefix}[${index}]${what}`)),
    ...claimedTwice(entries, audience),
  ];
  return problems.length > 0 ? { ok: false, problems } : { ok: true, file: { name: metadata.name, audience, entries } };
}

function problemOf({ path, message, code, ...rest }: z.core.$ZodIssue): string {
  const at = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`)).join("");
  const keys = code === "unrecognized_keys" && "keys" in rest ? rest.keys : undefined;
  const what = keys ? `no field is called ${keys.join(" or ")}: look for a typing error` : message;
  return `${at.replace(/^\./, "") || "file"}: ${what}`;
}

/** On a node `*` may be in the name of the pod's own ServiceAccount. */
function withOneAccount(entry: WrittenEntry): object {
  const { from, name } = entry.identity;
  if (from !== "TenantServiceAccount" || name === undefined) return entry;
  return { ...entry, identity: { from, name: name.replaceAll("*", "x") } };
}

/** The schema of `spec.registries` passes over what it does not know, as the API server does; a file on a node has no second reader. */
function unknownFields(written: unknown, read: unknown, at: string): readonly string[] {
  if (Array.isArray(written)) {
    return written.flatMap((each, index) =>
      unknownFields(each, Array.isArray(read) ? read[index] : undefined, `${at}[${index}]`),
    );
  }
  if (typeof written !== "object" || written === null) return [];
  const known = (typeof read === "object" && read !== null ? read : {}) as Readonly<Record<string, unknown>>;
  return Object.entries(written).flatMap(([name, value]) =>
    Object.hasOwn(known, name)
      ? unknownFields(value, known[name], `${at}.${name}`)
      : [`${at}.${name}: no field is called so here: look for a typing error, or for settings of another provider`],
  );
}

/** Each begins with the path below the entry. */
function problemsOf({ entry, pods: selection }: NodeEntry, audience: string | undefined): readonly string[] {
  const problems: string[] = [];
  const { identity, hosts } = entry;
  if (audience === undefined) {
    if (selection)
      problems.push(".pods: a node's own identity knows no pods: remove it, or write serviceAccountToken.audience");
    if (identity.from === "TenantServiceAccount") {
      problems.push(".identity: whose pod it is, the kubelet says only with serviceAccountToken.audience in this file");
    }
  } else if (!selection) {
    problems.push(".pods: missing: write pods.namespaces.include, the namespaces whose pods may use this entry");
  }
  if (identity.from === "ServiceAccount") {
    problems.push(
      ".identity: a node asks for no tokens of the operator's ServiceAccounts: write from: TenantServiceAccount, Secret or Operator",
    );
  }
  if (hosts.includes("*")) {
    problems.push(
      '.hosts: write the hosts one by one: the kubelet asks only for images that it is told of, and "*" tells it none',
    );
  }
  if ("static" in entry && entry.static.secretNamespace !== undefined) {
    problems.push(".static.secretNamespace: a node has files and no namespaces: remove it");
  }
  const templates = textsIn(entry).filter(hasPlaceholders);
  if (templates.some((text) => labelsInTemplate(text).length > 0)) {
    problems.push(": a node sees no labels of Namespaces: write $(namespace.name), or one entry for each value");
  } else if (audience === undefined && templates.length > 0) {
    problems.push(
      ": which namespace it is, the kubelet says only with serviceAccountToken.audience in this file: remove $(namespace.name)",
    );
  }
  return problems;
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function claimedTwice(entries: readonly NodeEntry[], audience: string | undefined): readonly string[] {
  const hosts = entries.flatMap(({ entry }) => entry.hosts);
  // Where pods decide, several entries may serve one host: each for pods of its own.
  const claimed = audience === undefined ? hosts.filter((host, index) => hosts.indexOf(host) !== index) : [];
  return [...new Set(claimed)].map((host) => `${prefix}: two entries claim ${host}: write each host in one entry only`);
}
