// The pull check: asks a registry whether a login is taken and can pull an image, before a token is handed to anyone.
import type { Verification } from "./login.ts";
import { asciiLowerCase } from "../runtime/ascii.ts";
import { base64OfText } from "../runtime/base64.ts";
import { challengesIn, longestChallenge } from "./challenge.ts";
import { parseImageReference } from "./image-reference.ts";
import type { Login } from "./login.ts";
import { tokenServerOf, trustedRealm } from "./realm.ts";

export interface PullCheckResult {
  readonly verification: Verification;
  /** For the person who must act; holds no secret. Undefined where all is well. */
  readonly detail?: string;
}

/** The one exchange that a check needs; the guarded client of the providers. */
export type Exchange = (
  call: {
    readonly method: "GET" | "HEAD";
    readonly url: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly ca?: string;
  },
  signal: AbortSignal,
) => Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly text: string }>;

export interface PullCheckOptions {
  readonly exchange: Exchange;
  /** `https`, but for a registry on loopback in tests. */
  readonly scheme?: "https" | "http";
  readonly ca?: string;
  /** Token servers besides the registry's own, `host[:port]`. */
  readonly tokenServers?: readonly string[] | undefined;
}

// https://docs.docker.com/docker-hub/: the API of docker.io has a host of its own.
const apiHosts: Readonly<Record<string, string>> = { "docker.io": "registry-1.docker.io" };

// Images and multi-architecture indexes, of OCI and of Docker: https://github.com/opencontainers/image-spec/blob/main/media-types.md
const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/**
 * Verified: the manifest was seen. Denied: the registry refused this login for this image. Authenticated: the login was
 * taken, and the image is not there or is hidden from it. Everything else, a foreign realm or TLS that fails, is
 * Inconclusive, and sends no credential where it was not safe to.
 */
export async function pullCheck(
  image: string,
  login: Login,
  options: PullCheckOptions,
  signal: AbortSignal,
): Promise<PullCheckResult> {
  const parsed = parseImageReference(image);
  if (!parsed.ok) return inconclusive(`verify.image ${parsed.problem}`);
  const { domain, path, tag, digest } = parsed.image;
  return asked(domain, options, signal, async (talk) => {
    const entrance = await enter(talk, login, path);
    if ("verification" in entrance) return entrance;
    const { status } = await talk.send({
      method: "HEAD",
      url: talk.urlOf(`/v2/${path}/manifests/${digest ?? tag ?? "latest"}`),
      headers: { accept: manifestTypes, authorization: entrance.authorization },
    });
    if (status !== 404) return judged(status, `${domain}/${path}`);
    const detail = `the login is taken, but ${domain}/${path} is not there, or is hidden from it`;
    const taken = entrance.taken ?? (await isTaken(talk, entrance));
    return taken === true ? { verification: "Authenticated", detail } : judged(status, `${domain}/${path}`);
  });
}

/**
 * As `docker login` does: Authenticated where the registry or its own token server takes the login, Denied where it
 * answers 401 to it. Nothing is learned of what the login may pull.
 */
export async function loginCheck(
  domain: string,
  login: Login,
  options: PullCheckOptions,
  signal: AbortSignal,
): Promise<PullCheckResult> {
  return asked(domain, options, signal, async (talk) => {
    const entrance = await enter(talk, login, undefined);
    if ("verification" in entrance) return entrance;
    const taken = entrance.taken ?? (await isTaken(talk, entrance));
    if (taken === true) return { verification: "Authenticated" };
    return taken === false ? denied(domain, 401) : inconclusive(`${domain} answered the login with HTTP ${taken}`);
  });
}

/** One registry, and how it is spoken to. */
interface Talk {
  readonly domain: string;
  readonly registry: URL;
  readonly tokenServers: readonly string[] | undefined;
  readonly urlOf: (path: string) => string;
  readonly send: (call: Parameters<Exchange>[0]) => ReturnType<Exchange>;
}

async function asked(
  domain: string,
  { exchange, scheme = "https", ca, tokenServers }: PullCheckOptions,
  signal: AbortSignal,
  judge: (talk: Talk) => Promise<PullCheckResult>,
): Promise<PullCheckResult> {
  try {
    const registry = new URL(`${scheme}://${apiHosts[asciiLowerCase(domain)] ?? domain}`);
    return await judge({
      domain,
      registry,
      tokenServers,
      urlOf: (path) => new URL(path, registry).href,
      send: (call) => exchange({ ...call, ...(ca !== undefined && { ca }) }, signal),
    });
  } catch (error) {
    if (signal.aborted) throw error;
    return inconclusive(`${domain} could not be asked (${reasonOf(error)})`);
  }
}

