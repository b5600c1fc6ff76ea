// Client of the registry that a release goes to, or comes from: what is there, and how something new comes there.
import { type Dispatcher, request } from "undici";
import { challengesIn } from "../../src/registry/challenge.ts";
import { trustedRealm } from "../../src/registry/realm.ts";
import { type Blob, type Descriptor, type Manifest, mediaTypes } from "./oci.ts";

export interface Login {
  readonly username: string;
  readonly password: string;
}

export interface RegistryOptions {
  /** `host[:port]`. */
  readonly host: string;
  readonly scheme: "https" | "http";
  /** Undefined: nobody in particular. */
  readonly login: Login | undefined;
  /** What a token is asked for; anything if absent. */
  readonly actions?: "pull";
  readonly dispatcher?: Dispatcher;
}

export interface Content extends Pick<Descriptor, "mediaType"> {
  readonly bytes: Uint8Array;
}

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md */
export interface RegistryClient {
  /** The digest of what a tag or a digest names; undefined where there is nothing. */
  manifest(repository: string, reference: string): Promise<string | undefined>;
  /** What a tag or a digest names, as the registry has it; undefined where there is nothing. Whoever reads it counts its digest. */
  readManifest(repository: string, reference: string): Promise<Content | undefined>;
  hasBlob(repository: string, digest: string): Promise<boolean>;
  /** As the registry has it. @throws Error that says what the registry has answered, and where that is longer than it should be. */
  readBlob(repository: string, blob: Pick<Descriptor, "digest" | "size">): Promise<Uint8Array>;
  /** @throws Error that says what the registry has answered. */
  pushBlob(repository: string, blob: Blob): Promise<void>;
  /** @throws Error that says what the registry has answered. */
  pushManifest(repository: string, manifest: Manifest, reference: string): Promise<void>;
}

interface Call {
  readonly method: "GET" | "HEAD" | "POST" | "PUT";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Bytes that are read of an answer. Default: those of the largest manifest. */
  readonly longest?: number;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
}

// Whatever stands under a tag: distribution says that there is nothing where a type is not listed, whatever the wildcard.
const accept = [
  mediaTypes.index,
  mediaTypes.manifest,
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "*/*",
].join(", ");
// Registries take manifests of 4 MiB: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests
const longestManifest = 4 * 2 ** 20;
// Far more than a layer of ours has, and as much as fits into a buffer.
const longestBlob = 2 ** 31;
// Milliseconds without a byte, of a large layer on a slow line.
const silence = 120_000;
// What is shown of a refusal.
const longestText = 300;

