// The history of every object that the operator may touch, version by version, as watches of the API server report it.
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { Agent, request } from "undici";
import { systemClock } from "../../src/runtime/clock.ts";
import type { KubeObject } from "../cluster/admin-client.ts";
import type { ControlPlane } from "../cluster/control-plane.ts";
import type { NamespaceState } from "../threats/entitled.ts";
import { type AccountVersion, type Author, type Lasting, loginsOf, type SecretVersion } from "../threats/judge.ts";
import { pullSecretNames } from "../threats/steps.ts";
import { credentialsPath } from "./test-env.ts";

export interface CredentialVersion {
  readonly at: number;
  readonly revision: number;
  readonly object: KubeObject;
  readonly gone: boolean;
}

export interface Witness extends AsyncDisposable {
  /** Who wrote the version of this number; what nobody has claimed is the operator's. */
  claim(revision: string | undefined, author: Author): void;
  /** A tenant or an administrator has deleted, or is about to, this object of this uid. */
  claimDeletion(uid: string | undefined): void;
  /** Oldest first, of the namespaces that match, from a revision on with the last ones before it. */
  secrets(namespace: (name: string) => boolean): readonly SecretVersion[];
  accounts(namespace: (name: string) => boolean): readonly AccountVersion[];
  /** As it is now; undefined where there is none. */
  secret(namespace: string, name: string): SecretVersion | undefined;
  namespace(name: string): readonly Lasting<NamespaceState>[];
  /** Of one RegistryCredential, oldest first. */
  credential(name: string): readonly CredentialVersion[];
}

interface Event {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: KubeObject;
}

type Seen = (event: Event, at: number) => void;
type Unclaimed<Version> = Omit<Version, "author">;

const clock = systemClock();

export async function witness(cluster: Pick<ControlPlane, "server" | "ca" | "adminToken">): Promise<Witness> {
  const authors = new Map<number, Author>();
  const deleted = new Set<string>();
  const secrets = new Map<string, Unclaimed<SecretVersion>[]>();
  const accounts = new Map<string, Unclaimed<AccountVersion>[]>();
  const namespaces = new Map<string, Lasting<NamespaceState>[]>();
  const credentials = new Map<string, CredentialVersion[]>();

  const add = <Version>(to: Map<string, Version[]>, key: string, version: Version): void => {
    const versions = to.get(key);
    if (versions) versions.push(version);
    else to.set(key, [version]);
  };
  const authorOf = ({ revision, gone, uid }: Unclaimed<SecretVersion | AccountVersion>): Author =>
    (gone ? deleted.has(uid) : authors.has(revision)) ? (authors.get(revision) ?? "tenant") : "operator";
  const authored = <Version extends SecretVersion | AccountVersion>(
    of: Map<string, Unclaimed<Version>[]>,
    matches: (namespace: string) => boolean,
  ): readonly Version[] =>
    [...of.values()]
      .flat()
      .filter(({ namespace }) => matches(namespace))
      .toSorted((one, other) => one.revision - other.revision)
      .map((version) => ({ ...version, author: authorOf(version) }) as Version);

  const watches = await Promise.all([
    watch(cluster, "/api/v1/secrets", ({ type, object }, at) => {
      add(secrets, keyOf(object), secretVersion(object, at, type === "DELETED"));
    }),
    watch(cluster, "/api/v1/serviceaccounts", ({ type, object }, at) => {
      add(accounts, keyOf(object), accountVersion(object, at, type === "DELETED"));
    }),
    watch(cluster, "/api/v1/namespaces", ({ type, object }, at) => {
      const { name, uid = "", labels, annotations, deletionTimestamp } = object.metadata;
      const states = namespaces.get(name) ?? [];
      const last = states.at(-1);
      if (last) states[states.length - 1] = { ...last, until: at };
      if (type !== "DELETED") {
        const what = {
          name,
          uid,
          threat: labels?.["threat"],
          optedOut: annotations?.["regcred.dev/ignore"] === "true",
          terminating: deletionTimestamp !== undefined,
        };
        states.push({ what, from: at, until: Infinity });
      }
      namespaces.set(name, states);
    }),
    watch(cluster, credentialsPath, ({ type, object }, at) => {
      const revision = Number(object.metadata.resourceVersion);
      add(credentials, object.metadata.name, { at, revision, object, gone: type === "DELETED" });
    }),
  ]);

  return {
    claim: (revision, author) => void authors.set(Number(revision), author),
    claimDeletion: (uid) => void (uid !== undefined && deleted.add(uid)),
    secrets: (matches) => authored<SecretVersion>(secrets, matches),
    accounts: (matches) => authored<AccountVersion>(accounts, matches),
    secret: (namespace, name) => {
      const last = secrets.get(`${namespace}/${name}`)?.at(-1);
      return last && !last.gone ? { ...last, author: authorOf(last) } : undefined;
    },
    namespace: (name) => namespaces.get(name) ?? [],
    credential: (name) => credentials.get(name) ?? [],
    [Symbol.asyncDispose]: async () => {
      await Promise.all(watches.map((each) => each[Symbol.asyncDispose]()));
    },
  };
}

