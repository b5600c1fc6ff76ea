// Can this login pull this image? Asked of the registry itself, before a token is handed to anyone.
import type { Verification } from "../plan/publish.ts";
import { base64OfText } from "./base64.ts";
import { challengesIn } from "./challenge.ts";
import { parseImageReference } from "./image-reference.ts";
import type { Login } from "./login.ts";
import { trustedRealm } from "./realm.ts";

export interface PullCheckResult {
  readonly verification: Verification;
  /** For the person who must act; holds no secret. Undefined for Verified. */
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
}

// https://docs.docker.com/docker-hub/: the API of docker.io has a host of its own.
const apiHosts: Readonly<Record<string, string>> = { "docker.io": "registry-1.docker.io" };

// Images and multi-architecture indexes, of OCI and of Docker: registries.md section 12.
const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/**
 * Verified: the manifest was seen. Denied: the registry refused this login for this image. Everything else, a foreign
 * realm, TLS that fails or an image that is not there, is Inconclusive, and sends no credential where it was not safe to.
 */
export async function pullCheck(
  image: string,
  login: Login,
  { exchange, scheme = "https", ca }: PullCheckOptions,
  signal: AbortSignal,
): Promise<PullCheckResult> {
  const parsed = parseImageReference(image);
  if (!parsed.ok) return inconclusive(`verify.image ${parsed.problem}`);
  const { domain, path, tag, digest } = parsed.image;
  const registry = new URL(`${scheme}://${apiHosts[domain] ?? domain}`);
  const send: Exchange = (call, given) => exchange({ ...call, ...(ca !== undefined && { ca }) }, given);
  try {
    const hello = await send({ method: "GET", url: new URL("/v2/", registry).href }, signal);
    const authorization = await authorizationFor(hello, registry, domain, path, login, send, signal);
    if (typeof authorization !== "string") return authorization;
    const manifest = await send(
      {
        method: "HEAD",
        url: new URL(`/v2/${path}/manifests/${digest ?? tag ?? "latest"}`, registry).href,
        headers: { accept: manifestTypes, authorization },
      },
      signal,
    );
    return judged(manifest.status, `${domain}/${path}`);
  } catch (error) {
    signal.throwIfAborted();
    return inconclusive(`${domain} could not be asked (${reasonOf(error)})`);
  }
}

/** The value of the Authorization header for the manifest; or the end of the check. */
async function authorizationFor(
  hello: Awaited<ReturnType<Exchange>>,
  registry: URL,
  domain: string,
  path: string,
  login: Login,
  send: Exchange,
  signal: AbortSignal,
): Promise<string | PullCheckResult> {
  // What everybody may do says nothing of the login; a refusal of the manifest would not be a refusal of the login either.
  if (hello.status === 200) return inconclusive(`${domain} lets everybody in, so the login was not tried`);
  if (hello.status !== 401) return inconclusive(`${domain} answered /v2/ with HTTP ${hello.status}`);
  const basic = `Basic ${base64OfText(`${login.username}:${login.password.reveal()}`)}`;
  const challenges = challengesIn(hello.headers["www-authenticate"] ?? "");
  const bearer = challenges.find(({ scheme }) => scheme === "bearer");
  if (!bearer) {
    return challenges.some(({ scheme }) => scheme === "basic")
      ? basic
      : inconclusive(`${domain} asks for an authentication that is neither Basic nor Bearer`);
  }
  const { realm, service } = bearer.parameters;
  const url = realm === undefined ? undefined : trustedRealm(realm, registry, domain);
  if (!url) return inconclusive(`${domain} sends credentials to another host, which is not trusted; none were sent`);
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.set("scope", `repository:${path}:pull`);
  url.searchParams.set("account", login.username);
  const answer = await send({ method: "GET", url: url.href, headers: { authorization: basic } }, signal);
  if (answer.status === 401 || answer.status === 403) {
    return { verification: "Denied", detail: `${url.host} refused the login (HTTP ${answer.status})` };
  }
  const token = answer.status === 200 ? tokenIn(answer.text) : undefined;
  return token === undefined ? inconclusive(`${url.host} gave no token (HTTP ${answer.status})`) : `Bearer ${token}`;
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
  return error instanceof Error && "reason" in error && typeof error.reason === "string"
    ? error.reason
    : error instanceof Error
      ? error.name
      : "unknown";
}
