// The scope against which entries are rendered in these tests.
import type { RenderScope, ServiceAccountView } from "../../src/providers/grant-types.ts";
import { namespace } from "../entitlement/objects.ts";

/** The namespace team-a with these labels, and ServiceAccounts by `namespace/name`. */
export function scopeOf(
  labels: Readonly<Record<string, string>> = {},
  accounts: Readonly<Record<string, ServiceAccountView>> = {},
): RenderScope {
  return {
    namespace: namespace({ labels }),
    operatorNamespace: "regcred-system",
    serviceAccount: (of, name) => accounts[`${of}/${name}`],
  };
}
