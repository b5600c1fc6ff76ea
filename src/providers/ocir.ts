// How does one get a token for an Oracle Cloud container registry?
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { join } from "node:path";
import type * as OciCommon from "oci-common";
import type { Clock } from "../clock.ts";
import type { Environment } from "../config.ts";
import { OperatorError } from "../errors.ts";
import type { GrantIdentity, OcirGrant } from "../plan/grant-types.ts";
import { Redacted } from "../redacted.ts";
import { checkedAnswer } from "./answers.ts";
import { fetchImplementation } from "./http/fetch-implementation.ts";
import type { Http, HttpAnswer } from "./http/http.ts";
import { NetworkError } from "./http/network-error.ts";
import { withOwnErrors } from "./http/own-errors.ts";
import type { IdentitySource } from "./identity-source.ts";
import type { Provider } from "./provider.ts";
import { afterSeconds, memberAt, textAt, type TokenCall, tokenError } from "./token-answer.ts";

export interface OcirOptions {
  readonly clock: Clock;
  readonly identities: IdentitySource;
  readonly http: Http;
  /** The same, and the metadata services besides: for the operator's instance principal. */
  readonly metadataHttp: Http;
  /** PEM of a Secret of the operator's namespace; throws OperatorError. */
  readonly ca: (secretName: string) => string;
  /** Tells where the operator's own identity comes from. The SDK reads the same variables from the process. */
  readonly environment: Environment;
  /** In place of Oracle's and Kubernetes' own; for fakes. */
  readonly places?: { readonly metadataUrl?: string; readonly serviceAccountFolder?: string };
}

type Sdk = typeof OciCommon;
/** What the SDK's signer takes the key from. */
type Principal = ConstructorParameters<Sdk["DefaultRequestSigner"]>[0];

const who = "OCIR";
// https://github.com/oracle-devrel/oke-credential-provider-for-ocir, internal/provider/provider.go
const tokenPath = "/20180419/docker/token";
const username = "BEARER_TOKEN";
const usualServiceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The registry hands out tokens for a request that is signed as Oracle's other services want it. */
export function ocirProvider(options: OcirOptions): Provider<OcirGrant> {
  const { clock, http, ca } = options;
  return {
    fetch: async ({ host, identity, caSecretName }, signal) => {
      const url = `https://${host}${tokenPath}`;
      const headers = await signedHeaders(options, identity, url, signal);
      const issuedAt = clock.now();
      const answer = await http(
        { method: "GET", url, headers, ...(caSecretName === undefined ? {} : { ca: ca(caSecretName) }) },
        signal,
      );
      const token = answer.status === 200 ? textAt(answer, "token") : undefined;
      if (token === undefined) throw ocirError(answer, { who, identity, advice: adviceFor(host, identity) }, clock);
      const expiresAt = afterSeconds(memberAt(answer, "expires_in"), issuedAt);
      const checked = checkedAnswer(who, { password: token, expiresAt }, clock);
      return {
        logins: { all: { username, password: new Redacted(checked.password) } },
        issuedAt,
        expiresAt: checked.expiresAt,
      };
    },
  };
}

async function signedHeaders(
  options: OcirOptions,
  identity: GrantIdentity,
  uri: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  // plan/grants refuses these: Oracle takes no tokens of ServiceAccounts by themselves.
  if (identity.from !== "Operator" && identity.from !== "Secret") throw new TypeError("a ServiceAccount asks Oracle");
  const sdk = await import("oci-common");
  const headers = new Headers({ accept: "application/json" });
  const sign = async (principal: Principal): Promise<void> =>
    new sdk.DefaultRequestSigner(principal).signHttpRequest({ method: "GET", uri, headers });
  if (identity.from === "Secret") await sign(userIn(sdk, identity, options.identities));
  else await signAsOperator(sdk, options, sign, signal);
  return Object.fromEntries(headers);
}