/** How the registry lets one in. */
interface Entrance {
  /** The value of the header. */
  readonly authorization: string;
  /** True where a token server has taken the login already. */
  readonly taken: true | undefined;
}

/** The way in, with the right to pull from `repository` if one is named; or the end of the check. */
async function enter(talk: Talk, login: Login, repository: string | undefined): Promise<Entrance | PullCheckResult> {
  const { domain, registry, tokenServers, send, urlOf } = talk;
  const hello = await send({ method: "GET", url: urlOf("/v2/") });
  // What everybody may do says nothing of the login; a refusal of the manifest would not be a refusal of the login either.
  if (hello.status === 200) return inconclusive(`${domain} lets everybody in, so the login was not tried`);
  if (hello.status !== 401) return inconclusive(`${domain} answered /v2/ with HTTP ${hello.status}`);
  const basic = `Basic ${base64OfText(`${login.username}:${login.password.reveal()}`)}`;
  const asks = hello.headers["www-authenticate"] ?? "";
  if (asks.length > longestChallenge) {
    return inconclusive(
      `${domain} asks for an authentication in more than ${longestChallenge} characters, which are not read`,
    );
  }
  const challenges = challengesIn(asks);
  const bearer = challenges.find(({ scheme }) => scheme === "bearer");
  if (!bearer) {
    return challenges.some(({ scheme }) => scheme === "basic")
      ? { authorization: basic, taken: undefined }
      : inconclusive(`${domain} asks for an authentication that is neither Basic nor Bearer`);
  }
  const { realm, service } = bearer.parameters;
  if (realm === undefined) return inconclusive(`${domain} names no token server`);
  const url = trustedRealm(realm, { registry, host: domain, tokenServers });
  if (!url) return distrusted(domain, realm);
  if (service !== undefined) url.searchParams.set("service", service);
  if (repository !== undefined) url.searchParams.set("scope", `repository:${repository}:pull`);
  url.searchParams.set("account", login.username);
  const { status, text } = await send({ method: "GET", url: url.href, headers: { authorization: basic } });
  // Without a repository a 403 may be about something else than the login.
  if (status === 401 || (status === 403 && repository !== undefined)) return denied(url.host, status);
  const token = status === 200 ? tokenIn(text) : undefined;
  return token === undefined
    ? inconclusive(`${url.host} gave no token (HTTP ${status})`)
    : { authorization: `Bearer ${token}`, taken: true };
}

/** Whether the registry itself takes the login. False for a refusal; else the status that says neither. */
async function isTaken({ send, urlOf }: Talk, { authorization }: Entrance): Promise<boolean | number> {
  const { status } = await send({ method: "GET", url: urlOf("/v2/"), headers: { authorization } });
  if (status === 200) return true;
  return status === 401 ? false : status;
}

function distrusted(domain: string, realm: string): PullCheckResult {
  const server = tokenServerOf(realm);
  return inconclusive(
    server === undefined
      ? `${domain} sends credentials to a token server without https or a proper host name, which is not trusted; none were sent`
      : `${domain} sends credentials to ${server}, which is not trusted; none were sent; if that is its token server, write tokenServers: ["${server}"] into the entry`,
  );
}

function denied(host: string, status: number): PullCheckResult {
  return { verification: "Denied", detail: `${host} refused the login (HTTP ${status})` };
}

function judged(status: number, repository: string): PullCheckResult {
  if (status === 200) return { verification: "Verified" };
  // A token server answers 200 with fewer rights than were asked for; only the manifest tells.
  if (status === 401 || status === 403) {
    return { verification: "Denied", detail: `the login may not pull ${repository} (HTTP ${status})` };
  }
  if (status === 404) return inconclusive(`${repository} is not there, or is hidden from this login`);
  return inconclusive(`${repository} was answered with HTTP ${status}`);
}

/** `token` or `access_token`: distribution's token specification. */
function tokenIn(text: string): string | undefined {
  try {
    const body = JSON.parse(text) as { readonly token?: unknown; readonly access_token?: unknown } | null;
    const token = body?.token ?? body?.access_token;
    return typeof token === "string" && token !== "" ? token : undefined;
  } catch {
    return undefined;
  }
}

function inconclusive(detail: string): PullCheckResult {
  return { verification: "Inconclusive", detail };
}

function reasonOf(error: unknown): string {
  // Refusals of our own say what to do, and hold nothing of the call.
  return error instanceof Error && "reason" in error && typeof error.reason === "string"
    ? `${error.reason}: ${error.message}`
    : error instanceof Error
      ? error.name
      : "unknown";
}
