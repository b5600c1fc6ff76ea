// A node's file made of RegistryCredentials: their entries, for the pods of the namespaces that they select by name.
import type { Entry, RegistryCredential } from "../api/registry-credential.ts";
import { labelLength } from "../api/field-schemas.ts";
import { parseNodeFile } from "./node-file.ts";

export interface FromCredentials {
  /** As `parseNodeFile` takes it; undefined where no entry is left. */
  readonly file: object | undefined;
  /** What a node cannot serve, or must be given besides. */
  readonly remarks: readonly string[];
}

export interface Wanted {
  /** Of the provider. */
  readonly name: string;
  /** Of the pods' tokens; undefined: the file serves the node itself, and so pods of every namespace. */
  readonly audience: string | undefined;
}

/** Entries keep their order, and are called after their credential as well. */
export function nodeFileFrom(
  credentials: readonly Pick<RegistryCredential, "name" | "spec">[],
  wanted: Wanted,
): FromCredentials {
  const made = credentials.flatMap(({ name, spec }) =>
    spec.registries.map((entry) => entryFrom(name, spec, entry, wanted)),
  );
  const registries = made.flatMap(({ entry }) => entry ?? []);
  return {
    file: registries.length === 0 ? undefined : fileOf(registries, wanted),
    remarks: made.flatMap(({ remarks }) => remarks),
  };
}

function fileOf(registries: readonly object[], { name, audience }: Wanted): object {
  return {
    apiVersion: "regcred.dev/v1alpha1",
    kind: "NodeCredentials",
    metadata: { name },
    ...(audience === undefined ? {} : { serviceAccountToken: { audience } }),
    registries,
  };
}

function entryFrom(
  credential: string,
  { namespaces, serviceAccounts, suspend }: RegistryCredential["spec"],
  entry: Entry,
  wanted: Wanted,
): { readonly entry?: object; readonly remarks: readonly string[] } {
  const place = `${credential}/${entry.name}`;
  const leftOut = (why: string) => ({ remarks: [`left out: ${place}: ${why}`] });
  if (suspend) return leftOut("its credential is suspended");
  const isForPods = wanted.audience !== undefined;
  if (isForPods && namespaces.selector) {
    return leftOut(
      "its namespaces.selector asks for labels, which a node does not see: write names into pods.namespaces",
    );
  }
  const { include, exclude } = namespaces;
  const widened = isForPods ? [] : [`${place} serves every pod of the node, whatever its credential selects`];
  const pods = isForPods
    ? { pods: { namespaces: { include: include ?? ["*"], ...(exclude && { exclude }) }, serviceAccounts } }
    : {};
  const made = {
    ...onNode(entry),
    name: `${credential}-${entry.name}`.slice(0, labelLength).replace(/-+$/, ""),
    ...pods,
  };
  // A file of this entry alone tells what a node cannot serve of it.
  const read = parseNodeFile(fileOf([made], wanted));
  if (!read.ok) return leftOut(read.problems.map((problem) => problem.replace(/^registries\[0\]\.?/, "")).join("; "));
  return {
    entry: made,
    remarks: [...widened, ...foldersOf(entry).map((secret) => `${place} needs the folder secrets/${secret}`)],
  };
}

/** Without what only an operator has. */
function onNode({ verify: _verify, tokenServers: _tokenServers, ...entry }: Entry): object {
  if (entry.provider !== "Static") return entry;
  const { secretNamespace: _namespace, ...settings } = entry.static;
  return { ...entry, static: settings };
}

function foldersOf(entry: Entry): readonly string[] {
  return [
    ...(entry.provider === "Static" ? [entry.static.secretName] : []),
    ...(entry.identity.from === "Secret" ? [entry.identity.name] : []),
    ...(entry.caSecretName === undefined ? [] : [entry.caSecretName]),
  ];
}