/** The Secret's keys are tenancy, user, fingerprint, privateKey (PEM) and, for a locked key, passphrase. */
function userIn(sdk: Sdk, identity: Extract<GrantIdentity, { from: "Secret" }>, identities: IdentitySource): Principal {
  const values = identities.secretValues(identity);
  // Values that were made from files end in a newline.
  const value = (key: string): string => values[key]?.reveal().trim() ?? "";
  const invalid = (what: string): OperatorError =>
    new OperatorError({
      reason: "IdentityInvalid",
      cause: "Platform",
      retry: "on-change",
      message: `the identity's Secret ${identity.namespace}/${identity.name} ${what}`,
    });
  for (const key of ["tenancy", "user", "fingerprint", "privateKey"]) {
    if (value(key) === "")
      throw invalid(`lacks the key ${key}: an API key of OCI has tenancy, user, fingerprint and privateKey`);
  }
  for (const key of ["tenancy", "user"]) {
    // https://docs.oracle.com/iaas/Content/General/Concepts/identifiers.htm#Oracle
    if (!new RegExp(String.raw`^ocidv?1[.:]${key}[.:][\w.:-]{1,200}$`).test(value(key))) {
      throw invalid(`holds no OCID of a ${key} under ${key}: write one such as ocid1.${key}.oc1..aaaa`);
    }
  }
  const key = rsaKey(value("privateKey"), value("passphrase"));
  if (!key) {
    throw invalid(
      "holds no RSA key under privateKey: write it as PEM; where it is encrypted, put its passphrase under passphrase",
    );
  }
  const fingerprint = fingerprintOf(key);
  if (value("fingerprint").toLowerCase() !== fingerprint) {
    throw invalid(`holds a fingerprint that is not that of its privateKey: write ${fingerprint}, or the other key`);
  }
  const pem = key.export({ type: "pkcs8", format: "pem" });
  return new sdk.SimpleAuthenticationDetailsProvider(value("tenancy"), value("user"), fingerprint, pem, null);
}

function rsaKey(pem: string, passphrase: string): KeyObject | undefined {
  try {
    const key = createPrivateKey({ key: pem, ...(passphrase === "" ? {} : { passphrase }) });
    return key.asymmetricKeyType === "rsa" ? key : undefined;
  } catch {
    return undefined;
  }
}

// https://docs.oracle.com/iaas/Content/API/Concepts/apisigningkey.htm#four
function fingerprintOf(key: KeyObject): string {
  const publicKey = createPublicKey(key).export({ type: "spki", format: "der" });
  return (createHash("md5").update(publicKey).digest("hex").match(/../g) ?? []).join(":");
}

/**
 * As the first of these that is set: resource principal, OKE workload identity, instance principal. None falls through
 * to the next, which may be allowed more. OKE sets the variable of workload identity in every pod.
 */
