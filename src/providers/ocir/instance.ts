// Oracle's instance principal: as whom the machine signs that the operator runs on.
//
// Made of plain calls: oci-common asks the metadata service for certificates by itself, past the guarded network.
import { createHash, createPrivateKey, type KeyObject, sign, X509Certificate } from "node:crypto";
import type { Clock } from "../../runtime/clock.ts";
import { httpDate } from "../../runtime/http-date.ts";
import type { Http, HttpAnswer, HttpCall } from "../http/http.ts";
import { NetworkError } from "../http/network-error.ts";
import { noIdentity, type OciPrincipal, sessionKey, sessionPrincipal } from "./principal.ts";
import { textAt, tokenError } from "../answers.ts";

export interface InstanceOptions {
  readonly clock: Clock;
  /** May reach metadata services. */
  readonly metadataHttp: Http;
  /** Where certificates are exchanged for tokens in the region, as an https origin. */
  readonly federationIn: (region: string) => string;
  /** In place of Oracle's own; for fakes. */
  readonly metadataUrl?: string | undefined;
}

// https://docs.oracle.com/iaas/Content/Compute/Tasks/gettingmetadata.htm
const usualMetadataUrl = "http://169.254.169.254/opc/v2/";
const metadataHeaders = { authorization: "Bearer Oracle" };
const who = "Oracle's metadata service or federation";
const advice = "let the operator run on an OCI instance, or name another identity in the entry";

/** A session token for the certificate of the machine. Throws OperatorError. */
export async function instancePrincipal(options: InstanceOptions, signal: AbortSignal): Promise<OciPrincipal> {
  const { clock, metadataHttp, federationIn, metadataUrl = usualMetadataUrl } = options;
  const read = async (path: string): Promise<string> => {
    const call = { method: "GET", url: `${metadataUrl}${path}`, headers: metadataHeaders } as const;
    return (await answered(metadataHttp, call, clock, signal)).text.trim();
  };
  const [region, certificate, key, intermediate, session] = await Promise.all([
    read("instance/region"),
    read("identity/cert.pem"),
    read("identity/key.pem"),
    read("identity/intermediate.pem"),
    sessionKey(),
  ]);
  const machine = machineOf(certificate, key, intermediate);
  // It becomes a part of a host name.
  if (!machine || !/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(region)) {
    throw noIdentity(
      "what the machine's metadata service gives is no region with a certificate of a tenancy and its key",
    );
  }
  // oci-common, lib/auth/X509-federation-client.
  const body = JSON.stringify({
    certificate: machine.certificate.raw.toString("base64"),
    purpose: "DEFAULT",
    publicKey: session.publicKey,
    intermediateCertificates: [machine.intermediate.raw.toString("base64")],
  });
  const url = `${federationIn(region)}/v1/x509`;
  const headers = signedHeaders(new URL(url), body, machine, clock.now());
  const token = textAt(await answered(metadataHttp, { method: "POST", url, headers, body }, clock, signal), "token");
  if (token === undefined) throw noIdentity("Oracle's federation answered without a token");
  return sessionPrincipal(token, session);
}

interface Machine {
  readonly keyId: string;
  readonly certificate: X509Certificate;
  readonly intermediate: X509Certificate;
  readonly key: KeyObject;
}

function machineOf(certificatePem: string, keyPem: string, intermediatePem: string): Machine | undefined {
  try {
    const certificate = new X509Certificate(certificatePem);
    const intermediate = new X509Certificate(intermediatePem);
    const key = createPrivateKey(keyPem);
    // Its subject names the tenancy: oci-common, lib/auth/helpers/auth-utils.
    const tenancy = /\bopc-(?:tenant|identity):([\w.:-]{1,255})/.exec(certificate.subject)?.[1];
    if (tenancy === undefined || !certificate.checkPrivateKey(key)) return undefined;
    // `fingerprint` is that by SHA-1.
    return { keyId: `${tenancy}/fed-x509/${certificate.fingerprint.toLowerCase()}`, certificate, intermediate, key };
  } catch {
    return undefined;
  }
}

/** Signed as the federation wants it, by `date`; the SDK's public signer has `x-date`. */
function signedHeaders(
  { host, pathname }: URL,
  body: string,
  { keyId, key }: Machine,
  now: Temporal.Instant,
): Readonly<Record<string, string>> {
  const signed = {
    date: httpDate(now),
    "(request-target)": `post ${pathname}`,
    host,
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    "x-content-sha256": createHash("sha256").update(body).digest("base64"),
  };
  const lines = Object.entries(signed).map(([name, value]) => `${name}: ${value}`);
  const signature = sign("RSA-SHA256", Buffer.from(lines.join("\n")), key).toString("base64");
  const names = Object.keys(signed).join(" ");
  const { "(request-target)": _, ...headers } = signed;
  return {
    ...headers,
    authorization: `Signature version="1",keyId="${keyId}",algorithm="rsa-sha256",headers="${names}",signature="${signature}"`,
  };
}

/** An answer of status 200; throws OperatorError for any other, and for none. */
async function answered(http: Http, call: HttpCall, clock: Clock, signal: AbortSignal): Promise<HttpAnswer> {
  try {
    const answer = await http(call, signal);
    if (answer.status === 200) return answer;
    throw tokenError(answer, { who, identity: { from: "Operator" }, advice }, clock);
  } catch (error) {
    if (error instanceof NetworkError) throw noIdentity(`no variable names one, and ${error.message}`, error);
    throw error;
  }
}
