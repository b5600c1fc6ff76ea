// AWS over HTTP: ECR, ECR Public, STS, a container's credentials service and a machine's metadata service.
//
// Wire formats: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html,
// https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html,
// https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html,
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html,
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html.
import { createServer, type IncomingMessage } from "node:http";
import { text as textOf } from "node:stream/consumers";
import { base64OfText } from "../../../src/runtime/base64.ts";
import { jwtClaims } from "../../../src/runtime/jwt-claims.ts";
import { closed, listening } from "./loopback-server.ts";

export type AwsOperation =
  | "ecr:GetAuthorizationToken"
  | "ecr-public:GetAuthorizationToken"
  | "sts:AssumeRole"
  | "sts:AssumeRoleWithWebIdentity"
  | "container"
  | "metadata";

export interface AwsCall {
  readonly operation: AwsOperation;
  /** As in `PUT /latest/api/token`. */
  readonly request: string;
  /** The body's fields: of a form, or of JSON. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Of the signature; undefined for a call that is not signed. */
  readonly region: string | undefined;
  /** Whose key signed it: an ARN. */
  readonly principal: string | undefined;
}

export interface AwsReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface AwsRole {
  /** ARNs that may assume it. */
  readonly principals?: readonly string[];
  readonly externalID?: string;
  /** `sub` and `aud` of the tokens that may assume it. */
  readonly subject?: string;
  readonly audience?: string;
}

export interface AwsServerOptions {
  /** Long-lived keys by id: the secret is not checked, since no signature is. */
  readonly keys?: Readonly<Record<string, string>>;
  readonly roles?: Readonly<Record<string, AwsRole>>;
  /** How long registry tokens live. */
  readonly lifetime?: Temporal.Duration;
  readonly now?: () => Temporal.Instant;
  /** What EKS Pod Identity wants to see in the Authorization header, and whom it then names. */
  readonly container?: { readonly token: string; readonly principal: string };
  /** The machine's role. */
  readonly machine?: string;
}

export interface AwsServer {
  readonly url: string;
  /** All since the start, in order. */
  readonly calls: readonly AwsCall[];
  /** From now on, this operation is answered so; without a reply, as AWS would. */
  answer(operation: AwsOperation, reply?: AwsReply | ((call: AwsCall) => AwsReply | Promise<AwsReply>)): void;
  close(): Promise<void>;
}

/** Starts it on a free port of the loopback. */
export async function awsServer(options: AwsServerOptions = {}): Promise<AwsServer> {
  const calls: AwsCall[] = [];
  const replies = new Map<AwsOperation, (call: AwsCall) => AwsReply | Promise<AwsReply>>();
  const asAws = aws(options);
  const server = createServer((request, response) => {
    const answered = async (): Promise<void> => {
      const call = callOf(request, await textOf(request), asAws.principals);
      let reply: AwsReply;
      if (call) {
        calls.push(call);
        reply = await (replies.get(call.operation) ?? asAws.answer)(call, request.url ?? "");
      } else {
        reply = { status: 404, body: "" };
      }
      response.writeHead(reply.status, reply.headers).end(reply.body);
    };
    answered().catch((error: unknown) => response.destroy(error as Error));
  });
  const port = await listening(server);
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    answer: (operation, reply) => {
      if (reply === undefined) replies.delete(operation);
      else replies.set(operation, typeof reply === "function" ? reply : () => reply);
    },
    close: () => closed(server),
  };
}

/** An error in the format of ECR (awsJson 1.1). */
export function awsJsonError(status: number, name: string, headers: Readonly<Record<string, string>> = {}): AwsReply {
  return {
    status,
    headers: { "content-type": "application/x-amz-json-1.1", ...headers },
    body: JSON.stringify({ __type: name, message: `made up: ${name}` }),
  };
}

/** An error in the format of STS (awsQuery). */
export function awsQueryError(status: number, name: string, headers: Readonly<Record<string, string>> = {}): AwsReply {
  return {
    status,
    headers: { "content-type": "text/xml", ...headers },
    body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${name}</Code><Message>made up: ${name}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
  };
}

export function awsJson(body: unknown): AwsReply {
  return { status: 200, headers: { "content-type": "application/x-amz-json-1.1" }, body: JSON.stringify(body) };
}

