// The provider OCIR at work: a token for an Oracle Cloud container registry.
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import type * as OciCommon from "oci-common";
import type { Clock } from "../../runtime/clock.ts";
import type { OperatorError } from "../../runtime/errors.ts";
import type { GrantIdentity, SecretIdentity } from "../grant-types.ts";
import { Redacted } from "../../runtime/redacted.ts";
import { afterSeconds, checkedAnswer, doubtOf, memberAt, textAt, type TokenCall, tokenError } from "../answers.ts";
import { endpointOf } from "../endpoints.ts";
import { caOf, identitySecret } from "../fetching.ts";
import type { HttpAnswer } from "../http/http.ts";
import type { IdentitySource } from "../identity-source.ts";
import type { CloudOptions, Provider } from "../provider.ts";
import type { OcirGrant } from "./grant.ts";
import { instancePrincipal } from "./instance.ts";
import { noIdentity, type OciPrincipal } from "./principal.ts";
import { workloadPrincipal } from "./workload.ts";

/** The SDK reads the same variables as are in `environment` from the process. */
export interface OcirOptions extends CloudOptions {
  /** In place of Oracle's and Kubernetes' own; for fakes. */
  readonly places?: { readonly metadataUrl?: string; readonly serviceAccountFolder?: string };
}

type Sdk = typeof OciCommon;

const who = "OCIR";
// https://github.com/oracle-devrel/oke-credential-provider-for-ocir, internal/provider/provider.go
const tokenPath = "/20180419/docker/token";
const username = "BEARER_TOKEN";

export const fetchers = { OCIR: ocirProvider };

/** The registry hands out tokens for a request that is signed as Oracle's other services want it. */
export function ocirProvider(options: OcirOptions): Provider<OcirGrant> {
  const { clock, http } = options;
  return {
    fetch: async (grant, signal) => {
      const { host, identity } = grant;
      const url = `https://${host}${tokenPath}`;
      const headers = await signedHeaders(options, identity, url, signal);
      const issuedAt = clock.now();
      const answer = await http({ method: "GET", url, headers, ...caOf(options, grant) }, signal);
      const token = answer.status === 200 ? textAt(answer, "token") : undefined;
      if (token === undefined) throw ocirError(answer, { who, identity, advice: adviceFor(host, identity) }, clock);
      const expiresAt = afterSeconds(memberAt(answer, "expires_in"), issuedAt);
      const checked = checkedAnswer(who, { password: token, expiresAt }, clock);
      return {
        logins: { all: { username, password: new Redacted(checked.password) } },
        issuedAt,
        expiresAt: checked.expiresAt,
        doubt: doubtOf(who, memberAt(answer, "expires_in")),
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
  // grant.ts refuses these: Oracle takes no tokens of ServiceAccounts by themselves.
  if (identity.from !== "Operator" && identity.from !== "Secret") throw new TypeError("a ServiceAccount asks Oracle");
  const sdk = await import("oci-common");
  const { keyId, privateKey } =
    identity.from === "Secret" ? userIn(identity, options.identities) : await operatorPrincipal(sdk, options, signal);
  const headers = new Headers({ accept: "application/json" });
  const principal = {
    getKeyId: () => Promise.resolve(keyId),
    getPrivateKey: () => privateKey,
    getPassphrase: () => null,
  };
  await new sdk.DefaultRequestSigner(principal).signHttpRequest({ method: "GET", uri, headers });
  return Object.fromEntries(headers);
}

/** The Secret's keys are tenancy, user, fingerprint, privateKey (PEM) and, for a locked key, passphrase. */
function userIn(identity: SecretIdentity, identities: IdentitySource): OciPrincipal {
  const { text: value, invalid } = identitySecret(identities, identity);
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
  return {
    keyId: `${value("tenancy")}/${value("user")}/${fingerprint}`,
    privateKey: key.export({ type: "pkcs8", format: "pem" }),
  };
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
async function operatorPrincipal(sdk: Sdk, options: OcirOptions, signal: AbortSignal): Promise<OciPrincipal> {
  const { environment, places, endpoints } = options;
  if (environment["OCI_RESOURCE_PRINCIPAL_VERSION"]) return resourcePrincipal(sdk);
  if (environment["KUBERNETES_SERVICE_PORT_PROXYMUX"]) {
    return workloadPrincipal({ ...options, serviceAccountFolder: places?.serviceAccountFolder }, signal);
  }
  const federationIn = (region: string): string => {
    const led = endpointOf(endpoints, "ociAuth");
    if (led !== undefined) return led;
    const known = sdk.Region.getRegionIdFromShortCode(region);
    return sdk.EndpointBuilder.createEndpointFromRegionId("https://auth.{region}.{secondLevelDomain}", known);
  };
  return instancePrincipal({ ...options, federationIn, metadataUrl: places?.metadataUrl }, signal);
}

/** Of variables and files, without any call. */
async function resourcePrincipal(sdk: Sdk): Promise<OciPrincipal> {
  try {
    const found = sdk.ResourcePrincipalAuthenticationDetailsProvider.builder();
    const keyId = await found.getKeyId();
    return { keyId, privateKey: createPrivateKey(found.getPrivateKey()).export({ type: "pkcs8", format: "pem" }) };
  } catch {
    // The SDK's texts quote whatever it was given.
    throw noIdentity("the SDK cannot use the resource principal of the OCI_RESOURCE_PRINCIPAL_* variables");
  }
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
