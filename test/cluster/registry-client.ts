// A client of a registry that logs in as a container runtime does.

import { type Agent, request } from "undici";

/** Undefined: nobody in particular. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface RegistryCall {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export interface RegistryAnswer {
  readonly status: number;
  readonly body: Buffer;
  /** What the registry says that the body's digest is. */
  readonly digest: string | undefined;
  /** Absolute. */
  readonly location: string | undefined;
}

const userAgent = "regcred-test-runtime";

/**
 * Calls the registry without credentials and, when it is challenged, once more with what the challenge asks for: Basic,
 * or a token from the token server (https://distribution.github.io/distribution/spec/auth/token/). The answer is the
 * last one, whatever its status: the token server's if that refuses.
 */
export async function registryCall(
  call: RegistryCall,
  credentials: Credentials | undefined,
  agent: Agent,
): Promise<RegistryAnswer> {
  const first = await send(call, undefined, agent);
  if (first.status !== 401) return first;
  const [, scheme = "", rest = ""] = /^(\w+)\s+(.*)$/s.exec(first.challenge) ?? [];
  const basic =
    credentials && `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
  if (scheme.toLowerCase() !== "bearer") return basic === undefined ? first : await send(call, basic, agent);

  const values = new Map(rest.matchAll(/(\w+)="([^"]*)"/g).map(([, key = "", value = ""]) => [key, value]));
  const realm = new URL(values.get("realm") ?? "");
  for (const key of ["service", "scope"]) {
    const value = values.get(key);
    if (value !== undefined) realm.searchParams.set(key, value);
  }
  const granted = await send({ method: "GET", url: realm.href }, basic, agent);
  if (granted.status !== 200) return granted;
  const { token } = JSON.parse(granted.body.toString()) as { readonly token: string };
  return await send(call, `Bearer ${token}`, agent);
}

async function send(
  call: RegistryCall,
  authorization: string | undefined,
  agent: Agent,
): Promise<RegistryAnswer & { readonly challenge: string }> {
  const answer = await request(call.url, {
    method: call.method,
    dispatcher: agent,
    headers: { "user-agent": userAgent, ...call.headers, ...(authorization !== undefined && { authorization }) },
    body: call.body ?? null,
  });
  const { location, "www-authenticate": challenge, "docker-content-digest": digest } = answer.headers;
  return {
    status: answer.statusCode,
    body: Buffer.from(await answer.body.arrayBuffer()),
    digest: typeof digest === "string" ? digest : undefined,
    location: typeof location === "string" ? new URL(location, call.url).href : undefined,
    challenge: typeof challenge === "string" ? challenge : "",
  };
}