export function registryClient(options: RegistryOptions): RegistryClient {
  const { host, scheme, login, actions = "pull,push", dispatcher } = options;
  const base = new URL(`${scheme}://${host}`);
  const tokens = new Map<string, string>();
  const send = async (
    { method, url, headers, body, longest = longestManifest }: Call,
    authorization?: string,
  ): Promise<Answer> => {
    const answer = await responseOf(url, {
      method,
      headers: { ...headers, ...(authorization !== undefined && { authorization }) },
      body: body ?? null,
      headersTimeout: silence,
      bodyTimeout: silence,
      ...(dispatcher && { dispatcher }),
    });
    const named: Record<string, string> = {};
    for (const [name, value] of Object.entries(answer.headers)) named[name] = String(value);
    return { status: answer.statusCode, headers: named, bytes: await bytesOf(answer.body, longest, url) };
  };
  /** With what the registry has asked for before; asks anew where that is no longer enough. */
  const call = async (repository: string, asked: Call): Promise<Answer> => {
    const first = await send(asked, tokens.get(repository));
    if (first.status !== 401) return first;
    const authorization = await authorizationFor(first, { base, host, login, actions, repository, send });
    if (authorization === undefined) return first;
    tokens.set(repository, authorization);
    return await send(asked, authorization);
  };
  const urlOf = (repository: string, rest: string): string => new URL(`/v2/${repository}/${rest}`, base).href;
  return {
    manifest: async (repository, reference) => {
      const url = urlOf(repository, `manifests/${reference}`);
      const answer = await call(repository, { method: "HEAD", url, headers: { accept } });
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw refused(`look for ${repository}:${reference}`, answer);
      return answer.headers["docker-content-digest"] ?? "";
    },
    readManifest: async (repository, reference) => {
      const url = urlOf(repository, `manifests/${reference}`);
      const answer = await call(repository, { method: "GET", url, headers: { accept } });
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw refused(`give ${repository}:${reference}`, answer);
      return { mediaType: answer.headers["content-type"] ?? "", bytes: answer.bytes };
    },
    hasBlob: async (repository, digest) => {
      const answer = await call(repository, { method: "HEAD", url: urlOf(repository, `blobs/${digest}`) });
      if (answer.status !== 200 && answer.status !== 404) throw refused(`look for ${digest}`, answer);
      return answer.status === 200;
    },
    readBlob: async (repository, { digest, size }) => {
      const longest = Math.min(size, longestBlob);
      const answer = await call(repository, { method: "GET", url: urlOf(repository, `blobs/${digest}`), longest });
      const { location } = answer.headers;
      // A cloud keeps contents elsewhere. The login stays here.
      const given =
        isRedirect(answer) && location !== undefined
          ? await send({ method: "GET", url: new URL(location, base).href, longest })
          : answer;
      if (given.status !== 200) throw refused(`give ${digest}`, given);
      return given.bytes;
    },
    pushBlob: async (repository, { descriptor: { digest }, read }) => {
      const begun = await call(repository, { method: "POST", url: urlOf(repository, "blobs/uploads/") });
      const { location } = begun.headers;
      if (begun.status !== 202 || location === undefined) throw refused(`begin with ${digest}`, begun);
      const url = new URL(location, base);
      // The login goes to nobody else.
      if (url.origin !== base.origin) throw new Error(`${host} sends uploads to ${url.origin}, which is not asked`);
      url.searchParams.set("digest", digest);
      const body = await read();
      const headers = { "content-type": "application/octet-stream" };
      const ended = await call(repository, { method: "PUT", url: url.href, headers, body });
      if (ended.status !== 201) throw refused(`take ${digest}`, ended);
    },
    pushManifest: async (repository, { descriptor: { mediaType, digest }, bytes }, reference) => {
      const url = urlOf(repository, `manifests/${reference}`);
      const headers = { "content-type": mediaType };
      const answer = await call(repository, { method: "PUT", url, headers, body: bytes });
      if (answer.status !== 201) throw refused(`take the manifest ${digest}`, answer);
    },
  };
}

interface Asking extends Pick<RegistryOptions, "host" | "login"> {
  readonly actions: "pull" | "pull,push";
  readonly base: URL;
  readonly repository: string;
  readonly send: (call: Call, authorization?: string) => Promise<Answer>;
}

/** What the challenge asks for: the login, or a token that the registry's own token server gives for it. */
async function authorizationFor(
  { headers }: Answer,
  { base, host, login, actions, repository, send }: Asking,
): Promise<string | undefined> {
  const challenges = challengesIn(headers["www-authenticate"] ?? "");
  const basic = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;
  const bearer = challenges.find(({ scheme }) => scheme === "bearer");
  if (bearer === undefined) return basic;
  const { realm = "", service } = bearer.parameters;
  const url = trustedRealm(realm, { registry: base, host });
  if (url === undefined) throw new Error(`${host} sends logins to ${realm}, which is not its own; none was sent`);
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.set("scope", `repository:${repository}:${actions}`);
  const answer = await send({ method: "GET", url: url.href }, basic);
  if (answer.status !== 200) throw refused("give a token", answer);
  const { token, access_token: other } = JSON.parse(textOf(answer)) as {
    readonly token?: string;
    readonly access_token?: string;
  };
  return `Bearer ${token ?? other ?? ""}`;
}

async function responseOf(url: string, options: Parameters<typeof request>[1]): ReturnType<typeof request> {
  try {
    return await request(url, options);
  } catch (error) {
    throw new Error(`${new URL(url).host} could not be asked: ${String(error)}`, { cause: error });
  }
}

/** Nobody fills the memory of whoever reads a registry that is not trusted. */
async function bytesOf(body: AsyncIterable<Uint8Array>, longest: number, url: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let read = 0;
  for await (const chunk of body) {
    read += chunk.byteLength;
    if (read > longest) throw new Error(`${url} answers with more than ${longest} bytes: it is not read any further`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function isRedirect({ status }: Answer): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

function textOf({ bytes }: Answer): string {
  return Buffer.from(bytes).toString("utf8");
}

function refused(what: string, answer: Answer): Error {
  const { status } = answer;
  const why = textOf(answer).replaceAll(/\s+/g, " ").trim().slice(0, longestText);
  const login = status === 401 || status === 403 ? "; log in with `docker login`, or with another account" : "";
  return new Error(`the registry does not ${what}: HTTP ${status}${why === "" ? "" : ` ${why}`}${login}`);
}
