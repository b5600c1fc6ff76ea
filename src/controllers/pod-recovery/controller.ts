// Which stuck pods of a namespace are evicted now, so that their successors can pull?
import type { RegistryCredential } from "../../api/registry-credential.ts";
import type { Failure } from "../../runtime/errors.ts";
import { evictionWait, type PastEviction, stillCounting } from "./plan-eviction-rate.ts";
import { grantsOf, isFailure } from "../../providers/grant.ts";
import { type Eviction, podsToEvict, type RecoverableSecret } from "./plan.ts";
import type { NamespaceRecord } from "../../cluster/records.ts";
import { isAlive } from "../../cluster/token.ts";
import type { Controller } from "../../runtime/queue/controllers.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import { canonicalHost, configKey, loginAt } from "../../registry/host.ts";
import { charged } from "../../cluster/metered-api.ts";
import type { Context } from "../context.ts";
import { partsOf } from "../keys.ts";
import { podsWatches, stuckPods } from "./watches.ts";
import { requeueAfter, done, failed } from "../outcome.ts";
import { remember } from "../../runtime/remember.ts";
import { textWithSteps } from "../../runtime/steps.ts";
import { quotedText } from "../../runtime/foreign-text.ts";

export type PodsLoop = (context: Context, namespace: string, signal: AbortSignal) => Promise<Outcome>;

// Uids of pods and owners; the oldest are forgotten. A pod that was evicted is gone within its grace period.
const maxRemembered = 10_000;
// Milliseconds.
const lookAgain = 60_000;

export function podRecoveryController(context: Context): Controller {
  const run = podsLoop();
  return {
    name: "pods",
    watches: podsWatches(context),
    initial: () => stuckPods(context.stores),
    reconcile: (key, signal) => charged(context, (counting) => run(counting, partsOf(key)[0], signal)),
  };
}

export function podsLoop(): PodsLoop {
  const evicted = new Map<string, true>();
  const stuck = new Map<string, true>();
  const firstEvictions = new Map<string, Temporal.Instant>();
  let past: readonly PastEviction[] = [];

  return async (context, namespaceName, signal) => {
    const { stores, clock } = context;
    const namespace = stores.namespaces.get(namespaceName);
    const pods = stores.pods.byIndex(namespaceName);
    if (!namespace || namespace.terminating || pods.length === 0) return done;
    const evictions = podsToEvict({
      pods,
      serviceAccount: (name) => stores.serviceAccounts.get(`${namespaceName}/${name}`),
      secrets: recoverableSecrets(context, namespace),
      evicted,
      firstEviction: (uid) => firstEvictions.get(uid),
    });
    let refused: Failure | undefined;
    // One that cannot be evicted, such as by its PodDisruptionBudget, does not stand in the way of the others.
    const order = [
      ...evictions.filter(({ pod }) => !stuck.has(pod.uid)),
      ...evictions.filter(({ pod }) => stuck.has(pod.uid)),
    ];
    for (const eviction of order) {
      past = stillCounting(past, clock.elapsed());
      const wait = evictionWait(past, namespaceName, clock.elapsed());
      if (wait > 0) {
        const own = past.filter((each) => each.namespace === namespaceName);
        if (evictionWait(own, namespaceName, clock.elapsed()) > 0) context.shareReached("evictions", namespaceName);
        return requeueAfter(wait);
      }
      const { pod } = eviction;
      // Attempts count, too.
      past = [...past, { namespace: namespaceName, at: clock.elapsed() }];
      try {
        await context.api.evictPod(namespaceName, pod.name, pod.uid, signal);
        const owner = pod.controller?.uid;
        if (owner !== undefined && !firstEvictions.has(owner))
          remember(firstEvictions, owner, clock.now(), maxRemembered);
        tell(context, eviction);
      } catch (error) {
        const { kind, failure } = context.refusal(error, `evict the pod ${pod.key}`);
        // It is gone, or another has its name; the watch will say so.
        if (kind !== "notFound" && kind !== "conflict") {
          context.log.warn("pod not evicted", { pod: pod.key, reason: failure.reason, detail: textWithSteps(failure) });
          refused = failure;
          remember(stuck, pod.uid, true, maxRemembered);
          continue;
        }
      }
      remember(evicted, pod.uid, true, maxRemembered);
    }
    if (refused) return failed(refused, { of: "namespaces", object: namespaceName });
    // What else lets them be evicted one day is not told to this loop: a token that arrives, a Secret that is mended.
    return requeueAfter(lookAgain);
  };
}

function tell({ events, log }: Context, { pod, secret, image }: Eviction): void {
  log.info("pod evicted", { pod: pod.key, image, secret });
  events.publish({
    regarding: { apiVersion: "v1", kind: "Pod", namespace: pod.namespace, name: pod.name, uid: pod.uid },
    type: "Normal",
    reason: "PodEvicted",
    action: "Evict",
    note: `it could not pull ${quotedText(image)}, and is older than the reference to the pull Secret ${secret}, which serves that registry: its successor has it`,
  });
}

/** Secrets that are there, with what the credentials that want pods evicted have put into them. */
function recoverableSecrets(context: Context, namespace: NamespaceRecord): readonly RecoverableSecret[] {
  const { credentialIndex, statusCache } = context;
  return credentialIndex.names().flatMap((name): RecoverableSecret[] => {
    if (statusCache.secret(namespace.name, name)?.state !== "usable") return [];
    const keys = credentialIndex
      .contributors(namespace, name)
      .filter(({ entitled, deleting, role }) => entitled && !deleting && role === "current")
      .map(({ credential }) => credential)
      .filter(({ spec }) => spec.podRecovery === "Evict" && !spec.suspend && spec.references === "ServiceAccounts")
      .flatMap((credential) => servedKeys(context, namespace, credential));
    return keys.length > 0 ? [{ name, keys }] : [];
  });
}

/** Keys of the docker config that come from the credential: those of hosts with a living token. */
function servedKeys(
  { tokens, grantKey, scopeOf, clock }: Context,
  namespace: NamespaceRecord,
  { spec }: RegistryCredential,
): readonly string[] {
  const scope = scopeOf(namespace);
  return spec.registries
    .flatMap((entry) => grantsOf(entry, scope))
    .flatMap(({ hosts, grant }) => {
      const token = isFailure(grant) ? undefined : tokens.token(grantKey(grant));
      if (!token || !isAlive(token, clock.now())) return [];
      const { logins } = token;
      if ("all" in logins) return hosts.filter((host) => host !== "*");
      return hosts.includes("*")
        ? [...logins.byHost.keys()]
        : hosts.filter((host) => loginAt(logins.byHost, canonical(host)) !== undefined);
    })
    .map((host) => configKey(canonical(host)));
}

function canonical(host: string): string {
  return canonicalHost(host) ?? host;
}
