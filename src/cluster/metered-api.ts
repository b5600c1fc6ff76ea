// Meters the calls of a run for its namespace's share: each request is a unit, and so are the bytes of a large one.
import type { Outcome } from "../runtime/queue/work-queue.ts";
import type { ClusterApi, ClusterObject } from "./cluster-api.ts";

export interface Metered {
  readonly api: ClusterApi;
  /** So far, in units. */
  readonly cost: () => number;
}

// The most that a pull Secret of ours has by default, in base64: one of the usual size is one unit, and a foreign one of 1 MiB
// that has to be read is a dozen.
const bytesOfUnit = 88 * 1024;

/** `api` with every request counted that is about a tenant's object: not about one in `ownNamespace`, which runs for others use, too. */
export function metered(api: ClusterApi, ownNamespace?: string): Metered {
  let cost = 0;
  const counted = async <Answer>(given: readonly unknown[], call: Promise<Answer>): Promise<Answer> => {
    if (given[0] === ownNamespace) return call;
    cost += 1 + lengthOf(given.filter((each) => typeof each === "string")) / bytesOfUnit;
    const answer = await call;
    cost += sizeOf(answer) / bytesOfUnit;
    return answer;
  };
  return {
    api: {
      ...api,
      getSecret: (...args) => counted(args, api.getSecret(...args)),
      createSecret: (...args) => counted(args, api.createSecret(...args)),
      tryCreateSecret: (...args) => counted(args, api.tryCreateSecret(...args)),
      replaceSecret: (...args) => counted(args, api.replaceSecret(...args)),
      deleteSecret: (...args) => counted(args, api.deleteSecret(...args)),
      getServiceAccount: (...args) => counted(args, api.getServiceAccount(...args)),
      patchServiceAccount: (...args) => counted(args, api.patchServiceAccount(...args)),
      evictPod: (...args) => counted(args, api.evictPod(...args)),
    },
    cost: () => cost,
  };
}

/** A run for one namespace, at that namespace's cost. */
export async function charged<
  Context extends { readonly cluster: { readonly api: ClusterApi }; readonly settings: { readonly namespace: string } },
>(context: Context, run: (counting: Context) => Promise<Outcome>): Promise<Outcome> {
  const { api, cost } = metered(context.cluster.api, context.settings.namespace);
  const outcome = await run({ ...context, cluster: { ...context.cluster, api } });
  return { ...outcome, cost: cost() + (outcome.cost ?? 0) };
}

/** What is large in an answer: data, annotations and long lists. */
function sizeOf(answer: unknown): number {
  if (typeof answer !== "object" || answer === null) return 0;
  const { metadata, data, imagePullSecrets } = answer as Partial<ClusterObject> & {
    readonly data?: Readonly<Record<string, string>>;
    readonly imagePullSecrets?: readonly { readonly name?: string }[];
  };
  return (
    lengthOf(Object.values(data ?? {})) +
    lengthOf(Object.values(metadata?.annotations ?? {})) +
    lengthOf((imagePullSecrets ?? []).map(({ name = "" }) => name))
  );
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}