async function signAsOperator(
  sdk: Sdk,
  options: OcirOptions,
  sign: (principal: Principal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { environment, places } = options;
  if (environment["OCI_RESOURCE_PRINCIPAL_VERSION"]) {
    return unlessAborted(signal, "the resource principal of the OCI_RESOURCE_PRINCIPAL_* variables", async () =>
      sign(sdk.ResourcePrincipalAuthenticationDetailsProvider.builder()),
    );
  }
  if (environment["KUBERNETES_SERVICE_PORT_PROXYMUX"]) {
    const folder = places?.serviceAccountFolder ?? usualServiceAccountFolder;
    const problem =
      "OKE's workload identity, which needs an enhanced cluster (where KUBERNETES_SERVICE_PORT_PROXYMUX is set to nothing in the operator's Deployment, it uses the instance principal)";
    // The SDK speaks to the cluster's own address by itself, with the cluster's CA.
    return unlessAborted(signal, problem, async () =>
      sign(sdk.OkeWorkloadIdentityAuthenticationDetailsProvider.builder(join(folder, "ca.crt"), join(folder, "token"))),
    );
  }
  return signAsInstance(sdk, options, sign, signal);
}

async function unlessAborted(signal: AbortSignal, what: string, use: () => Promise<void>): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason as Error);
  signal.throwIfAborted();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([use(), aborted]);
  } catch (error) {
    signal.throwIfAborted();
    // The SDK has no error classes of its own here, and its texts quote whatever it was given.
    const status = /\bStatus: (\d{3})\b/.exec(error instanceof Error ? error.message : "")?.[1];
    throw noIdentity(`the SDK cannot use ${what}${status === undefined ? "" : ` (HTTP ${status})`}`);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/**
 * The SDK asks the metadata service for the machine's certificates by itself, past any proxy; what goes to another
 * machine goes through ours, in the place of its circuit breakers.
 */
async function signAsInstance(
  sdk: Sdk,
  { clock, metadataHttp, places }: OcirOptions,
  sign: (principal: Principal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let last: HttpAnswer | undefined;
  const watched: Http = async (call, callSignal) => {
    last = undefined;
    last = await metadataHttp(call, callSignal);
    return last;
  };
  try {
    await withOwnErrors(watched, async (own) => {
      const builder = new sdk.InstancePrincipalsAuthenticationDetailsProviderBuilder();
      if (places?.metadataUrl !== undefined) builder.metadataBaseUrl = places.metadataUrl;
      replaceBreakers(builder, fetchImplementation(own, { signal }));
      await sign(await builder.build());
    });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof OperatorError) throw error;
    if (error instanceof NetworkError) throw noIdentity(`no variable names one, and ${error.message}`, error);
    if (last === undefined || last.status === 200) {
      throw noIdentity("the SDK cannot use what the machine's metadata service or Oracle's federation answered");
    }
    const advice = "let the operator run on an OCI instance, or name another identity in the entry";
    throw tokenError(
      last,
      { who: "Oracle's metadata service or federation", identity: { from: "Operator" }, advice },
      clock,
    );
  }
}

type InstanceBuilder = InstanceType<Sdk["InstancePrincipalsAuthenticationDetailsProviderBuilder"]>;

function replaceBreakers(builder: InstanceBuilder, send: typeof fetch): void {
  // What the SDK has made already would keep its timers for ever. The first is, unlike its type, the inner circuit.
  for (const made of [builder.circuitBreaker, builder.authCircuitBreaker.circuit]) {
    (made as unknown as { shutdown(): void }).shutdown();
  }
  // It would take any answer's text for a region.
  const region = async (url: string, init: RequestInit): Promise<Response> => {
    const answer = await send(url, init);
    if (!answer.ok) throw new TypeError(`HTTP ${answer.status}`);
    return answer;
  };
  // It would try again what throws and what is 5xx, which the token loop does within its budgets.
  const federation = async (url: string, init: RequestInit): Promise<Response> => {
    const answer = await send(url, init).catch(() => undefined);
    return answer?.ok ? answer : new Response(null, { status: 400 });
  };
  Object.defineProperties(builder, {
    circuitBreaker: { value: { fire: region } },
    authCircuitBreaker: { value: { circuit: { fire: federation } } },
  });
}

function noIdentity(why: string, origin?: NetworkError): OperatorError {
  return new OperatorError(
    {
      reason: "NoOperatorIdentity",
      cause: "Platform",
      retry: "backoff",
      message: `the operator has no OCI identity of its own: ${why}; give it one, or name another identity in the entry`,
    },
    origin,
  );
}

function ocirError(answer: HttpAnswer, call: TokenCall, clock: Clock): OperatorError {
  // Oracle hides what the caller may not see: https://docs.oracle.com/iaas/Content/API/References/apierrors.htm
  const hidden = answer.status === 404 && textAt(answer, "code") === undefined;
  return tokenError(hidden ? { ...answer, text: '{"code":"NotAuthorizedOrNotFound"}' } : answer, call, clock);
}

function adviceFor(host: string, identity: GrantIdentity): string {
  const principal =
    identity.from === "Secret"
      ? `check that the user of the Secret ${identity.namespace}/${identity.name} has this API key, and let a group of that user`
      : "let a dynamic group or workload of the operator";
  return `${principal} read repos in the compartment (a policy: allow ... to read repos in compartment NAME); ${host} refuses a wrong clock in the same way`;
}
