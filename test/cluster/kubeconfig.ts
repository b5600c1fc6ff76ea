// Writes a kubeconfig.

import { stringify } from "yaml";
import type { KeyAndCertificate } from "./certificates.ts";

/** YAML with one cluster, one user and one context. `ca` is PEM. */
export function kubeconfigText(
  server: string,
  ca: string,
  name: string,
  credential: { readonly token: string } | KeyAndCertificate,
): string {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const user =
    "token" in credential
      ? { token: credential.token }
      : { "client-certificate-data": base64(credential.certificate), "client-key-data": base64(credential.key) };
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "regcred", cluster: { server, "certificate-authority-data": base64(ca) } }],
    users: [{ name, user }],
    contexts: [{ name: "regcred", context: { cluster: "regcred", user: name } }],
    "current-context": "regcred",
  });
}
