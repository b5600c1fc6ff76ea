// The scope that an entry is rendered against in a namespace, from the stores.
import type { NamespaceRecord, ServiceAccountRecord } from "../cluster/records.ts";
import type { Store } from "../runtime/watch/store.ts";
import type { RenderScope, ServiceAccountView } from "./grant-types.ts";

/** Of a ServiceAccount what an identity is made of; of one that is going nothing. */
export function accountView({ uid, cloud, terminating }: ServiceAccountRecord): ServiceAccountView | undefined {
  return terminating ? undefined : { uid, annotations: cloud };
}

export function scopes(
  { serviceAccounts }: { readonly serviceAccounts: Pick<Store<ServiceAccountRecord>, "look"> },
  operatorNamespace: string,
): (namespace: NamespaceRecord) => RenderScope {
  return (namespace) => ({
    namespace,
    operatorNamespace,
    serviceAccount: (of, name) => {
      const account = serviceAccounts.look(`${of}/${name}`);
      if (account.kind === "not-permitted") return account;
      return account.kind === "there" ? accountView(account.record) : undefined;
    },
  });
}