function aws(options: AwsServerOptions): {
  readonly principals: ReadonlyMap<string, string>;
  readonly answer: (call: AwsCall, url: string) => AwsReply;
} {
  const { roles = {}, container, machine } = options;
  const now = options.now ?? (() => Temporal.Now.instant());
  const lifetime = options.lifetime ?? Temporal.Duration.from({ hours: 12 });
  const principals = new Map(Object.entries(options.keys ?? {}));
  let issued = 0;

  const session = (principal: string): { id: string; secret: string; token: string; until: string } => {
    issued += 1;
    const id = `ASIA${String(issued).padStart(12, "0")}`;
    principals.set(id, principal);
    return { id, secret: `secret-${issued}`, token: `session-${id}`, until: now().add({ minutes: 15 }).toString() };
  };
  const authorization = (principal: string): unknown => {
    issued += 1;
    return {
      // The password holds a colon, as it may.
      authorizationToken: base64OfText(`AWS:${principal}:${issued}`),
      expiresAt: now().add(lifetime).epochMilliseconds / 1000,
    };
  };
  const assumed = (action: string, arn: string): AwsReply => {
    const { id, secret, token, until } = session(arn);
    return {
      status: 200,
      headers: { "content-type": "text/xml" },
      body: `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials><AccessKeyId>${id}</AccessKeyId><SecretAccessKey>${secret}</SecretAccessKey><SessionToken>${token}</SessionToken><Expiration>${until}</Expiration></Credentials></${action}Result></${action}Response>`,
    };
  };
  const local = (arn: string): AwsReply => {
    const { id, secret, token, until } = session(arn);
    const body = { AccessKeyId: id, SecretAccessKey: secret, Token: token, Expiration: until };
    return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  };

  const answer = (call: AwsCall, url: string): AwsReply => {
    const { operation, fields, headers, principal } = call;
    const arn = String(fields["RoleArn"]);
    const role = roles[arn];
    switch (operation) {
      case "ecr:GetAuthorizationToken": {
        if (principal === undefined) return awsJsonError(400, "UnrecognizedClientException");
        const proxyEndpoint = `https://999999999999.dkr.ecr.${call.region}.amazonaws.com`;
        return awsJson({ authorizationData: [{ ...(authorization(principal) as object), proxyEndpoint }] });
      }
      case "ecr-public:GetAuthorizationToken":
        if (principal === undefined) return awsJsonError(400, "UnrecognizedClientException");
        if (call.region !== "us-east-1") return awsJsonError(400, "UnsupportedCommandException");
        return awsJson({ authorizationData: authorization(principal) });
      case "sts:AssumeRole":
        if (principal === undefined) return awsQueryError(403, "InvalidClientTokenId");
        if (!role?.principals?.includes(principal) || role.externalID !== fields["ExternalId"]) {
          return awsQueryError(403, "AccessDenied");
        }
        return assumed("AssumeRole", arn);
      case "sts:AssumeRoleWithWebIdentity": {
        const { sub, aud, exp } = jwtClaims(String(fields["WebIdentityToken"])) ?? {};
        if (typeof exp !== "number" || exp * 1000 <= now().epochMilliseconds) {
          return awsQueryError(400, "ExpiredTokenException");
        }
        if (![aud].flat().includes(role?.audience ?? "sts.amazonaws.com")) {
          return awsQueryError(400, "InvalidIdentityToken");
        }
        if (role?.subject === undefined || role.subject !== sub) return awsQueryError(403, "AccessDenied");
        return assumed("AssumeRoleWithWebIdentity", arn);
      }
      case "container":
        return container && headers["authorization"] === container.token
          ? local(container.principal)
          : { status: 401, body: "" };
      case "metadata":
        if (call.request === "PUT /latest/api/token") {
          return headers["x-aws-ec2-metadata-token-ttl-seconds"] === undefined
            ? { status: 400, body: "" }
            : { status: 200, body: "metadata-session" };
        }
        if (machine === undefined || headers["x-aws-ec2-metadata-token"] !== "metadata-session") {
          return { status: 401, body: "" };
        }
        return url.endsWith("/security-credentials/") ? { status: 200, body: "machine" } : local(machine);
    }
  };
  return { principals, answer };
}

function callOf(request: IncomingMessage, body: string, principals: ReadonlyMap<string, string>): AwsCall | undefined {
  const headers = request.headers as Readonly<Record<string, string | undefined>>;
  const form = Object.fromEntries(new URLSearchParams(body));
  const operation = operationOf(request.url ?? "", headers["x-amz-target"], form["Action"]);
  if (!operation) return undefined;
  const [, id = "", region] = /Credential=(\w+)\/\d{8}\/([^/]+)\//.exec(headers["authorization"] ?? "") ?? [];
  // Keys of a session count only together with its token.
  const known = !id.startsWith("ASIA") || headers["x-amz-security-token"] === `session-${id}`;
  return {
    operation,
    request: `${request.method} ${request.url}`,
    fields: operation.startsWith("sts:") ? form : body === "" ? {} : (JSON.parse(body) as Record<string, unknown>),
    headers,
    region,
    principal: known ? principals.get(id) : undefined,
  };
}

function operationOf(url: string, target: string | undefined, action: string | undefined): AwsOperation | undefined {
  // EKS Pod Identity, ECS.
  if (url === "/v1/credentials" || url.startsWith("/v2/credentials/")) return "container";
  if (url.startsWith("/latest/")) return "metadata";
  if (target === "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken") return "ecr:GetAuthorizationToken";
  if (target === "SpencerFrontendService.GetAuthorizationToken") return "ecr-public:GetAuthorizationToken";
  if (action === "AssumeRole" || action === "AssumeRoleWithWebIdentity") return `sts:${action}`;
  return undefined;
}
