// What does one pull Secret need, and how does it get it? Observe, plan, apply, report.
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { Failure } from "../errors.ts";
import { afterWrite, contestedFor, type Repairs, waitBeforeWrite } from "../plan/damping.ts";
import { secretKey } from "../plan/keys.ts";
import { isOurs, planPullSecret } from "../plan/pull-secret.ts";
import type { LiveSecret, PullSecretSnapshot, Wanted } from "../plan/pull-secret-plan.ts";
import { recordedReferences } from "../plan/references.ts";
import type { NamespaceRecord, SecretRecord } from "../plan/snapshot.ts";
import type { Outcome } from "../queue/work-queue.ts";
import type { Context } from "./context.ts";
import { type Contributions, gatherContributions } from "./contributions.ts";
import type { Participant } from "./entitlements.ts";
import { done, failed, soonest } from "./outcome.ts";
import { contentRenderer, type Rendered } from "./render-content.ts";
import { reportSecret } from "./report-secret.ts";
import { contestedFinding, failedFinding, findingOfPlan, findingWithout, waitingFinding } from "./secret-findings.ts";
import { liveSecret } from "./secret-wire.ts";
import { writeSecret } from "./write-secret.ts";

export type PullSecretLoop = (
  context: Context,
  namespace: string,
  name: string,
  signal: AbortSignal,
) => Promise<Outcome>;

/** What is remembered of one Secret between runs; found anew after a restart. */
interface Memory {
  /** Uid of the object that we made our own, or on which we saw our marks; never of one that we merged into. */
  ours?: string | undefined;
  /** The version that was compared whole, and with what. */
  settled?: { readonly resourceVersion: string; readonly signature: string } | undefined;
  repairs?: Repairs | undefined;
}

/** What a run has found out before it decides. */
interface Observed {
  readonly namespace: NamespaceRecord;
  readonly record: SecretRecord | undefined;
  readonly contributing: readonly Participant[];
  /** Named by the Secret, and no longer contributing. */
  readonly leaving: readonly Participant[];
  readonly gathered: Contributions;
  readonly rendered: Rendered;
  readonly wanted: Wanted | undefined;
}

// The first attempt at a token is awaited; if it hangs, the others go on without it after this many milliseconds.
const tokenPatience = 1_000;
const lookAgain = 1_000;

