// The stores that the watches fill, and the transforms that make records for them: one of each for each row of kinds.ts.
import { randomBytes } from "node:crypto";
import type { Log } from "../runtime/observability/log.ts";
import { listenerFailed } from "../runtime/observability/log-watch.ts";
import { type FedStore, store } from "../runtime/watch/store.ts";
import { type Digest, keyedDigest } from "./digest.ts";
import { kindNames, kinds, type KindName, type RecordOf, type Transforms } from "./kinds.ts";
import { type AskedLabels, askedLabels } from "./watched-labels.ts";

export type FedStores = { readonly [K in KindName]: FedStore<RecordOf<K>> };

export interface ClusterStores {
  readonly stores: FedStores;
  readonly transforms: Transforms;
  /** Which labels of Namespaces are kept. */
  readonly labels: AskedLabels;
  /** Of contents, keyed anew for each process. */
  readonly digest: Digest;
}

export interface ClusterStoresOptions {
  /** Which labels of Namespaces are kept. Default: all. */
  readonly labels?: "all" | "asked for";
  /** See `StoreOptions`. */
  readonly wentBack?: () => void;
}

/** @param release of this program */
export function clusterStores(
  log: Log,
  release: string,
  { labels: keptLabels = "all", wentBack = () => undefined }: ClusterStoresOptions = {},
): ClusterStores {
  const labels = askedLabels();
  const digest = keyedDigest(randomBytes(32));
  const made = { release, digest, labels: keptLabels === "all" ? undefined : labels.keys };
  // What each row makes is what its type says; of all rows together the compiler cannot tell.
  return {
    stores: Object.fromEntries(
      kindNames.map((name) => [
        name,
        store({ listenerFailed: listenerFailed(log), wentBack, ...(kinds[name].store as object) }),
      ]),
    ) as unknown as FedStores,
    transforms: Object.fromEntries(
      kindNames.map((name) => [kinds[name].one, kinds[name].transform(made)]),
    ) as unknown as Transforms,
    labels,
    digest,
  };
}
