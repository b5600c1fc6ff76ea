// Requests a token of a ServiceAccount (TokenRequest).
import { Redacted } from "../redacted.ts";
import { resourcePath } from "./resource-path.ts";
import type { Transport } from "./transport.ts";

export interface ServiceAccountIdentity {
  readonly namespace: string;
  readonly name: string;
}

export type RequestToken = (
  identity: ServiceAccountIdentity,
  audience: string,
  signal: AbortSignal,
) => Promise<Redacted>;

// The least that the API server grants: kubernetes pkg/apis/authentication/validation. Minted late, used at once.
const lifetimeSeconds = 600;
const deadline = Temporal.Duration.from({ seconds: 5 });

/** TokenRequest of authentication.k8s.io/v1, for one audience. Rejects with ApiError. */
export function tokenRequests(transport: Transport): RequestToken {
  return async ({ namespace, name }, audience, signal) => {
    const path = resourcePath({
      group: "",
      version: "v1",
      resource: "serviceaccounts",
      namespace,
      name,
      subresource: "token",
    });
    const body = JSON.stringify({
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences: [audience], expirationSeconds: lifetimeSeconds },
    });
    // It changes nothing, so asking again is safe.
    const answer = await transport.request({ method: "POST", path, body, deadline, signal, idempotent: true });
    const { status } = answer.json() as { readonly status?: { readonly token?: string } };
    return new Redacted(status?.token ?? "");
  };
}
