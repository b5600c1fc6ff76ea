// A real registry for one test, with a password in front of it.

import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hash } from "bcryptjs";
import { Agent, request } from "undici";
import { stringify } from "yaml";
import { certificateAuthority, type KeyAndCertificate } from "./certificates.ts";
import { ensureBinaries } from "./ensure-binaries.ts";
import { withFreePort } from "./free-port.ts";
import { type Part, part } from "./part.ts";
import { type RegistryUser, startTokenServer, type TokenServer } from "./token-server.ts";
import { watchdog } from "./watchdog.ts";

export interface RegistryOptions {
  readonly auth:
    | { readonly kind: "none" }
    | { readonly kind: "htpasswd"; readonly users: readonly RegistryUser[] }
    /** `lifetime` of a token is 5 minutes by default; the registry accepts it for one more. */
    | { readonly kind: "token"; readonly users: readonly RegistryUser[]; readonly lifetime?: Temporal.Duration };
  /** https with a certificate of an authority of its own. */
  readonly tls?: boolean;
  /** With `tls`: names by which it is called, beside those of loopback. */
  readonly hosts?: readonly string[];
  /** One line per call, without line break; by default to standard error. */
  readonly log?: (line: string) => void;
}

/** One line of the registry's access log. */
export interface RegistryRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly userAgent: string;
}

export interface Registry {
  /** `127.0.0.1:PORT`: how an image reference begins. */
  readonly host: string;
  readonly url: string;
  /** PEM, with `tls`. */
  readonly ca: string | undefined;
  /** The token server's URL, which the challenge names. */
  readonly realm: string | undefined;
  readonly server: Part;
  /** The new users are the only ones from the next request on. Nothing happens without authentication. */
  setUsers(users: readonly RegistryUser[]): Promise<void>;
  /** All requests to the registry so far, those of the test itself included. */
  requests(): Promise<readonly RegistryRequest[]>;
  /** Requests to the token server. */
  tokenRequests(): number;
  /** Ends it and removes its images. May be called again. */
  stop(): Promise<void>;
}

const tokenLifetime = Temporal.Duration.from({ minutes: 5 });
// The least that bcrypt allows: passwords of a test are worth nothing.
const bcryptRounds = 4;
/** Tells our registry from one that took the port before it. */
const identityHeader = "x-regcred-test";

/**
 * Starts a `distribution` registry on a free loopback port, its images in a temporary folder.
 * @throws Error with the end of the registry's log.
 */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const { registry: file } = await ensureBinaries(["registry"], { log: options.log });
  const folder = await mkdtemp(join(tmpdir(), "regcred-registry-"));
  watchdog.made(folder);
  const authority = options.tls ? certificateAuthority("regcred-test-registry") : undefined;
  const tls = authority?.issue({ name: "registry", hosts: ["127.0.0.1", "localhost", ...(options.hosts ?? [])] });
  const { auth } = options;
  const tokens =
    auth.kind === "token"
      ? await startTokenServer({ users: auth.users, lifetime: auth.lifetime ?? tokenLifetime, tls })
      : undefined;
  const agent = new Agent(authority ? { connect: { ca: authority.certificate } } : {});
  const release = async (): Promise<void> => {
    await Promise.all([tokens?.stop(), agent.close(), rm(folder, { recursive: true, force: true, maxRetries: 5 })]);
  };
  const passwords = join(folder, "htpasswd");
  const setUsers = async (users: readonly RegistryUser[]): Promise<void> => {
    tokens?.setUsers(users);
    if (auth.kind === "htpasswd") await writePasswords(passwords, users);
  };

  try {
    if (auth.kind !== "none") await setUsers(auth.users);
    return await withFreePort(async (port) => {
      const host = `127.0.0.1:${port}`;
      const url = `${tls ? "https" : "http"}://${host}`;
      const identity = randomBytes(8).toString("hex");
      const configuration = await writeConfiguration({
        folder,
        host,
        identity,
        passwords,
        tokens,
        tls,
        auth: auth.kind,
      });
      const server = part({
        name: "registry",
        file,
        folder,
        arguments: ["serve", configuration],
        // Version 3 sends traces to a collector on this machine unless told not to.
        environment: { OTEL_TRACES_EXPORTER: "none" },
        ready: async () => (await identityOf(url, agent)) === identity,
      });
      await server.start();
      let stopping: Promise<void> | undefined;
      const end = async (): Promise<void> => {
        await server.kill();
        await release();
      };
      return {
        host,
        url,
        ca: authority?.certificate,
        realm: tokens?.realm,
        server,
        setUsers,
        requests: async () => requestsIn(await readFile(server.logFile, "utf8")),
        tokenRequests: () => tokens?.requests() ?? 0,
        stop: () => (stopping ??= end()),
      };
    });
  } catch (error) {
    await release();
    throw error;
  }
}

interface Settings {
  readonly folder: string;
  readonly host: string;
  readonly identity: string;
  readonly auth: "none" | "htpasswd" | "token";
  readonly passwords: string;
  readonly tokens: TokenServer | undefined;
  readonly tls: KeyAndCertificate | undefined;
}

// https://distribution.github.io/distribution/about/configuration/
async function writeConfiguration(settings: Settings): Promise<string> {
  const { folder, tls, tokens } = settings;
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const certificate = tls && {
    certificate: await write("tls.crt", tls.certificate),
    key: await write("tls.key", tls.key),
  };
  const basic = settings.auth === "htpasswd" && { htpasswd: { realm: "regcred-test", path: settings.passwords } };
  const token = tokens && {
    token: {
      realm: tokens.realm,
      service: tokens.service,
      issuer: tokens.issuer,
      jwks: await write("jwks.json", tokens.keySet),
      signingalgorithms: ["ES256"],
    },
  };
  const auth = token ?? (basic || undefined);
  return await write(
    "config.yml",
    stringify({
      version: "0.1",
      log: { level: "warn" },
      storage: { filesystem: { rootdirectory: join(folder, "images") }, delete: { enabled: true } },
      http: {
        addr: settings.host,
        secret: randomBytes(16).toString("hex"),
        headers: { [identityHeader]: [settings.identity] },
        ...(certificate && { tls: certificate }),
      },
      ...(auth && { auth }),
    }),
  );
}

// The registry reads the file again when its modification time has changed; the rename shows it a whole file only.
async function writePasswords(path: string, users: readonly RegistryUser[]): Promise<void> {
  const lines = await Promise.all(
    users.map(async ({ name, password }) => `${name}:${await hash(password, bcryptRounds)}\n`),
  );
  await writeFile(`${path}.new`, lines.join(""), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

async function identityOf(url: string, agent: Agent): Promise<string | undefined> {
  try {
    const answer = await request(`${url}/v2/`, { dispatcher: agent });
    await answer.body.dump();
    const identity = answer.headers[identityHeader];
    return typeof identity === "string" ? identity : undefined;
  } catch {
    return undefined;
  }
}

/** The access log has Apache's combined format. */
function requestsIn(log: string): readonly RegistryRequest[] {
  return log
    .matchAll(/^\S+ - \S+ \[[^\]]*\] "(\S+) (\S+) [^"]*" (\d+) \d+ "[^"]*" "([^"]*)"$/gm)
    .map(([, method = "", path = "", status = "", userAgent = ""]) => ({
      method,
      path,
      status: Number(status),
      userAgent,
    }))
    .toArray();
}
