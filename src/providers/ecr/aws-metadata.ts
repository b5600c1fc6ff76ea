// The credentials of the place where the operator runs: its container or its machine.
//
// Asked without the SDK, whose own calls obey neither the proxy's exemptions nor the limits of the guarded network.
import { failure } from "../../api/reasons.ts";
import { readFile } from "node:fs/promises";
import { OperatorError } from "../../runtime/errors.ts";
import type { AwsOptions } from "./aws-client.ts";
import type { AwsCredentials } from "./aws-sts.ts";
import type { HttpAnswer, HttpCall } from "../http/http.ts";
import { isLoopback } from "../http/metadata-hosts.ts";
import { lateError, NetworkError } from "../http/network-error.ts";
import { jsonObject, wordIn } from "../answers.ts";

// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
const containerHost = "http://169.254.170.2";
// Of ECS, and of EKS Pod Identity; beside these and the loopback, plain http gets no token to see.
const containerHosts: ReadonlySet<string> = new Set(["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]);

// https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html
const machineHost = "http://169.254.169.254";
const machineHost6 = "http://[fd00:ec2::254]";
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html; the length is that of AWS's SDKs.
const sessionPath = "/latest/api/token";
const sessionLength = { "x-aws-ec2-metadata-token-ttl-seconds": "21600" };
const rolesPath = "/latest/meta-data/iam/security-credentials/";

// The services are on the same machine; where there is none, or where IMDSv2's answer may not reach a pod (a hop limit of
// 1), nothing at all comes back.
const patience = Temporal.Duration.from({ seconds: 2 });

/** Of a container (ECS, EKS Pod Identity), else of the machine. Throws OperatorError. */
export async function metadataCredentials(options: AwsOptions, signal: AbortSignal): Promise<AwsCredentials> {
  const { environment } = options;
  const relativeUri = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"];
  const fullUri = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"];
  if (relativeUri) return ofContainer(options, `${containerHost}${relativeUri}`, signal);
  if (fullUri) return ofContainer(options, fullUri, signal);
  if (isTrue(environment["AWS_EC2_METADATA_DISABLED"])) {
    throw noIdentity("it may not ask the machine's metadata service (AWS_EC2_METADATA_DISABLED)");
  }
  return ofMachine(options, signal);
}

async function ofContainer(options: AwsOptions, uri: string, signal: AbortSignal): Promise<AwsCredentials> {
  const who = "the container's credentials service";
  const url = URL.parse(uri);
  const isNear = url?.protocol === "http:" && (containerHosts.has(url.hostname) || isLoopback(url.hostname));
  if (!url || !(isNear || url.protocol === "https:")) {
    throw noIdentity(
      "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor of this pod's loopback, of ECS (169.254.170.2) or of EKS (169.254.170.23, fd00:ec2::23)",
    );
  }
  const token = await containerToken(options);
  const headers = { accept: "application/json", ...(token === undefined ? {} : { authorization: token }) };
  return credentialsIn(await ask(options, who, { method: "GET", url: url.href, headers }, signal), who);
}

/** The file wins, and is read anew each time: Kubernetes replaces it. */
async function containerToken({ environment }: AwsOptions): Promise<string | undefined> {
  const file = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"];
  const read = file
    ? await readFile(file, "utf8").catch(() => {
        throw noIdentity(`${file}, the file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, cannot be read`);
      })
    : environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"];
  const token = read?.trim() || undefined;
  if (token !== undefined && /[^ -~]/.test(token))
    throw noIdentity("its container's token holds signs that no header may");
  return token;
}

async function ofMachine(options: AwsOptions, signal: AbortSignal): Promise<AwsCredentials> {
  const who = "the machine's metadata service";
  const { environment } = options;
  const isIPv6 = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"]?.toLowerCase() === "ipv6";
  const written = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] || (isIPv6 ? machineHost6 : machineHost);
  const base = written.replace(/\/$/, "");
  const session = await machineSession(options, base, signal);
  const headers = session === undefined ? {} : { "x-aws-ec2-metadata-token": session };
  const get = (path: string): Promise<HttpAnswer> =>
    ask(options, who, { method: "GET", url: `${base}${path}`, headers }, signal);
  const roles = await get(rolesPath);
  const [role = ""] = roles.text.trim().split("\n");
  // https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html: it becomes a part of a path.
  if (roles.status === 200 && !/^[\w+=,.@-]{1,64}$/.test(role)) throw noIdentity(`${who} names no role`);
  if (roles.status !== 200) throw refused(who, roles);
  return credentialsIn(await get(`${rolesPath}${role}`), who);
}

/** Of IMDSv2; undefined where there is only its first version, which AWS's SDKs then use, too. */
async function machineSession(options: AwsOptions, base: string, signal: AbortSignal): Promise<string | undefined> {
  const who = "the machine's metadata service (IMDSv2)";
  const call = { method: "PUT", url: `${base}${sessionPath}`, headers: sessionLength } as const;
  let why: OperatorError;
  try {
    const answer = await ask(options, who, call, signal);
    const token = answer.text.trim();
    if (answer.status === 200 && /^[!-~]+$/.test(token)) return token;
    why = refused(who, answer);
    if (![403, 404, 405].includes(answer.status)) throw why;
  } catch (error) {
    if (!(error instanceof OperatorError && error.origin instanceof NetworkError && error.origin.code === "DEADLINE")) {
      throw error;
    }
    why = error;
  }
  // https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-client.html
  if (isTrue(options.environment["AWS_EC2_METADATA_V1_DISABLED"])) throw why;
  return undefined;
}

/** Throws OperatorError; its origin is the NetworkError where there was no answer. */
async function ask(
  { metadataHttp, clock }: AwsOptions,
  who: string,
  call: HttpCall,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const late = new AbortController();
  const cancel = clock.schedule(patience, () =>
    late.abort(lateError(new URL(call.url).host, patience.total("milliseconds"))),
  );
  try {
    return await metadataHttp(call, AbortSignal.any([signal, late.signal]));
  } catch (error) {
    if (error instanceof NetworkError) throw noIdentity(`${who} is silent (${error.code})`, error);
    throw error;
  } finally {
    cancel();
  }
}

function credentialsIn(answer: HttpAnswer, who: string): AwsCredentials {
  if (answer.status !== 200) throw refused(who, answer);
  const { Code, AccessKeyId, SecretAccessKey, Token } = jsonObject(answer.text);
  // The machine's service tells its troubles with status 200.
  if (Code !== undefined && Code !== "Success") throw refused(who, answer);
  const parts = [AccessKeyId, SecretAccessKey, Token].map((part) => (typeof part === "string" ? part : ""));
  const [accessKeyId = "", secretAccessKey = "", sessionToken = ""] = parts;
  if (accessKeyId === "" || secretAccessKey === "" || sessionToken === "") {
    throw noIdentity(`${who} answered without credentials`);
  }
  return { accessKeyId, secretAccessKey, sessionToken };
}

function refused(who: string, { status, text }: HttpAnswer): OperatorError {
  const { Code, code } = jsonObject(text);
  const name = wordIn(Code ?? code);
  const reported = name === undefined ? `HTTP ${status}` : `${name}, HTTP ${status}`;
  return noIdentity(`${who} gave none (${reported})`);
}

function isTrue(value: string | undefined): boolean {
  return value?.toLowerCase() === "true";
}

/** To be tried again: a metadata service that refuses may be starting. */
export function noIdentity(why: string, origin?: NetworkError): OperatorError {
  return new OperatorError(
    failure("NoOperatorIdentity", {
      message: `the operator has no AWS credentials of its own: ${why}; give its ServiceAccount a role (EKS Pod Identity or eks.amazonaws.com/role-arn), or name another identity in the entry`,
    }),
    origin,
  );
}
