// The token server of a registry with token authentication.

import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import { createServer as createPlainServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { KeyAndCertificate } from "./certificates.ts";

/** Somebody who may log in. */
export interface RegistryUser {
  readonly name: string;
  readonly password: string;
  /** Exact names; all when undefined. Only token authentication can limit them. */
  readonly repositories?: readonly string[] | undefined;
  /** When the password expires; never if absent. Only token authentication can tell. */
  readonly until?: Temporal.Instant | undefined;
}

export interface TokenServerOptions {
  readonly users: readonly RegistryUser[];
  readonly lifetime: Temporal.Duration;
  /** Served over https with this. */
  readonly tls?: KeyAndCertificate | undefined;
}

export interface TokenServer {
  /** What the registry names in its challenge. */
  readonly realm: string;
  readonly issuer: string;
  readonly service: string;
  /** The key set (RFC 7517) with which the registry verifies. */
  readonly keySet: string;
  setUsers(users: readonly RegistryUser[]): void;
  /** How often somebody asked, whatever the answer. */
  requests(): number;
  stop(): Promise<void>;
}

interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

const issuer = "regcred-test";
const service = "regcred-test-registry";

/**
 * Starts a token server on a free loopback port, as the distribution project specifies it:
 * https://distribution.github.io/distribution/spec/auth/token/. Only GET, as with several registries.
 */
export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  let { users } = options;
  let requests = 0;
  const signer = tokenSigner(options.lifetime);
  const listener: RequestListener = (request, response) => {
    requests++;
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    // What a client that tries OAuth2 first takes as "use GET".
    if (request.method !== "GET") return answer(404, { errors: [{ code: "UNSUPPORTED" }] });
    const login = basicLogin(request.headers.authorization);
    const now = Temporal.Now.instant();
    const user =
      login &&
      users.find(
        ({ name, password, until }) =>
          name === login.name &&
          password === login.password &&
          (until === undefined || Temporal.Instant.compare(now, until) < 0),
      );
    if (login && !user) return answer(401, { errors: [{ code: "UNAUTHORIZED" }] });
    const scopes = new URL(request.url ?? "/", "http://localhost").searchParams.getAll("scope");
    // Asking for more than one may have is no error: the answer holds less. Nobody in particular gets nothing.
    const access = user ? scopes.flatMap((scope) => grantedAccess(scope, user)) : [];
    return answer(200, signer.token(user?.name ?? "", access));
  };
  const server = options.tls
    ? createSecureServer({ cert: options.tls.certificate, key: options.tls.key }, listener)
    : createPlainServer(listener);
  server.listen(0, "127.0.0.1").unref();
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    realm: `${options.tls ? "https" : "http"}://127.0.0.1:${port}/token`,
    issuer,
    service,
    keySet: signer.keySet,
    setUsers: (next) => {
      users = next;
    },
    requests: () => requests,
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function basicLogin(header: string | undefined): { readonly name: string; readonly password: string } | undefined {
  const encoded = /^basic (.+)$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [name = "", ...password] = Buffer.from(encoded, "base64").toString().split(":");
  return { name, password: password.join(":") };
}

/** `repository:team/app:pull,push`. */
function grantedAccess(scope: string, user: RegistryUser): readonly Access[] {
  const [type = "", name = "", actions = ""] = scope.split(":");
  const allowed = user.repositories === undefined || user.repositories.includes(name);
  return allowed ? [{ type, name, actions: actions.split(",") }] : [];
}

function tokenSigner(lifetime: Temporal.Duration): {
  readonly keySet: string;
  readonly token: (subject: string, access: readonly Access[]) => object;
} {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const kid = createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("base64url");
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");
  return {
    keySet: JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), kid, alg: "ES256", use: "sig" }] }),
    token: (subject, access) => {
      const now = Temporal.Now.instant();
      const seconds = (instant: Temporal.Instant): number => Math.floor(instant.epochMilliseconds / 1000);
      const claims = {
        iss: issuer,
        aud: service,
        sub: subject,
        iat: seconds(now),
        nbf: seconds(now),
        exp: seconds(now.add(lifetime)),
        jti: randomUUID(),
        access,
      };
      const signed = `${encode({ typ: "JWT", alg: "ES256", kid })}.${encode(claims)}`;
      // JWS wants the two numbers of the signature side by side, not in DER: RFC 7518 section 3.4.
      const signature = sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
      const token = `${signed}.${signature.toString("base64url")}`;
      return { token, access_token: token, expires_in: lifetime.total("seconds"), issued_at: now.toString() };
    },
  };
}