export function pullSecretLoop(): PullSecretLoop {
  const render = contentRenderer();
  const memories = new Map<string, Memory>();

  /** Undefined: there is nothing to decide, and what there is to say has been said. */
  const observe = (context: Context, namespaceName: string, name: string): Observed | Outcome => {
    const { stores, entitlements, tokens, board } = context;
    const key = secretKey(namespaceName, name);
    const namespace = stores.namespaces.get(namespaceName);
    if (!namespace) {
      memories.delete(key);
      tokens.use(key, new Map());
      board.forget(namespaceName);
      return done;
    }
    // Absence from a store says nothing before it has seen everything; the end of the list queues every key again.
    if (!context.namesSynced(name)) {
      if (context.nameRefused(name)) {
        const waiting = entitlements.participants(namespace, name).filter(({ entitled }) => entitled);
        reportSecret(context, namespace, name, failedFinding(waiting, "absent", mayNotWatch(name)));
      }
      return done;
    }
    const record = stores.pullSecrets.get(`${namespaceName}/${name}`);
    const participants = entitlements.participants(namespace, name);
    const contributing = participants.filter(
      (each) =>
        each.entitled &&
        (each.role === "current" || (each.role === "retiring" && record?.credentials.includes(each.name) === true)),
    );
    // Marks may have been stripped from a Secret that we remember.
    const remembered = record !== undefined && memories.get(key)?.ours === record.uid;
    const leaving = participants.filter(
      (each) =>
        !contributing.includes(each) &&
        (record?.credentials.length === 0 ? remembered : record?.credentials.includes(each.name) === true),
    );
    if (record?.credentials.some((each) => entitlements.unreadable(each))) {
      reportSecret(context, namespace, name, failedFinding(contributing, "usable", unreadableSpec));
      return done;
    }
    // A start knows the names of a credential one by one, and the brake must have counted them all.
    if (leaving.some(({ credential }) => !secretNamesOf(context, credential).every(context.namesSynced)))
      return soonest(lookAgain);
    // The finalizer and the Secret's name are confirmed before the first write to a tenant; the event queues the key again.
    if (contributing.some(({ confirmed }) => !confirmed)) {
      reportSecret(
        context,
        namespace,
        name,
        waitingFinding(contributing, board.secret(namespaceName, name)?.state ?? "waiting"),
      );
      return done;
    }
    const gathered = gatherContributions(
      context,
      key,
      namespace,
      contributing.map(({ credential }) => credential),
    );
    if (gathered.waiting) {
      reportSecret(
        context,
        namespace,
        name,
        waitingFinding(contributing, board.secret(namespaceName, name)?.state ?? "waiting"),
      );
      return soonest(tokenPatience);
    }
    // A removal needs a positive observation: a credential that is there, is named by the Secret, and no longer yields it.
    if (contributing.length === 0 && leaving.length === 0) {
      memories.delete(key);
      reportSecret(context, namespace, name, findingWithout(record));
      return done;
    }
    const rendered = render(context, gathered);
    return {
      namespace,
      record,
      contributing,
      leaving,
      gathered,
      rendered,
      wanted: wantedFrom(contributing[0], rendered),
    };
  };

  return async (context, namespaceName, name, signal) => {
    const observed = observe(context, namespaceName, name);
    if (!("namespace" in observed)) return observed;
    const { namespace, record, contributing, leaving, gathered, rendered, wanted } = observed;
    const { clock, log } = context;
    const key = secretKey(namespaceName, name);
    const memory = memories.get(key) ?? {};
    memories.set(key, memory);
    const { signature } = gathered;
    const snapshot: PullSecretSnapshot = {
      namespace,
      name,
      wanted,
      record,
      live: undefined,
      knownAsOurs: record !== undefined && memory.ours === record.uid,
      settled:
        record !== undefined &&
        memory.settled?.resourceVersion === record.resourceVersion &&
        memory.settled.signature === signature,
      referencesLeft: record ? referencesTo(context, namespaceName, name) : 0,
      retain:
        leaving.length > 0 &&
        leaving.every(({ deleting, credential }) => deleting && credential.spec.deletionPolicy === "Retain"),
      reserved: isReserved(context, namespaceName, name),
      maxBytes: context.settings.maxConfigBytes,
    };
    try {
      let plan = planPullSecret(snapshot);
      if (plan.action.kind === "read") {
        const live = await readLive(context, namespaceName, name, record, signal);
        if (!live) return failed(changedMeanwhile);
        plan = planPullSecret({ ...snapshot, live });
        if (plan.action.kind === "none") memory.settled = { resourceVersion: live.resourceVersion, signature };
      }
      if (record?.labelled && isOurs(snapshot, record)) memory.ours = record.uid;
      const finding = findingOfPlan(plan, contributing, wanted);
      const { action } = plan;
      const fight = (): number | undefined => contestedFor(memory.repairs, clock.elapsed());
      const report = (): void =>
        reportSecret(
          context,
          namespace,
          name,
          fight() === undefined ? finding : contestedFinding(finding, contributing, name),
        );
      if (action.kind !== "none" && isSuspended([...contributing, ...leaving])) {
        reportSecret(context, namespace, name, waitingFinding(contributing, record ? finding.state : "absent"));
        return done;
      }
      if (action.kind === "none" || action.kind === "read") {
        report();
        if (plan.failure && plan.failure.retry !== "on-change") return failed(plan.failure);
        return soonest(gathered.nextExpiry?.since(clock.now()).total("milliseconds"), fight());
      }
      const purpose = `${wanted ? "there" : "gone"} ${signature}`;
      const wait = waitBeforeWrite(memory.repairs, purpose, clock.elapsed());
      if (wait > 0) {
        report();
        return soonest(wait);
      }
      const written = await writeSecret(context, namespaceName, name, action, record, rendered, signal);
      log.debug("pull Secret written", { namespace: namespaceName, secret: name, action: action.kind });
      if (!wanted) {
        memories.delete(key);
        reportSecret(context, namespace, name, findingWithout(written));
        return done;
      }
      memory.ours = written?.labelled ? written.uid : undefined;
      memory.settled = written && { resourceVersion: written.resourceVersion, signature };
      memory.repairs = afterWrite(memory.repairs, purpose, clock.elapsed());
      report();
      return soonest(gathered.nextExpiry?.since(clock.now()).total("milliseconds"), fight());
    } catch (error) {
      const { kind, failure } = context.refusal(error, `write the Secret ${namespaceName}/${name}`);
      if (kind === "namespaceTerminating" || kind === "namespaceNotFound") return done;
      // Somebody wrote meanwhile: what happened is on its way through the watch, and nobody needs to hear of it.
      if (kind !== "conflict" && kind !== "alreadyExists" && kind !== "notFound") {
        log.warn("pull Secret not written", {
          namespace: namespaceName,
          secret: name,
          reason: failure.reason,
          detail: failure.message,
        });
        const state = !record ? "absent" : isOurs(snapshot, record) ? "usable" : "foreign";
        reportSecret(context, namespace, name, failedFinding([...contributing, ...leaving], state, failure));
      }
      return failed(failure);
    }
  };
}