/**
 * What is there comes as ADDED, too. The API server ends the watch of who is slow to read, as large objects make one; it is
 * taken up where it ended, so nothing is missed.
 */
async function watch(
  { server, ca, adminToken }: Pick<ControlPlane, "server" | "ca" | "adminToken">,
  path: string,
  seen: Seen,
): Promise<AsyncDisposable> {
  const agent = new Agent({ connect: { ca }, bodyTimeout: 0 });
  const stopped = new AbortController();
  let revision: string | undefined;
  const open = async (): Promise<Readable> => {
    const from = revision === undefined ? "" : `&resourceVersion=${revision}`;
    const answer = await request(`${server}${path}?watch=true&allowWatchBookmarks=true${from}`, {
      dispatcher: agent,
      headers: { authorization: `Bearer ${adminToken}` },
      signal: stopped.signal,
    });
    if (answer.statusCode !== 200) throw new Error(`the watch is refused: ${await answer.body.text()}`);
    return answer.body;
  };
  const read = async (body: Readable): Promise<void> => {
    for await (const line of createInterface({ input: body })) {
      const event = JSON.parse(line) as Event;
      if (event.type === "ERROR") throw new Error(`the watch of ${path} has missed something: ${line}`);
      revision = event.object.metadata.resourceVersion;
      if (event.type !== "BOOKMARK") seen(event, clock.elapsed());
    }
  };
  const first = await open();
  const reading = (async () => {
    for (let body = first; !stopped.signal.aborted; body = await open()) await read(body).catch(unlessCut);
  })();
  // What it has missed is told at the end.
  reading.catch(() => undefined);
  return {
    [Symbol.asyncDispose]: async () => {
      stopped.abort();
      await reading.catch((error: unknown) => {
        if (!isAbort(error)) throw error;
      });
      await agent.destroy();
    },
  };
}

/** A connection that ends in the middle of a line is one that ended. */
function unlessCut(error: unknown): void {
  const isCut = error instanceof SyntaxError || isAbort(error) || (error as { code?: string }).code !== undefined;
  if (!isCut) throw error;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

function secretVersion(object: KubeObject, at: number, gone: boolean): Unclaimed<SecretVersion> {
  const { labels = {}, annotations = {} } = object.metadata;
  const data = (object["data"] ?? {}) as Readonly<Record<string, string>>;
  const config = data[".dockerconfigjson"];
  const texts = Object.values(data).map((value) => Buffer.from(value, "base64").toString());
  return {
    ...versionOf(object, at, gone),
    logins: loginsOf([...texts, ...Object.values(annotations), ...Object.values(labels)].join("\n")),
    marked:
      labels["app.kubernetes.io/managed-by"] === "regcred" ||
      (annotations["regcred.dev/credentials"] ?? "") !== "" ||
      annotations["regcred.dev/adopt"] === "true",
    owned: ((object.metadata as { ownerReferences?: readonly unknown[] }).ownerReferences ?? []).length > 0,
    content: digestOf(object, ["finalizers", "deletionTimestamp", "deletionGracePeriodSeconds"]),
    // One that is being deleted, and is held, is emptied.
    blank:
      object.metadata.deletionTimestamp === undefined &&
      config !== undefined &&
      /"auths":\s*\{\}/.test(Buffer.from(config, "base64").toString()),
  };
}

function accountVersion(object: KubeObject, at: number, gone: boolean): Unclaimed<AccountVersion> {
  const {
    metadata,
    imagePullSecrets = [],
    ...others
  } = object as KubeObject & {
    readonly imagePullSecrets?: readonly { readonly name?: string }[];
  };
  const { "regcred.dev/references": _, ...annotations } = metadata.annotations ?? {};
  const references = imagePullSecrets.filter(({ name }) => !pullSecretNames.some((each) => each === name));
  const rest = digestOf({ ...others, metadata: { ...metadata, annotations }, references }, ["deletionTimestamp"]);
  return { ...versionOf(object, at, gone), rest };
}

/** Of all but its version and these fields of its metadata. */
function digestOf({ metadata, ...others }: KubeObject, without: readonly string[]): string {
  const dropped = new Set(["resourceVersion", "managedFields", "generation", ...without]);
  const kept = Object.entries(metadata).filter(([field]) => !dropped.has(field));
  return createHash("sha256")
    .update(JSON.stringify([others, kept]))
    .digest("hex");
}

function versionOf({ metadata }: KubeObject, at: number, gone: boolean) {
  return {
    revision: Number(metadata.resourceVersion),
    at,
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    uid: metadata.uid ?? "",
    gone,
  };
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}
