// Parses kubeconfigs and merges several, as k8s.io/client-go/tools/clientcmd does. (pure)
import { parseDocument } from "yaml";
import { z } from "zod";
import { quotedText } from "../../foreign-text.ts";
import { type ExecPlugin, execSchema } from "./exec-schema.ts";

/** Paths are as written, relative to the folder of `file`. An absent text is empty, as in Go. */
export interface KubeconfigCluster {
  /** Which holds it. */
  readonly file: string;
  readonly server: string;
  readonly tlsServerName: string;
  readonly insecure: boolean;
  readonly caFile: string;
  /** PEM. */
  readonly caData: Buffer | undefined;
  readonly proxyUrl: string;
  /** By name; a plugin may ask for one. */
  readonly extensions: ReadonlyMap<string, unknown>;
}

export interface KubeconfigUser {
  readonly file: string;
  readonly certificateFile: string;
  readonly certificateData: Buffer | undefined;
  readonly keyFile: string;
  readonly keyData: Buffer | undefined;
  readonly token: string;
  readonly tokenFile: string;
  readonly username: string;
  readonly password: string;
  readonly impersonate: Impersonation;
  readonly exec: ExecPlugin | undefined;
  readonly authProvider: { readonly name: string; readonly config: Readonly<Record<string, string>> } | undefined;
}

/** https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/ */
export interface Impersonation {
  readonly user: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

interface KubeconfigContext {
  readonly cluster: string;
  readonly user: string;
  readonly namespace: string;
}

export interface Kubeconfig {
  /** Empty where none is set. */
  readonly currentContext: string;
  readonly clusters: ReadonlyMap<string, KubeconfigCluster>;
  readonly users: ReadonlyMap<string, KubeconfigUser>;
  readonly contexts: ReadonlyMap<string, KubeconfigContext>;
}

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
const bytes = z
  .base64()
  .or(z.literal(""))
  .nullish()
  .transform((value) => (value ? Buffer.from(value, "base64") : undefined));
const yes = z
  .boolean()
  .nullish()
  .transform((value) => value === true);
const listOf = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);
const named = <K extends string, T extends z.ZodType>(key: K, value: T) =>
  listOf(z.object({ name: text, [key]: value } as { readonly name: typeof text } & Record<K, T>));

const clusterSchema = z.object({
  server: text,
  "tls-server-name": text,
  "insecure-skip-tls-verify": yes,
  "certificate-authority": text,
  "certificate-authority-data": bytes,
  "proxy-url": text,
  extensions: named("extension", z.unknown()),
});
const userSchema = z.object({
  "client-certificate": text,
  "client-certificate-data": bytes,
  "client-key": text,
  "client-key-data": bytes,
  token: text,
  tokenFile: text,
  username: text,
  password: text,
  as: text,
  "as-uid": text,
  "as-groups": listOf(z.string()),
  "as-user-extra": z.record(z.string(), z.array(z.string())).nullish(),
  exec: execSchema.nullish(),
  "auth-provider": z.object({ name: text, config: z.record(z.string(), z.string()).nullish() }).nullish(),
});
const contextSchema = z.object({ cluster: text, user: text, namespace: text });
const empty = {};
const schema = z.object({
  "current-context": text,
  clusters: named(
    "cluster",
    clusterSchema.nullish().transform((value) => value ?? clusterSchema.parse(empty)),
  ),
  users: named(
    "user",
    userSchema.nullish().transform((value) => value ?? userSchema.parse(empty)),
  ),
  contexts: named(
    "context",
    contextSchema.nullish().transform((value) => value ?? contextSchema.parse(empty)),
  ),
});

/** What is wrong with a file; names no value of it, which may be a secret. */
export class KubeconfigError extends Error {
  override readonly name = "KubeconfigError";
}

/** Throws KubeconfigError. A file without any text says nothing. */
export function kubeconfigFrom(content: string, file: string): Kubeconfig {
  // As sigs.k8s.io/yaml, which kubectl reads with.
  const document = parseDocument(content, { version: "1.1" });
  const [fault] = document.errors;
  if (fault) throw new KubeconfigError(`it is no YAML (line ${fault.linePos?.[0].line ?? 1}: ${fault.code})`);
  const read = schema.safeParse(document.toJS() ?? {});
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new KubeconfigError(`it is no kubeconfig (${issue?.path.join(".") || "the whole"}: ${issue?.message ?? ""})`);
  }
  const { data } = read;
  return {
    currentContext: data["current-context"],
    clusters: mapOf("clusters", data.clusters, ({ name, cluster }) => [name, clusterFrom(cluster, file)]),
    users: mapOf("users", data.users, ({ name, user }) => [name, userFrom(user, file)]),
    contexts: mapOf("contexts", data.contexts, ({ name, context }) => [name, context]),
  };
}

function mapOf<T, V>(what: string, items: readonly T[], entry: (item: T) => [string, V]): ReadonlyMap<string, V> {
  const map = new Map<string, V>();
  for (const [name, value] of items.map(entry)) {
    if (map.has(name)) throw new KubeconfigError(`it has ${quotedText(name)} twice among its ${what}`);
    map.set(name, value);
  }
  return map;
}

function clusterFrom(read: z.output<typeof clusterSchema>, file: string): KubeconfigCluster {
  return {
    file,
    server: read.server,
    tlsServerName: read["tls-server-name"],
    insecure: read["insecure-skip-tls-verify"],
    caFile: read["certificate-authority"],
    caData: read["certificate-authority-data"],
    proxyUrl: read["proxy-url"],
    extensions: new Map(read.extensions.map(({ name, extension }) => [name, extension])),
  };
}

function userFrom(read: z.output<typeof userSchema>, file: string): KubeconfigUser {
  const provider = read["auth-provider"];
  return {
    file,
    certificateFile: read["client-certificate"],
    certificateData: read["client-certificate-data"],
    keyFile: read["client-key"],
    keyData: read["client-key-data"],
    token: read.token,
    tokenFile: read.tokenFile,
    username: read.username,
    password: read.password,
    impersonate: {
      user: read.as,
      uid: read["as-uid"],
      groups: read["as-groups"],
      extra: read["as-user-extra"] ?? {},
    },
    exec: read.exec ?? undefined,
    authProvider: provider ? { name: provider.name, config: provider.config ?? {} } : undefined,
  };
}

/** Of a name in several the first counts, whole; the current context is of the first that names one. */
export function mergedKubeconfigs(all: readonly Kubeconfig[]): Kubeconfig {
  const merged = <V>(of: (one: Kubeconfig) => ReadonlyMap<string, V>): ReadonlyMap<string, V> =>
    new Map(all.toReversed().flatMap((one) => [...of(one)]));
  return {
    currentContext: all.find(({ currentContext }) => currentContext !== "")?.currentContext ?? "",
    clusters: merged(({ clusters }) => clusters),
    users: merged(({ users }) => users),
    contexts: merged(({ contexts }) => contexts),
  };
}
