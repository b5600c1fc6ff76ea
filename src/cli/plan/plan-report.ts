// The report of a plan: what would be written, and what would go wrong.
import packageJson from "../../../package.json" with { type: "json" };
import { type ClusterStores, clusterStores } from "../../cluster/cluster-stores.ts";
import type { Clock } from "../../runtime/clock.ts";
import { textWithSteps } from "../../runtime/steps.ts";
import type { ClusterState } from "./cluster-state.ts";
import { type Differences, differences, remembered } from "./differences.ts";
import type { Planned, PlannedObjects } from "./planned-objects.ts";
import { inMemoryCluster } from "./in-memory-cluster.ts";
import { type DryRun, dryRun } from "./dry-run.ts";

export interface Unserved {
  readonly credential: string;
  readonly namespace: string;
  readonly reason: string;
  readonly message: string;
}

export interface PlanReport extends Differences {
  /** Tokens that would be fetched from clouds. */
  readonly tokens: number;
  /** Writes that the operator has before it already, without the change. */
  readonly underWay: number;
  /** Namespaces that would be selected and not served. */
  readonly unserved: readonly Unserved[];
  /** Of the removal guard: nothing would be removed before a person confirms it. */
  readonly held: readonly { readonly credential: string; readonly message: string }[];
}

export interface PlanOptions {
  readonly clock: Clock;
  readonly operatorNamespace: string;
  readonly sourceNamespaces: readonly string[];
  readonly maxConfigBytes: number;
  /** They would be deleted, not applied. */
  readonly deleting: boolean;
}

const silent = (): void => undefined;

/** First the operator is let come to rest on the cluster as it is; what it does after the change is the change's. */
export async function planReport(
  state: ClusterState,
  { credentials, sources }: PlannedObjects,
  options: PlanOptions,
): Promise<PlanReport> {
  const { clock, deleting, operatorNamespace } = options;
  const known: ClusterStores = clusterStores(
    { debug: silent, info: silent, warn: silent, error: silent },
    packageJson.version,
  );
  const cluster = inMemoryCluster(state, known, operatorNamespace, () => clock.now());
  const found = remembered(cluster);
  const play = dryRun({ ...options, cluster, known });
  await play.settle();
  const rest = remembered(cluster);
  const fetchedBefore = play.fetched.size;
  for (const source of sources) cluster.putSource(source);
  for (const { raw } of credentials) cluster.putCredential(deleting ? deleted(raw, clock.now()) : raw);
  await play.settle();
  const underWay = differences(found, rest);
  return {
    ...differences(rest, remembered(cluster)),
    tokens: play.fetched.size - fetchedBefore,
    underWay: underWay.secrets.length + underWay.accounts.length,
    unserved: deleting ? [] : credentials.flatMap((each) => unserved(each, play, known)),
    held: credentials.flatMap(({ name }) => {
      const held = play.credentialIndex.held(name);
      return held ? [{ credential: name, message: textWithSteps(held) }] : [];
    }),
  };
}

function deleted(raw: object, now: Temporal.Instant): object {
  const { metadata, ...rest } = raw as { readonly metadata: object };
  return { ...rest, metadata: { ...metadata, deletionTimestamp: now.toString({ smallestUnit: "second" }) } };
}

function unserved({ name, credential }: Planned, { statusCache }: DryRun, { stores }: ClusterStores): Unserved[] {
  return [...stores.namespaces.values()].flatMap((namespace) => {
    const finding = statusCache.secret(namespace.name, credential.spec.pullSecret.name)?.credentials.get(name);
    return (finding?.failures ?? []).map((failure) => ({
      credential: name,
      namespace: namespace.name,
      reason: failure.reason,
      message: textWithSteps(failure),
    }));
  });
}
