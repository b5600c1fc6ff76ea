// What may an entry of a credential be rendered against in a namespace?
import type { Context } from "./context.ts";

export function scopes({ serviceAccounts }: Context["stores"], operatorNamespace: string): Context["scopeOf"] {
  return (namespace) => ({
    namespace,
    operatorNamespace,
    serviceAccount: (of, name) => {
      const found = serviceAccounts.get(`${of}/${name}`);
      return found && !found.terminating ? { uid: found.uid, annotations: found.cloud } : undefined;
    },
  });
}
