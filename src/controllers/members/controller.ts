// The members controller: keeps in the operator's namespace which namespaces hold a login of a RegistryCredential.
import type { Controller } from "../../runtime/queue/controllers.ts";
import type { Context } from "../context.ts";
import { partsOf } from "../keys.ts";
import { requeueAfter } from "../outcome.ts";
import { longestGathered } from "./apply.ts";
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
    reconcile: (key, signal) => {
      const { membersStore } = context.credentials;
      const [uid] = partsOf(key);
      // Others wait for that already, and this would hold one of the few places of those who write Secrets.
      if (membersStore.isComing(uid)) return Promise.resolve(requeueAfter(longestGathered));
      return membersStore.all(context, uid, signal);
    },
  };
}
