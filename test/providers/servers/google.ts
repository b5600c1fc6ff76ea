// Google over HTTP: OAuth, STS, IAM's credentials API and the metadata server.
//
// Wire formats: https://developers.google.com/identity/protocols/oauth2/service-account,
// https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token,
// https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken,
// https://cloud.google.com/compute/docs/metadata/querying-metadata.
import { type KeyObject, verify } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { text as textOf } from "node:stream/consumers";
import type { Http } from "../../../src/providers/http/http.ts";
import { jwtClaims } from "../../../src/runtime/jwt-claims.ts";
import { closed, listening } from "./loopback-server.ts";

export type GoogleOperation = "oauth" | "sts" | "impersonate" | "metadata-token" | "metadata-fact";

export interface GoogleCall {
  readonly operation: GoogleOperation;
  readonly path: string;
  /** Of the form, the JSON body or the query. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly headers: IncomingMessage["headers"];
}

export interface GoogleReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Whose a token is, and what it may do. */
export interface GoogleTokenFacts {
  /** An email, or the `sub` of a federated token. */
  readonly principal: string;
  readonly scopes: readonly string[];
  readonly expiresAt: Temporal.Instant;
}

export interface GoogleServerOptions {
  readonly now: () => Temporal.Instant;
  /** Public keys by the email of the service account. */
  readonly keys?: Readonly<Record<string, KeyObject>>;
  /** Email of the machine's service account; without one, the metadata server knows none. */
  readonly machine?: string | undefined;
  /** Of GKE. */
  readonly cluster?: { readonly project: string; readonly location: string; readonly name: string } | undefined;
  /** By audience of the exchange: which audience tokens must have there. */
  readonly federations?: Readonly<Record<string, string>>;
  /** By email: who may impersonate. */
  readonly impersonators?: Readonly<Record<string, readonly string[]>>;
  /** How long tokens live that name no other life. */
  readonly lifetime?: Temporal.Duration;
}

export interface GoogleServer {
  /** Of plain http; the host that is meant is the first segment of a path. */
  readonly url: string;
  /** All since the start, in order. */
  readonly calls: readonly GoogleCall[];
  /** Of a token that was handed out. */
  facts(token: string): GoogleTokenFacts | undefined;
  /** From now on, this operation is answered so; without a reply, as Google would. */
  answer(
    operation: GoogleOperation,
    reply?: GoogleReply | ((call: GoogleCall) => GoogleReply | Promise<GoogleReply>),
  ): void;
  /** All of Google's hosts, and the metadata server, are this server. */
  reachable(http: Http): Http;
  close(): Promise<void>;
}

const hosts = [
  "https://oauth2.googleapis.com",
  "https://sts.googleapis.com",
  "https://iamcredentials.googleapis.com",
  "http://169.254.169.254",
];

const exchangeFields = {
  grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
  requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
  subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
};

/** Starts it on a free port of the loopback. */
export async function googleServer(options: GoogleServerOptions): Promise<GoogleServer> {
  const calls: GoogleCall[] = [];
  const replies = new Map<GoogleOperation, (call: GoogleCall) => GoogleReply | Promise<GoogleReply>>();
  const google = asGoogle(options);
  const server = createServer((request, response) => {
    const answered = async (): Promise<void> => {
      const call = callOf(request, await textOf(request));
      if (call) calls.push(call);
      const reply = call ? await (replies.get(call.operation) ?? google.answer)(call) : { status: 404, body: "" };
      const flavor = call?.operation.startsWith("metadata") ? { "metadata-flavor": "Google" } : {};
      response.writeHead(reply.status, { ...flavor, ...reply.headers }).end(reply.body);
    };
    answered().catch((error: unknown) => response.destroy(error as Error));
  });
  const port = await listening(server);
  const origin = `http://127.0.0.1:${port}`;
  return {
    url: origin,
    calls,
    facts: (token) => google.tokens.get(token),
    answer: (operation, reply) => {
      if (reply === undefined) replies.delete(operation);
      else replies.set(operation, typeof reply === "function" ? reply : () => reply);
    },
    // It speaks plain http, for which no CA counts.
    reachable:
      (http) =>
      ({ ca, ...call }, signal) => {
        const url = new URL(call.url);
        if (!hosts.includes(url.origin)) return http({ ...call, ...(ca === undefined ? {} : { ca }) }, signal);
        return http({ ...call, url: `${origin}/${url.hostname}${url.pathname}${url.search}` }, signal);
      },
    close: () => closed(server),
  };
}

/** An error in the format of OAuth: RFC 6749 section 5.2. */
export function oauthError(error: string, description = `made up: ${error}`): GoogleReply {
  return json(400, { error, error_description: description });
}

/** An error in the format of Google's APIs: https://cloud.google.com/apis/design/errors. */
export function apiError(code: number, status: string, headers: Readonly<Record<string, string>> = {}): GoogleReply {
  return { ...json(code, { error: { code, status, message: `made up: ${status}` } }), headers };
}

export function json(status: number, body: unknown): GoogleReply {
  return { status, headers: { "content-type": "application/json; charset=UTF-8" }, body: JSON.stringify(body) };
}

function asGoogle(options: GoogleServerOptions): {
  readonly tokens: ReadonlyMap<string, GoogleTokenFacts>;
  readonly answer: (call: GoogleCall) => GoogleReply;
} {
  const { now, keys = {}, federations = {}, impersonators = {}, machine, cluster } = options;
  const lifetime = options.lifetime ?? Temporal.Duration.from({ seconds: 3599 });
  const tokens = new Map<string, GoogleTokenFacts>();
  const kept = new Map<string, string>();

  const issue = (principal: string, scopes: readonly string[], life = lifetime): string => {
    const token = `ya29.${tokens.size + 1}-hunter2`;
    tokens.set(token, { principal, scopes, expiresAt: now().add(life) });
    return token;
  };
  const left = (token: string): number => {
    const facts = tokens.get(token);
    return facts ? Math.floor(facts.expiresAt.since(now()).total("seconds")) : 0;
  };
  const granted = (token: string): GoogleReply =>
    json(200, { access_token: token, expires_in: left(token), token_type: "Bearer" });

  const answers: Readonly<Record<GoogleOperation, (call: GoogleCall) => GoogleReply>> = {
    oauth: ({ fields }) => {
      const assertion = text(fields["assertion"]);
      const { iss, aud, scope, exp } = jwtClaims(assertion) ?? {};
      const key = keys[text(iss)];
      if (fields["grant_type"] !== "urn:ietf:params:oauth:grant-type:jwt-bearer")
        return oauthError("unsupported_grant_type");
      if (!key || !signedBy(assertion, key)) return oauthError("invalid_grant", "Invalid JWT Signature.");
      if (aud !== "https://oauth2.googleapis.com/token" || seconds(exp) <= now().epochMilliseconds / 1000)
        return oauthError("invalid_grant", "Invalid JWT: Token must be a short-lived token.");
      if (text(scope) === "") return oauthError("invalid_scope");
      return granted(issue(text(iss), text(scope).split(" ")));
    },
    sts: ({ fields, headers }) => {
      const { sub, aud, iat } = jwtClaims(text(fields["subject_token"])) ?? {};
      const expected = federations[text(fields["audience"])];
      const wellFormed = Object.entries(exchangeFields).every(([name, value]) => fields[name] === value);
      if (!wellFormed || headers.authorization !== undefined) return oauthError("invalid_request");
      if (expected === undefined) return oauthError("invalid_target");
      if (!(Array.isArray(aud) && aud.includes(expected)))
        return oauthError("invalid_grant", "The audience in ID Token does not match the expected audience.");
      if (seconds(iat) + 3600 < now().epochMilliseconds / 1000)
        return oauthError("invalid_grant", `ID Token issued at ${seconds(iat)} is stale to sign-in.`);
      const token = issue(text(sub), text(fields["scope"]).split(" "));
      return json(200, {
        access_token: token,
        issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
        token_type: "Bearer",
        expires_in: left(token),
      });
    },
    impersonate: ({ path, fields, headers }) => {
      const email = /serviceAccounts\/(.+):generateAccessToken$/.exec(path)?.[1] ?? "";
      const asking = tokens.get(text(headers.authorization).replace(/^Bearer /, ""));
      if (!asking || Temporal.Instant.compare(asking.expiresAt, now()) <= 0) return apiError(401, "UNAUTHENTICATED");
      const allowed = impersonators[email]?.includes(asking.principal) === true;
      if (!allowed || !asking.scopes.includes("https://www.googleapis.com/auth/cloud-platform"))
        return apiError(403, "PERMISSION_DENIED");
      const [, life = ""] = /^(\d+)s$/.exec(text(fields["lifetime"])) ?? [];
      if (life === "" || Number(life) > 3600 || !Array.isArray(fields["scope"]))
        return apiError(400, "INVALID_ARGUMENT");
      const accessToken = issue(email, fields["scope"], Temporal.Duration.from({ seconds: Number(life) }));
      return json(200, { accessToken, expireTime: tokens.get(accessToken)?.expiresAt.toString() });
    },
    "metadata-token": ({ fields, headers }) => {
      if (headers["metadata-flavor"] !== "Google") return { status: 403, body: "<!DOCTYPE html>" };
      if (machine === undefined) return { status: 404, body: "<!DOCTYPE html>" };
      const scopes = text(fields["scopes"]);
      const old = kept.get(scopes);
      // The trap: the same token until its last five minutes.
      if (old !== undefined && left(old) > 300) return granted(old);
      const token = issue(machine, scopes.split(","));
      kept.set(scopes, token);
      return granted(token);
    },
    "metadata-fact": ({ path, headers }) => {
      const fact = {
        "project/project-id": cluster?.project,
        "instance/attributes/cluster-location": cluster?.location,
        "instance/attributes/cluster-name": cluster?.name,
      }[path.replace("/computeMetadata/v1/", "")];
      if (headers["metadata-flavor"] !== "Google" || fact === undefined)
        return { status: 404, body: "<!DOCTYPE html>" };
      return { status: 200, headers: { "content-type": "application/text" }, body: fact };
    },
  };
  return { tokens, answer: (call) => answers[call.operation](call) };
}

function callOf(request: IncomingMessage, body: string): GoogleCall | undefined {
  const [, host = "", rest = ""] = /^\/([^/]+)(\/.*)$/.exec(request.url ?? "") ?? [];
  const { pathname: path, searchParams } = new URL(rest, "http://google.test");
  const { method, headers } = request;
  const called = `${method} ${host}${path}`;
  const form = (): Readonly<Record<string, unknown>> => Object.fromEntries(new URLSearchParams(body));
  if (called === "POST oauth2.googleapis.com/token") return { operation: "oauth", path, fields: form(), headers };
  if (called === "POST sts.googleapis.com/v1/token") return { operation: "sts", path, fields: form(), headers };
  if (
    /^POST iamcredentials\.googleapis\.com\/v1\/projects\/-\/serviceAccounts\/[^/]+:generateAccessToken$/.test(called)
  ) {
    return { operation: "impersonate", path, fields: JSON.parse(body) as Record<string, unknown>, headers };
  }
  if (called === "GET 169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token") {
    return { operation: "metadata-token", path, fields: Object.fromEntries(searchParams), headers };
  }
  if (called.startsWith("GET 169.254.169.254/computeMetadata/v1/")) {
    return { operation: "metadata-fact", path, fields: {}, headers };
  }
  return undefined;
}

function signedBy(jwt: string, key: KeyObject): boolean {
  const [header = "", payload = "", signature = ""] = jwt.split(".");
  return verify("RSA-SHA256", Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, "base64url"));
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function seconds(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
