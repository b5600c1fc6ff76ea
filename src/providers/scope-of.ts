// The scope that an entry is rendered against in a namespace, from the stores.
import type { NamespaceRecord, ServiceAccountRecord } from "../cluster/records.ts";
import type { Store } from "../runtime/watch/store.ts";
import type { RenderScope } from "./grant-types.ts";

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
      if (account.kind !== "there" || account.record.terminating) return undefined;
      const { uid, cloud } = account.record;
      return { uid, annotations: cloud };
    },
  });
}
