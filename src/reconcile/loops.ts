// Which loop runs a key?
import { keyOf } from "../plan/keys.ts";
import type { Outcome } from "../queue/work-queue.ts";
import type { Context } from "./context.ts";
import { credentialLoop } from "./credential.ts";
import { podsLoop } from "./pods.ts";
import { pullSecretLoop } from "./pull-secret.ts";
import { referencesLoop } from "./references.ts";
import { storeMembers } from "./store-members.ts";
import { reconcileToken } from "./token.ts";

export interface Loops {
  readonly run: (key: string, signal: AbortSignal) => Promise<Outcome>;
}

export function loops(context: Context): Loops {
  const pullSecret = pullSecretLoop();
  const references = referencesLoop();
  const pods = podsLoop();
  const credential = credentialLoop();
  return {
    run: (text, signal) => {
      const key = keyOf(text);
      switch (key.loop) {
        case "token":
          return reconcileToken(context, key.grantKey, signal);
        case "secret":
          return pullSecret(context, key.namespace, key.name, signal);
        case "references":
          return references(context, key.namespace, signal);
        case "pods":
          return pods(context, key.namespace, signal);
        case "credential":
          return credential(context, key.name, signal);
        case "members":
          return storeMembers(context, key.credentialUid, signal);
      }
    },
  };
}