function secretNamesOf({ entitlements }: Context, { name, spec }: RegistryCredential): readonly string[] {
  return [spec.pullSecret.name, ...entitlements.namesOf(name).map(({ secretName }) => secretName)];
}

/** Options come from the oldest credential that contributes. */
function wantedFrom(oldest: Participant | undefined, { content, digest }: Rendered): Wanted | undefined {
  if (!oldest) return undefined;
  const { labels = {}, annotations = {}, onConflict } = oldest.credential.spec.pullSecret;
  return { content, digest, options: { labels, annotations, onConflict } };
}

/** The whole Secret, if it still is the version that the store knows; else the event that says more is on its way. */
async function readLive(
  { api }: Context,
  namespace: string,
  name: string,
  record: SecretRecord | undefined,
  signal: AbortSignal,
): Promise<LiveSecret | undefined> {
  const object = await api.getSecret(namespace, name, signal);
  return object && object.metadata.resourceVersion === record?.resourceVersion ? liveSecret(object) : undefined;
}

/** A write for one that is not suspended serves the others too. */
function isSuspended(actors: readonly Participant[]): boolean {
  return actors.every(({ credential, deleting }) => credential.spec.suspend && !deleting);
}

function referencesTo({ stores }: Context, namespace: string, name: string): number {
  return stores.serviceAccounts
    .byIndex(namespace)
    .filter(
      ({ references, record, terminating }) =>
        !terminating && (references?.includes(name) ?? recordedReferences(record).has(name)),
    ).length;
}

function isReserved({ stores, settings }: Context, namespace: string, name: string): boolean {
  const record = stores.operatorSecrets.get(`${namespace}/${name}`);
  if (!record) return false;
  return record.kind === "token" || (record.kind === "source" && (namespace === settings.namespace || record.offered));
}

function mayNotWatch(name: string): Failure {
  return {
    reason: "NotPermitted",
    cause: "Platform",
    retry: "on-change",
    message: `the operator may not get, list, watch, update and delete Secrets called ${name}: add the name to resourceNames in config/rbac/cluster-role.yaml and apply it, kubectl apply -k config/default`,
  };
}

const unreadableSpec: Failure = {
  reason: "InvalidSpec",
  cause: "Platform",
  retry: "on-change",
  message:
    "another RegistryCredential in this Secret cannot be read, so the Secret is left as it is; see that credential's status",
};

const changedMeanwhile: Failure = {
  reason: "Conflict",
  cause: "Platform",
  retry: "backoff",
  message: "the Secret changed while it was read; it is tried again",
};
