// Tokens of the OpenID Connect provider of a kubeconfig, which client-node asks for and renews.
import { KubeConfig } from "@kubernetes/client-node";
import { unreadable } from "./client-credentials.ts";
import type { KubeconfigUser } from "./kubeconfig.ts";

/** Undefined: none. Rejects with OperatorError CredentialsUnreadable; what the provider said is not repeated. */
export async function openIdToken({ authProvider }: KubeconfigUser): Promise<string | undefined> {
  const name = "user";
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name, server: "https://server.invalid" }],
    users: [{ name, authProvider: { ...authProvider } }],
    contexts: [{ name, cluster: name, user: name }],
    currentContext: name,
  });
  const filled: { headers?: Record<string, string> } = {};
  try {
    await config.applyToHTTPSOptions(filled);
  } catch (error) {
    throw unreadable("the OpenID Connect provider of the kubeconfig gave no token: log in again with it", error);
  }
  const [, token] = /^Bearer (\S+)$/.exec(filled.headers?.["Authorization"] ?? "") ?? [];
  return token;
}
