// Azure over HTTP: Entra, container registries, a machine's metadata service and App Service.
//
// Wire formats: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow,
// https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md,
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token,
// https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
import { constants, verify, X509Certificate } from "node:crypto";
import { createServer as createPlain, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTls } from "node:https";
import { text as textOf } from "node:stream/consumers";
import type { Http } from "../../../src/providers/http/http.ts";
import { jwtClaims } from "../../../src/runtime/jwt-claims.ts";
import { certificateAuthority } from "../../cluster/certificates.ts";
import { closed, listening } from "./loopback-server.ts";

export type AzureOperation = "entra" | "exchange" | "token" | "machine" | "app-service";

export interface AzureCall {
  readonly operation: AzureOperation;
  /** Whom the client believes to be talking to, without port. */
  readonly host: string;
  readonly path: string;
  /** Of the form or the query; a name may come more than once. */
  readonly fields: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
}

export interface AzureReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What Entra knows of an application: by any of these it is told. */
export interface AzureApplication {
  readonly tenantID: string;
  readonly secret?: string;
  /** PEM. */
  readonly certificate?: string;
  /** Of its federated credential. */
  readonly subject?: string;
}

export interface AzureServerOptions {
  /** By client id. */
  readonly applications?: Readonly<Record<string, AzureApplication>>;
  /** Client ids of the machine's managed identities; the first is the default. */
  readonly machine?: readonly string[];
  /** Client ids that may pull; everybody if absent. */
  readonly pullers?: readonly string[];
  /** How long registry tokens live. */
  readonly lifetime?: Temporal.Duration;
}

export interface AzureServer {
  /** PEM; nothing trusts the server without it. */
  readonly ca: string;
  /** For IDENTITY_ENDPOINT. */
  readonly appServiceUrl: string;
  /** All since the start, in order. */
  readonly calls: readonly AzureCall[];
  /** From now on, this operation is answered so; without a reply, as Azure would. */
  answer(operation: AzureOperation, reply?: AzureReply | ((call: AzureCall) => AzureReply | Promise<AzureReply>)): void;
  /** All of Azure's hosts, and the metadata service, are this server. */
  reachable(http: Http): Http;
  close(): Promise<void>;
}

/** What App Service wants to see in X-IDENTITY-HEADER. */
export const identityHeader = "app-service-secret";

const hosts = [
  "login.microsoftonline.com",
  "login.microsoftonline.us",
  "login.chinacloudapi.cn",
  "*.azurecr.io",
  "*.azurecr.us",
  "*.azurecr.cn",
];

const audiences = ["https://containerregistry.azure.net", "https://management.usgovcloudapi.net"];

/** Starts it on free ports of the loopback: https for Entra and registries, http for what is on the machine. */
export async function azureServer(options: AzureServerOptions = {}): Promise<AzureServer> {
  const authority = certificateAuthority("azure-ca");
  const { certificate, key } = authority.issue({ name: "azure", hosts });
  const calls: AzureCall[] = [];
  const replies = new Map<AzureOperation, (call: AzureCall) => AzureReply | Promise<AzureReply>>();
  const asAzure = azure(options);
  const listener: RequestListener = (request, response) => {
    const answered = async (): Promise<void> => {
      const call = callOf(request, await textOf(request));
      let reply: AzureReply = { status: 404, body: "" };
      if (call) {
        calls.push(call);
        reply = await (replies.get(call.operation) ?? asAzure)(call);
      }
      response.writeHead(reply.status, reply.headers).end(reply.body);
    };
    answered().catch((error: unknown) => response.destroy(error as Error));
  };
  const tls = createTls({ cert: certificate, key }, listener);
  const plain = createPlain(listener);
  const [tlsPort, plainPort] = await Promise.all([listening(tls), listening(plain)]);
  return {
    ca: authority.certificate,
    appServiceUrl: `http://127.0.0.1:${plainPort}/msi/token`,
    calls,
    answer: (operation, reply) => {
      if (reply === undefined) replies.delete(operation);
      else replies.set(operation, typeof reply === "function" ? reply : () => reply);
    },
    reachable: (http) => (call, signal) => {
      const url = new URL(call.url);
      if (url.protocol === "https:") url.port = String(tlsPort);
      else url.host = `127.0.0.1:${plainPort}`;
      return http({ ...call, url: url.href }, signal);
    },
    close: async () => {
      await Promise.all([tls, plain].map(closed));
    },
  };
}

