// Oracle's cloud over HTTP: registries, the metadata service, federation and OKE's proxymux.
//
// Signatures: https://docs.oracle.com/iaas/Content/API/Concepts/signingrequests.htm. Tokens of registries:
// https://github.com/oracle-devrel/oke-credential-provider-for-ocir, internal/provider/provider.go. The other wire formats
// are what oci-common sends and understands.
import { createPublicKey, type KeyObject, verify, X509Certificate } from "node:crypto";
import { rsaCertificate } from "../rsa-certificate.ts";
import { jwt } from "./azure.ts";
import { json, type VendorCall, type VendorReply, type VendorServer, vendorServer } from "./vendor.ts";

export interface OracleOptions {
  /** Public keys (PEM) by `TENANCY/USER/FINGERPRINT`. */
  readonly users?: Readonly<Record<string, string>>;
  /** Public keys (PEM) by resource principal session token. */
  readonly resources?: Readonly<Record<string, string>>;
  /** Tokens of ServiceAccounts that proxymux takes. */
  readonly workloads?: readonly string[];
  /** How long registry tokens live, in seconds. */
  readonly lifetime?: number;
}

const hosts = ["*.ocir.io", "*.eu-frankfurt-1.oraclecloud.com"];
const tenancy = "ocid1.tenancy.oc1..instance";
const hour = Temporal.Duration.from({ hours: 1 });

export function oracleServer(options: OracleOptions = {}): Promise<VendorServer> {
  return vendorServer(hosts, oracle(options));
}

export function oracleError(status: number, code: string): VendorReply {
  return json(status, { code, message: "made up, quoting hunter2" });
}

function oracle({ users = {}, resources = {}, workloads = [], lifetime = 3600 }: OracleOptions) {
  const keys = new Map<string, KeyObject>();
  for (const [id, key] of Object.entries(users)) keys.set(id, createPublicKey(key));
  for (const [token, key] of Object.entries(resources)) keys.set(`ST$${token}`, createPublicKey(key));
  const leaf = rsaCertificate(`opc-tenant:${tenancy}`, "pkcs1");
  const intermediate = rsaCertificate("intermediate", "pkcs1");
  const { fingerprint, publicKey } = new X509Certificate(leaf.certificate);
  keys.set(`${tenancy}/fed-x509/${fingerprint.toLowerCase()}`, publicKey);

  /** For a key that the caller has made for itself, without the lines around it. */
  const session = (key: string): string => {
    const token = jwt({ sub: "principal" }, hour);
    keys.set(`ST$${token}`, createPublicKey({ key: Buffer.from(key, "base64"), format: "der", type: "spki" }));
    return token;
  };

  const machine: Readonly<Record<string, string>> = {
    "instance/region": "fra",
    "identity/cert.pem": leaf.certificate,
    "identity/key.pem": leaf.key,
    "identity/intermediate.pem": intermediate.certificate,
  };

  return (call: VendorCall): VendorReply => {
    const { method, path, headers, body } = call;
    const known = machine[path.replace("/opc/v2/", "")];
    if (known !== undefined) {
      return headers.authorization === "Bearer Oracle" ? { status: 200, body: known } : { status: 401, body: "" };
    }
    if (path === "/resourcePrincipalSessionTokens") {
      if (!workloads.some((token) => headers.authorization === `Bearer ${token}`)) return { status: 403, body: "" };
      const { podKey } = JSON.parse(body) as { podKey: string };
      const answer = JSON.stringify({ token: `ST$${session(podKey)}` });
      return { status: 200, body: Buffer.from(answer).toString("base64") };
    }
    if (!isSigned(call, keys)) return oracleError(401, "NotAuthenticated");
    if (method === "POST" && path === "/v1/x509") {
      const { publicKey: key } = JSON.parse(body) as { publicKey: string };
      return json(200, { token: session(key) });
    }
    if (method !== "GET" || path !== "/20180419/docker/token") return oracleError(404, "NotAuthorizedOrNotFound");
    const token = jwt({ keyId: keyIdOf(call), host: call.host });
    return json(200, { token, access_token: token, scope: "", expires_in: lifetime });
  };
}

/** The part in quotes. */
function parameter({ headers }: VendorCall, name: string): string {
  return new RegExp(`${name}="([^"]*)"`).exec(headers.authorization ?? "")?.[1] ?? "";
}

function keyIdOf(call: VendorCall): string {
  return parameter(call, "keyId");
}

function isSigned(call: VendorCall, keys: ReadonlyMap<string, KeyObject>): boolean {
  const key = keys.get(keyIdOf(call));
  const names = parameter(call, "headers").split(" ");
  if (!key || !names.includes("(request-target)") || !names.includes("host")) return false;
  if (!names.includes("date") && !names.includes("x-date")) return false;
  const lines = names.map((name) => {
    if (name === "(request-target)") return `${name}: ${call.method.toLowerCase()} ${call.path}`;
    return `${name}: ${name === "host" ? call.host : String(call.headers[name])}`;
  });
  const signature = Buffer.from(parameter(call, "signature"), "base64");
  return verify("sha256", Buffer.from(lines.join("\n")), key, signature);
}
