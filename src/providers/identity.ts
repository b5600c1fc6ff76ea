// Who asks for the token of this entry in this namespace?
import type { Identity } from "../api/registry-credential.ts";
import type { Failure } from "../runtime/errors.ts";
import type { GrantIdentity, RenderScope } from "./grant-types.ts";
import { createServiceAccount, grantRights } from "../cluster/install-steps.ts";

export interface RenderedIdentity {
  readonly identity: GrantIdentity;
  /** The cloud annotations of the ServiceAccount; empty for other identities. A field of the spec wins over them. */
  readonly annotations: Readonly<Record<string, string>>;
}

export function identityOf(identity: Identity, scope: RenderScope): RenderedIdentity | Failure {
  const { operatorNamespace } = scope;
  switch (identity.from) {
    case "Operator":
      return { identity: { from: "Operator" }, annotations: {} };
    case "Secret":
      return { identity: { from: "Secret", namespace: operatorNamespace, name: identity.name }, annotations: {} };
    case "ServiceAccount":
    case "TenantServiceAccount": {
      const { from, name } = identity;
      const tenant = from === "TenantServiceAccount";
      const namespace = tenant ? scope.namespace.name : operatorNamespace;
      const found = scope.serviceAccount(namespace, name);
      if (!found) {
        return {
          reason: "ServiceAccountMissing",
          cause: tenant ? "Tenant" : "Platform",
          retry: "on-change",
          message: `the ServiceAccount ${namespace}/${name} that should ask for the token does not exist`,
          steps: [createServiceAccount(namespace, name)],
        };
      }
      if ("kind" in found) {
        return {
          reason: "NotPermitted",
          cause: "Platform",
          retry: "on-change",
          message: `whether there is the ServiceAccount ${namespace}/${name} that should ask for the token cannot be seen: the operator is not shown the ServiceAccounts of that namespace`,
          steps: [grantRights(operatorNamespace)],
        };
      }
      return { identity: { from, namespace, name, uid: found.uid }, annotations: found.annotations };
    }
  }
}