export function azureJson(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): AzureReply {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
}

/** An error in Entra's format. */
export function entraError(
  status: number,
  name: string,
  number?: string,
  headers: Readonly<Record<string, string>> = {},
): AzureReply {
  const description = `${number === undefined ? "" : `${number}: `}made up, quoting hunter2. Trace ID: t`;
  return azureJson(
    status,
    { error: name, error_description: description, error_codes: [Number(number?.slice(6) ?? 0)] },
    headers,
  );
}

/** An error in a registry's format. */
export function registryError(
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): AzureReply {
  return azureJson(status, { errors: [{ code, message: "made up, quoting hunter2", detail: [] }] }, headers);
}

let issued = 0;

/** A JWT that nobody signed, unlike any other; `life` from now. */
export function jwt(claims: Readonly<Record<string, unknown>>, life?: Temporal.Duration): string {
  issued += 1;
  const exp = life && Math.floor(Temporal.Now.instant().add(life).epochMilliseconds / 1000);
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ ...claims, ...(exp === undefined ? {} : { exp }), jti: issued })}.c2ln`;
}

function azure(options: AzureServerOptions): (call: AzureCall) => AzureReply {
  const { applications = {}, machine = [], pullers } = options;
  const lifetime = options.lifetime ?? Temporal.Duration.from({ hours: 3 });
  const known = new Set<string>();
  const made = (claims: Readonly<Record<string, unknown>>, life: Temporal.Duration): string => {
    const token = jwt(claims, life);
    known.add(token);
    return token;
  };
  const hour = Temporal.Duration.from({ hours: 1 });

  const entra = ({ host, path, fields }: AzureCall): AzureReply => {
    const [, tenant = ""] = path.split("/");
    const client = fields.get("client_id") ?? "";
    const scope = (fields.get("scope") ?? "").split(" ").find((each) => each.endsWith("/.default"));
    const application = applications[client];
    if (fields.get("grant_type") !== "client_credentials")
      return entraError(400, "unsupported_grant_type", "AADSTS70003");
    if (!application) return entraError(400, "unauthorized_client", "AADSTS700016");
    if (application.tenantID !== tenant) return entraError(400, "invalid_request", "AADSTS90002");
    const aud = scope?.replace("/.default", "") ?? "";
    if (!audiences.includes(aud)) return entraError(400, "invalid_resource", "AADSTS500011");
    const error = proven(application, client, `https://${host}/${tenant}/oauth2/v2.0/token`, fields);
    if (error) return error;
    return azureJson(200, { token_type: "Bearer", expires_in: 3599, access_token: made({ aud, appid: client }, hour) });
  };

  const managed = (client: string | null, resource: string | null): AzureReply => {
    const appid = machine.find((each) => client === null || each === client);
    if (appid === undefined) {
      return azureJson(400, { error: "invalid_request", error_description: "Identity not found" });
    }
    const access_token = made({ aud: resource, appid }, hour);
    const expires_on = String(jwtClaims(access_token)?.["exp"]);
    return azureJson(200, { access_token, expires_on, expires_in: "3599", resource, token_type: "Bearer" });
  };

  const registry = ({ operation, host, fields }: AzureCall): AzureReply => {
    const given = fields.get(operation === "exchange" ? "access_token" : "refresh_token") ?? "";
    const grantType = operation === "exchange" ? "access_token" : "refresh_token";
    if (fields.get("grant_type") !== grantType || fields.get("service") !== host)
      return registryError(400, "UNSUPPORTED");
    const { aud, appid } = jwtClaims(given) ?? {};
    const right = operation === "exchange" ? audiences.includes(String(aud)) : aud === host;
    if (!known.has(given) || !right || (pullers && !pullers.includes(String(appid)))) {
      return registryError(401, "UNAUTHORIZED");
    }
    if (operation === "exchange") {
      return azureJson(200, { refresh_token: made({ aud: host, appid, grant_type: "refresh_token" }, lifetime) });
    }
    const access = fields.getAll("scope").map((scope) => {
      const [type, name, actions] = scope.split(":");
      return { type, name, actions: actions?.split(",") };
    });
    return azureJson(200, { access_token: made({ aud: host, appid, grant_type: "access_token", access }, lifetime) });
  };

  return (call) => {
    const { operation, fields, headers } = call;
    switch (operation) {
      case "entra":
        return entra(call);
      case "exchange":
      case "token":
        return registry(call);
      case "machine":
        if (headers["metadata"] !== "true" || fields.get("api-version") !== "2018-02-01")
          return { status: 400, body: "" };
        return managed(fields.get("client_id"), fields.get("resource"));
      case "app-service":
        if (headers["x-identity-header"] !== identityHeader) return { status: 401, body: "" };
        return managed(fields.get("client_id"), fields.get("resource"));
    }
  };
}

