// Which loop runs a key?
import { keyOf } from "./keys.ts";
import type { Outcome } from "../runtime/queue/work-queue.ts";
import type { Context } from "./context.ts";
import { credentialLoop } from "./credential/controller.ts";
import { metered } from "./metered.ts";
import { podsLoop } from "./pod-recovery/controller.ts";
import { pullSecretLoop } from "./pull-secret/controller.ts";
import { referencesLoop } from "./service-account/controller.ts";
import { reconcileToken } from "./token/controller.ts";

export interface Loops {
  readonly run: (key: string, signal: AbortSignal) => Promise<Outcome>;
}

export function loops(context: Context): Loops {
  const runOf = eachLoop(context);
  return {
    run: async (text, signal) => {
      const outcome = await runOf(text, signal);
      context.waits.wait(text, outcome.waitsFor ?? []);
      return outcome;
    },
  };
}

function eachLoop(context: Context): Loops["run"] {
  const pullSecret = pullSecretLoop();
  const references = referencesLoop();
  const pods = podsLoop();
  const credential = credentialLoop();
  /** A run for one namespace, at that namespace's cost. */
  const charged = async (run: (counting: Context) => Promise<Outcome>): Promise<Outcome> => {
    const { api, cost } = metered(context.api);
    const outcome = await run({ ...context, api });
    return { ...outcome, cost: cost() + (outcome.cost ?? 0) };
  };
  return (text, signal) => {
    const key = keyOf(text);
    switch (key.loop) {
      case "token":
        return reconcileToken(context, key.grantKey, signal);
      case "secret":
        return charged((counting) => pullSecret(counting, key.namespace, key.name, signal));
      case "references":
        return charged((counting) => references(counting, key.namespace, signal));
      case "pods":
        return charged((counting) => pods(counting, key.namespace, signal));
      case "credential":
        return credential(context, key.name, signal);
      case "members":
        return context.storeMembers(context, key.credentialUid, signal);
    }
  };
}
