// The source of the keys and tokens of identities.
import { failure } from "../api/reasons.ts";
import { OperatorError } from "../runtime/errors.ts";
import type { ApiError } from "../runtime/client/api-error.ts";
import type { RequestToken } from "../runtime/client/token-request.ts";
import { audienceProblem } from "./audiences.ts";
import type { AccountIdentity, GrantIdentity } from "./grant-types.ts";
import { ownerOf } from "./rendering.ts";
import { consentTo, createServiceAccount } from "../cluster/install-steps.ts";
import type { OperatorSecretRecord } from "../cluster/records.ts";
import type { Redacted } from "../runtime/redacted.ts";
import { jwtClaims } from "../runtime/jwt-claims.ts";

export interface IdentitySource {
  /** Values of the identity's Secret by key. Throws OperatorError IdentityMissing or IdentityInvalid. */
  secretValues(identity: Extract<GrantIdentity, { from: "Secret" }>): Readonly<Record<string, Redacted>>;
  /** A fresh token of the ServiceAccount for one audience. Throws OperatorError ConsentMissing, ServiceAccountMissing, InvalidAudience or NotPermitted. */
  serviceAccountToken(identity: AccountIdentity, audience: string, signal: AbortSignal): Promise<Redacted>;
}

export interface IdentitySourceOptions {
  /** The Secret `namespace/name` as last heard of. */
  readonly secret: (key: string) => OperatorSecretRecord | undefined;
  readonly requestToken: RequestToken;
  /** For which the API server itself takes tokens. */
  readonly ownAudiences: () => Promise<readonly string[]>;
  /** The operator's own ServiceAccount as `namespace:name`, for the RoleBinding that a message proposes. */
  readonly operatorServiceAccount: string;
}

export function identitySource({
  secret,
  requestToken,
  ownAudiences,
  operatorServiceAccount,
}: IdentitySourceOptions): IdentitySource {
  return {
    secretValues: ({ namespace, name }) => {
      const record = secret(`${namespace}/${name}`);
      if (!record) {
        throw new OperatorError(
          failure("IdentityMissing", {
            message: `the identity's Secret ${namespace}/${name} does not exist: create it, see docs/providers.md for its keys`,
          }),
        );
      }
      if (record.kind !== "source" || !record.values) {
        throw new OperatorError(
          failure("IdentityInvalid", {
            message: `the identity's Secret ${namespace}/${name} is written by regcred, too large or of a type that holds no keys: name a Secret of type Opaque`,
          }),
        );
      }
      return record.values;
    },
    serviceAccountToken: async (identity, audience, signal) => {
      const { namespace, name, uid } = identity;
      const problem = audienceProblem(audience, await ownAudiences());
      if (problem !== undefined) {
        throw new OperatorError(
          failure("InvalidAudience", {
            cause: ownerOf(identity),
            retry: "slowly",
            message: `no token of the ServiceAccount ${namespace}/${name} is asked for: ${problem}`,
          }),
        );
      }
      let token: Redacted;
      try {
        token = await requestToken(identity, audience, signal);
      } catch (error) {
        throw deniedToken(error, identity, audience, operatorServiceAccount);
      }
      // The account may have been made anew since it was read; the grant is for the one that was read.
      if (uidIn(token.reveal()) !== uid) {
        throw new OperatorError(
          failure("ServiceAccountChanged", {
            cause: ownerOf(identity),
            message: `the ServiceAccount ${namespace}/${name} was made anew while its token was asked for; it is tried again`,
          }),
        );
      }
      return token;
    },
  };
}

/** `kubernetes.io.serviceaccount.uid`: k8s.io/kubernetes/pkg/serviceaccount/claims.go. */
function uidIn(token: string): unknown {
  const claims = jwtClaims(token)?.["kubernetes.io"];
  if (typeof claims !== "object" || claims === null || !("serviceaccount" in claims)) return undefined;
  const { serviceaccount } = claims;
  return typeof serviceaccount === "object" && serviceaccount !== null && "uid" in serviceaccount
    ? serviceaccount.uid
    : undefined;
}

function deniedToken(
  error: unknown,
  identity: AccountIdentity,
  audience: string,
  operatorServiceAccount: string,
): unknown {
  const { namespace, name } = identity;
  const { kind, message } = error instanceof Error && "kind" in error ? (error as ApiError) : {};
  if (kind === "notFound" || kind === "namespaceNotFound") {
    return new OperatorError(
      failure("ServiceAccountMissing", {
        cause: ownerOf(identity),
        message: `the ServiceAccount ${namespace}/${name} that should ask for the token does not exist`,
        steps: [createServiceAccount(namespace, name)],
      }),
      error,
    );
  }
  if (kind === "forbidden") {
    return new OperatorError(
      failure(identity.from === "TenantServiceAccount" ? "ConsentMissing" : "NotPermitted", {
        message: `the operator may not request tokens of the ServiceAccount ${namespace}/${name}`,
        steps: consentTo(namespace, name, operatorServiceAccount),
      }),
      error,
    );
  }
  // The install's own policy says in its message which value lets the audience through.
  if (kind === "admissionDenied") {
    return new OperatorError(
      failure("NotPermitted", {
        message: `the operator may not request a token of the ServiceAccount ${namespace}/${name} for the audience ${audience}: ${message}`,
      }),
      error,
    );
  }
  return error;
}