/** Undefined: the application has shown that it is itself. */
function proven(
  { secret, certificate, subject }: AzureApplication,
  client: string,
  endpoint: string,
  fields: URLSearchParams,
): AzureReply | undefined {
  const assertion = fields.get("client_assertion");
  if (assertion === null) {
    if (secret !== undefined && fields.get("client_secret") === secret) return undefined;
    return entraError(401, "invalid_client", "AADSTS7000215");
  }
  if (fields.get("client_assertion_type") !== "urn:ietf:params:oauth:client-assertion-type:jwt-bearer") {
    return entraError(400, "invalid_request", "AADSTS900144");
  }
  const { sub, aud, exp } = jwtClaims(assertion) ?? {};
  if (typeof exp !== "number" || exp * 1000 <= Temporal.Now.instant().epochMilliseconds) {
    return entraError(401, "invalid_client", "AADSTS700024");
  }
  if (certificate !== undefined && sub === client) {
    return aud === endpoint && isSignedBy(certificate, assertion)
      ? undefined
      : entraError(401, "invalid_client", "AADSTS700027");
  }
  const audienceFits = [aud].flat().includes("api://AzureADTokenExchange");
  return audienceFits && subject !== undefined && sub === subject
    ? undefined
    : entraError(401, "invalid_client", "AADSTS700213");
}

// PS256: RFC 7518 section 3.5.
function isSignedBy(certificate: string, assertion: string): boolean {
  const [head = "", claims = "", signature = ""] = assertion.split(".");
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const key = {
    key: new X509Certificate(certificate).publicKey,
    padding,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  };
  return verify("sha256", Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, "base64url"));
}

function callOf(request: IncomingMessage, body: string): AzureCall | undefined {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://server.invalid");
  const host = (request.headers.host ?? "").replace(/:\d+$/, "");
  const operation = operationOf(pathname);
  if (!operation) return undefined;
  const fields = request.method === "POST" ? new URLSearchParams(body) : searchParams;
  return { operation, host, path: pathname, fields, headers: request.headers };
}

function operationOf(path: string): AzureOperation | undefined {
  if (/^\/[-a-z0-9.]+\/oauth2\/v2\.0\/token$/.test(path)) return "entra";
  // The SDK writes a slash at the end.
  if (/^\/metadata\/identity\/oauth2\/token\/?$/.test(path)) return "machine";
  if (/^\/msi\/token\/?$/.test(path)) return "app-service";
  if (path === "/oauth2/exchange") return "exchange";
  return path === "/oauth2/token" ? "token" : undefined;
}
