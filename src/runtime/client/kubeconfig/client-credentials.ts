// Credentials of a kubeconfig's user: certificates, a token, impersonation. Files are read anew for each call, as they are replaced in place.
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { OperatorError } from "../../errors.ts";
import { errorCode } from "../../network/no-answer.ts";
import { Redacted } from "../../redacted.ts";
import { isCertificate, keyPairFault } from "../../tls/key-pair.ts";
import type { Credentials, TlsMaterial } from "../connection.ts";
import type { Access } from "./access.ts";
import type { PluginCredential } from "./exec-plugin.ts";
import type { Impersonation, KubeconfigCluster, KubeconfigUser } from "./kubeconfig.ts";

/** What is not in the kubeconfig itself. */
export interface Found {
  readonly plugin?: PluginCredential | undefined;
  /** Of an OpenID Connect provider. */
  readonly token?: string | undefined;
}

/** Throws OperatorError CredentialsUnreadable for a file that cannot be read or holds nothing that can be used. */
export function clientCredentials({ cluster, user, impersonate }: Access, found: Found): Credentials {
  const authorization = authorizationOf(user, found);
  return {
    tls: { ...trustOf(cluster), ...keysOf(user, found.plugin) },
    ...(authorization === undefined ? {} : { authorization: new Redacted(authorization) }),
    headers: impersonationHeaders(impersonate),
  };
}

/** The CA of the cluster: PEM. */
export function authorityOf({ caData, caFile, file }: KubeconfigCluster): Buffer | undefined {
  if (caData) return checkedAuthority(caData, "certificate-authority-data");
  return caFile === "" ? undefined : checkedAuthority(read("the CA", file, caFile), beside(file, caFile));
}

// A file that is just being replaced may be empty or half: what was read before is better then.
function checkedAuthority(pem: Buffer, where: string): Buffer {
  if (pem.length === 0) throw unreadable(`the CA in ${where} is empty`);
  if (!isCertificate(pem.toString("latin1"))) throw unreadable(`the CA in ${where} is no PEM certificate`);
  return pem;
}

function trustOf(cluster: KubeconfigCluster): TlsMaterial {
  const ca = authorityOf(cluster);
  return {
    ...(ca && { ca }),
    ...(cluster.tlsServerName !== "" && { servername: cluster.tlsServerName }),
    ...(cluster.insecure && { rejectUnauthorized: false }),
  };
}

function keysOf(user: KubeconfigUser, plugin: PluginCredential | undefined): TlsMaterial {
  if (plugin && plugin.certificate !== "") return { cert: plugin.certificate, key: plugin.key };
  const { file, certificateFile, certificateData, keyFile, keyData } = user;
  if (certificateFile === "" && !certificateData) return {};
  const cert = certificateData ?? read("the client certificate", file, certificateFile);
  const key = keyData ?? read("the key of the client certificate", file, keyFile);
  const fault = keyPairFault(
    { certificate: cert.toString("latin1"), key: key.toString("latin1") },
    {
      certificate: certificateData ? "client-certificate-data" : beside(file, certificateFile),
      key: keyData ? "client-key-data" : beside(file, keyFile),
    },
  );
  if (fault !== undefined) throw unreadable(`the client certificate cannot be used: ${fault}`);
  return { cert, key };
}

/** A token of the kubeconfig spares the plugin, and its file the token: k8s.io/client-go/transport/round_trippers.go */
function authorizationOf(user: KubeconfigUser, { plugin, token }: Found): string | undefined {
  const { file, tokenFile, username, password } = user;
  if (tokenFile !== "") {
    const held = read("the token", file, tokenFile).toString("utf8").trim();
    if (held === "") throw unreadable(`the token file ${beside(file, tokenFile)} is empty`);
    return bearer(held, `of the file ${beside(file, tokenFile)}`);
  }
  if (user.token !== "") return bearer(user.token, "of the kubeconfig");
  if (plugin && plugin.token !== "") return bearer(plugin.token, "of the exec plugin");
  if (token !== undefined) return bearer(token, "of the OpenID Connect provider");
  if (username === "" && password === "") return undefined;
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** RFC 9110 section 5.5, less spaces and what is not ASCII: no token has them, and a header cannot be sent with a line break. */
function bearer(token: string, where: string): string {
  if (!/^[!-~]+$/.test(token)) throw unreadable(`the token ${where} holds a character that no token has`);
  return `Bearer ${token}`;
}

/** https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/ */
function impersonationHeaders({ user, uid, groups, extra }: Impersonation): Record<string, string | string[]> {
  if (user === "") return {};
  return {
    "Impersonate-User": headerValue(user),
    ...(uid !== "" && { "Impersonate-Uid": headerValue(uid) }),
    ...(groups.length > 0 && { "Impersonate-Group": groups.map(headerValue) }),
    ...Object.fromEntries(
      Object.entries(extra).map(([name, values]) => [
        `Impersonate-Extra-${encodeURIComponent(name)}`,
        values.map(headerValue),
      ]),
    ),
  };
}

/** The API server reads UTF-8, and a header is written byte by byte. */
function headerValue(text: string): string {
  if (/[\p{Cc}]/u.test(text))
    throw unreadable("whom to impersonate is named with a line break or another control character");
  return Buffer.from(text, "utf8").toString("latin1");
}

function beside(kubeconfig: string, path: string): string {
  return resolve(dirname(kubeconfig), path);
}

function read(what: string, kubeconfig: string, path: string): Buffer {
  const file = beside(kubeconfig, path);
  try {
    return readFileSync(file);
  } catch (error) {
    throw unreadable(`${what} cannot be read from ${file} (${errorCode(error) ?? "UNKNOWN"})`, error);
  }
}

export function unreadable(message: string, origin?: unknown): OperatorError {
  return new OperatorError({ reason: "CredentialsUnreadable", cause: "Platform", retry: "backoff", message }, origin);
}
