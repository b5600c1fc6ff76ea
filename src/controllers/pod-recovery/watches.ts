// Watches of the pod-recovery controller: what stuck pods wait for.
import { type Request, watch, type Watch } from "../../runtime/queue/controllers.ts";
import type { Context } from "../context.ts";
import { podsKey } from "../keys.ts";

type Stores = Context["cluster"]["stores"];

/** Pods of one owner get stuck together. */
const together: Request["options"] = { lane: "normal", debounced: true };

export function podsWatches({ cluster: { stores } }: Context): readonly Watch<Request>[] {
  return [
    watch(stores.credentials, () => stuckPods(stores)),
    // Its references are what stuck pods wait for.
    watch(stores.serviceAccounts, ({ after }) =>
      after && stores.pods.byIndex(after.namespace).length > 0 ? [podsOf(after.namespace)] : [],
    ),
    // Its pods may have been heard of before it.
    watch(stores.namespaces, ({ before, after }) =>
      !before && after && stores.pods.byIndex(after.name).length > 0 ? [podsOf(after.name)] : [],
    ),
    watch(stores.pods, ({ after }) => (after ? [podsOf(after.namespace)] : [])),
  ];
}

/** Each namespace in which pods are stuck. */
export function stuckPods({ pods }: Pick<Stores, "pods">): readonly Request[] {
  return [...new Set([...pods.values()].map(({ namespace }) => namespace))].map(podsOf);
}

function podsOf(namespace: string): Request {
  return { key: podsKey(namespace), options: together };
}
