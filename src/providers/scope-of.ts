// What may an entry of a credential be rendered against in a namespace?
import type { Context } from "../controllers/context.ts";

export function scopes({ serviceAccounts }: Context["stores"], operatorNamespace: string): Context["scopeOf"] {
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
