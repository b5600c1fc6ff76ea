// The members controller: keeps in the operator's namespace which namespaces hold a login of a RegistryCredential.
import type { Controller } from "../../runtime/queue/controllers.ts";
import type { Context } from "../context.ts";
import { partsOf } from "../keys.ts";
import { forgetGone } from "./observe.ts";
import { membersWatches, storedMembers } from "./watches.ts";

export function membersController(context: Context): Controller {
  return {
    name: "members",
    watches: membersWatches(context),
    initial: () => storedMembers(context.cluster.stores),
    begin: () => {
      context.credentials.members.lead();
      forgetGone(context);
    },
    reconcile: (key, signal) => context.credentials.storeMembers(context, partsOf(key)[0], signal),
  };
}
