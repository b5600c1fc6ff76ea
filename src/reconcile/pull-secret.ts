// What does one pull Secret need, and how is it written? Observe, plan, apply.
import type { Failure } from "../errors.ts";
import { contentOf } from "../plan/content.ts";
import { afterWrite, isContested, type Repairs, waitBeforeWrite } from "../plan/damping.ts";
import { credentialKey, referencesKey, secretKey } from "../plan/keys.ts";
import {
  dockerConfigKey,
  isOurs,
  type LiveSecret,
  planPullSecret,
  type PullSecretAction,
  type PullSecretPlan,
  type PullSecretSnapshot,
  type SecretBody,
  type Wanted,
} from "../plan/pull-secret.ts";
import { recordedReferences } from "../plan/references.ts";
import type { NamespaceRecord, SecretRecord } from "../plan/snapshot.ts";
import type { Outcome } from "../queue/work-queue.ts";
import type { Finding, SecretFinding } from "./board.ts";
import type { Context } from "./context.ts";
import { gatherContributions } from "./contributions.ts";
import type { Participant } from "./entitlements.ts";
import { done, failed, soonest } from "./outcome.ts";
import { encoded, liveSecret, secretJson } from "./secret-wire.ts";

export interface PullSecretLoop {
  (context: Context, namespace: string, name: string, signal: AbortSignal): Promise<Outcome>;
}

/** The content of one signature, rendered once for every namespace that shares it. */
interface Rendered {
  readonly content: Wanted["content"];
  readonly digest: string | undefined;
  readonly encodedConfig: string;
}

/** What is remembered of one Secret between runs; found anew after a restart. */
interface Memory {
  /** Uid of the object that we wrote, or on which we saw our marks. */
  ours?: string | undefined;
  /** The version that was compared whole, and for which signature. */
  settled?: { readonly resourceVersion: string; readonly signature: string } | undefined;
  repairs?: Repairs | undefined;
}

// Renderings that are kept: one a tenant where each has its own token, so a bound by count, oldest out first.
const mostRendered = 512;

export function pullSecretLoop(): PullSecretLoop {
  const rendered = new Map<string, Rendered>();
  const memories = new Map<string, Memory>();

  const render = (context: Context, signature: string, contributions: Parameters<typeof contentOf>[0]): Rendered => {
    const known = rendered.get(signature);
    if (known) return known;
    const content = contentOf(contributions, context.clock.now());
    const encodedConfig = content.text === undefined ? "" : encoded(content.text);
    const result = {
      content,
      encodedConfig,
      digest: content.text === undefined ? undefined : context.digest({ [dockerConfigKey]: encodedConfig }),
    };
    rendered.set(signature, result);
    const oldest = rendered.keys().next().value;
    if (rendered.size > mostRendered && oldest !== undefined) rendered.delete(oldest);
    return result;
  };

  return async (context, namespaceName, name, signal) => {
    const { stores, entitlements, board, tokens, clock, log } = context;
    const key = secretKey(namespaceName, name);
    const namespace = stores.namespaces.get(namespaceName);
    if (!namespace) {
      memories.delete(key);
      tokens.use(key, new Map());
      board.forget(namespaceName);
      return done;
    }
    // Absence from a store says nothing before it has seen everything; the sync queues every key again.
    if (!context.namesSynced(name)) return done;

    const record = stores.pullSecrets.get(`${namespaceName}/${name}`);
    const participants = entitlements.participants(namespace, name);
    const contributing = participants.filter((each) => each.entitled && (each.role === "current" || (each.role === "retiring" && record?.credentials.includes(each.name))));
    if (contributing.some(({ confirmed }) => !confirmed)) {
      report(context, namespace, name, waitingFor(contributing, "waiting"));
      return done;
    }
    if (record?.credentials.some((each) => entitlements.unreadable(each))) {
      report(context, namespace, name, failing(contributing, record, unreadableSpec));
      return done;
    }
    const gathered = gatherContributions(context, key, namespace, contributing.map(({ credential }) => credential));
    if (gathered.waiting) {
      report(context, namespace, name, waitingFor(contributing, board.secret(namespaceName, name)?.state ?? "waiting"));
      return soonest(1_000);
    }
    if (contributing.length === 0 && !(record && mayRemove(context, record, participants))) {
      memories.delete(key);
      report(context, namespace, name, nothingOfOurs[record ? "foreign" : "absent"]);
      return done;
    }

    const memory = memories.get(key) ?? {};
    memories.set(key, memory);
    const content = render(context, gathered.signature, gathered.contributions);
    const options = contributing[0]?.credential.spec.pullSecret;
    const wanted: Wanted | undefined = options && {
      content: content.content,
      digest: content.digest,
      options: { labels: options.labels ?? {}, annotations: options.annotations ?? {}, onConflict: options.onConflict },
    };
    const leavers = participants.filter((each) => !contributing.includes(each) && record?.credentials.includes(each.name));
    const frozen = [...contributing, ...leavers].every(({ credential, deleting }) => credential.spec.suspend && !deleting);
    const observed = (live: LiveSecret | undefined): PullSecretSnapshot => ({
      namespace,
      name,
      wanted,
      record,
      live,
      knownAsOurs: record !== undefined && memory.ours === record.uid,
      settled: record !== undefined && memory.settled?.resourceVersion === record.resourceVersion && memory.settled.signature === gathered.signature,
      referencesLeft: record ? referencesTo(context, namespaceName, name) : 0,
      retain: leavers.length > 0 && leavers.every(({ deleting, credential }) => deleting && credential.spec.deletionPolicy === "Retain"),
      reserved: isReserved(context, namespaceName, name),
      maxBytes: context.settings.maxConfigBytes,
    });

    let live: LiveSecret | undefined;
    let plan = planPullSecret(observed(undefined));
    try {
      if (plan.action.kind === "read") {
        const object = await context.api.getSecret(namespaceName, name, signal);
        // Gone, or newer than what the watch has told: the event that says so is on its way.
        if (!object || object.metadata.resourceVersion !== record?.resourceVersion) return failed(conflictSoon);
        live = liveSecret(object);
        plan = planPullSecret(observed(live));
        if (plan.action.kind === "read") return failed(conflictSoon);
        if (plan.action.kind === "none") {
          memory.settled = { resourceVersion: live.resourceVersion, signature: gathered.signature };
        }
      }
      const finding = findingOf(plan, contributing, wanted);
      if (record && isOurs(observed(live), record)) memory.ours = record.uid;
      if (frozen && plan.action.kind !== "none") {
        report(context, namespace, name, { ...finding, state: record ? finding.state : "absent" });
        return done;
      }
      const wantedKey = `${gathered.signature}/${plan.action.kind === "delete" ? "gone" : "there"}`;
      const wait = plan.action.kind === "none" ? 0 : waitBeforeWrite(memory.repairs, wantedKey, clock.elapsed());
      if (wait > 0) {
        report(context, namespace, name, contestedFinding(finding, contributing, name));
        return soonest(wait);
      }
      if (plan.action.kind !== "none") {
        const written = await write(context, namespaceName, name, plan.action, record, content, signal);
        memory.repairs = afterWrite(memory.repairs, wantedKey, clock.elapsed());
        log.debug("pull Secret written", { namespace: namespaceName, secret: name, action: plan.action.kind });
        if (!wanted) {
          memories.delete(key);
          report(context, namespace, name, nothingOfOurs[written ? "foreign" : "absent"]);
          return done;
        }
        memory.ours = written?.uid;
        memory.settled = written && { resourceVersion: written.resourceVersion, signature: gathered.signature };
      }
      const contested = isContested(memory.repairs, clock.elapsed());
      report(context, namespace, name, contested ? contestedFinding(finding, contributing, name) : finding);
      if (plan.failure && plan.failure.retry !== "on-change") return failed(plan.failure);
      return soonest(gathered.nextExpiry?.since(clock.now()).total("milliseconds"));
    } catch (error) {
      const { kind, failure } = context.refusal(error, `write the Secret ${namespaceName}/${name}`);
      if (kind === "namespaceTerminating" || kind === "namespaceNotFound") return done;
      // Somebody wrote meanwhile: what happened is on its way through the watch, and nobody needs to hear of it.
      if (kind !== "conflict" && kind !== "alreadyExists" && kind !== "notFound") {
        log.warn("pull Secret not written", { namespace: namespaceName, secret: name, reason: failure.reason, detail: failure.message });
        report(context, namespace, name, failing(contributing, record, failure));
      }
      return failed(failure);
    }
  };
}

/** Removal needs a positive observation: a credential that is there, named by the Secret, and no longer yields it. */
function mayRemove(context: Context, record: SecretRecord, participants: readonly Participant[]): boolean {
  if (record.credentials.some((name) => context.entitlements.unreadable(name))) return false;
  return participants.some(({ name, entitled, role }) => record.credentials.includes(name) && (!entitled || role === "former"));
}

/** Nobody contributes here: what stands under the name, if anything, is not ours to keep. */
const nothingOfOurs: Readonly<Record<"foreign" | "absent", SecretFinding>> = {
  foreign: { state: "foreign", credentials: new Map() },
  absent: { state: "absent", credentials: new Map() },
};

/** Returns the record of what now stands there; undefined where it was deleted. */
async function write(
  context: Context,
  namespace: string,
  name: string,
  action: Exclude<PullSecretAction, { kind: "none" | "read" }>,
  record: SecretRecord | undefined,
  shared: Rendered,
  signal: AbortSignal,
): Promise<SecretRecord | undefined> {
  const { api, stores, strips } = context;
  const remove = async (): Promise<void> => {
    if (!record) return;
    const { uid, resourceVersion } = record;
    await api.deleteSecret(namespace, name, { uid, resourceVersion }, signal);
    stores.pullSecrets.removed(record.key, resourceVersion);
  };
  const json = (body: SecretBody, resourceVersion?: string): string => {
    const own = body.dockerConfig === shared.content.text;
    return secretJson(namespace, name, body, own ? shared.encodedConfig : encoded(body.dockerConfig), resourceVersion);
  };
  let answer;
  switch (action.kind) {
    case "delete":
      await remove();
      return undefined;
    case "recreate":
      await remove();
      answer = await api.createSecret(namespace, json(action.body), signal);
      break;
    case "create":
      answer = await api.createSecret(namespace, json(action.body), signal);
      break;
    case "replace":
      answer = await api.replaceSecret(namespace, name, json(action.body, record?.resourceVersion), signal);
      break;
  }
  const written = strips.secret(answer);
  if (written) stores.pullSecrets.wrote(written);
  return written;
}

function referencesTo({ stores }: Context, namespace: string, name: string): number {
  return stores.serviceAccounts
    .byIndex(namespace)
    .filter(({ references, record, terminating }) => !terminating && (references?.includes(name) ?? recordedReferences(record).has(name))).length;
}

function isReserved({ stores, settings }: Context, namespace: string, name: string): boolean {
  const record = stores.operatorSecrets.get(`${namespace}/${name}`);
  if (!record) return false;
  return record.kind === "token" || (record.kind === "source" && (namespace === settings.namespace || record.offered));
}

function findingOf(
  plan: PullSecretPlan,
  contributing: readonly Participant[],
  wanted: Wanted | undefined,
): SecretFinding {
  const credentials = new Map<string, Finding>();
  for (const { name, role } of contributing) {
    if (role !== "current") continue;
    const failures = wanted?.content.failures.filter(({ credential }) => credential === name).map(({ failure }) => failure) ?? [];
    const shadowed = wanted?.content.shadowed.filter(({ credential }) => credential === name) ?? [];
    credentials.set(name, {
      failures: plan.failure && !failures.includes(plan.failure) ? [plan.failure, ...failures] : failures,
      notes: shadowed.slice(0, 1).map(({ entry, host, by }) => hostShadowed(entry, host, by)),
    });
  }
  return {
    state: contributing.length === 0 ? "leaving" : plan.usable ? "usable" : plan.failure?.reason === "SecretConflict" ? "foreign" : "absent",
    credentials,
  };
}

function waitingFor(contributing: readonly Participant[], state: SecretFinding["state"]): SecretFinding {
  return { state, credentials: new Map(contributing.map(({ name }) => [name, pendingFinding])) };
}

/** Told apart by identity: nothing is known yet. */
export const pendingFinding: Finding = { failures: [], notes: [] };

function failing(contributing: readonly Participant[], record: SecretRecord | undefined, failure: Failure): SecretFinding {
  return {
    state: record ? "usable" : "absent",
    credentials: new Map(contributing.map(({ name }) => [name, { failures: [failure], notes: [] }])),
  };
}

function contestedFinding(finding: SecretFinding, contributing: readonly Participant[], secret: string): SecretFinding {
  const failure: Failure = {
    reason: "Contested",
    cause: "Tenant",
    retry: "on-change",
    message: `somebody keeps changing the Secret ${secret} back: let them ignore it, for example in Argo CD with ignoreDifferences: [{kind: Secret, name: ${secret}, jsonPointers: [/data, /metadata]}]`,
  };
  const credentials = new Map(contributing.map(({ name }) => [name, { failures: [failure, ...(finding.credentials.get(name)?.failures ?? [])], notes: [] }]));
  return { ...finding, credentials };
}

/** Puts the finding on the board, and tells whom it concerns: the references loop, the credentials, the tenant. */
function report(context: Context, namespace: NamespaceRecord, name: string, finding: SecretFinding): void {
  const { board, enqueue, events } = context;
  const before = board.secret(namespace.name, name);
  const news = board.setSecret(namespace.name, name, finding);
  if (before?.state !== finding.state) enqueue(referencesKey(namespace.name), { lane: before ? "normal" : "interactive" });
  for (const credential of new Set([...finding.credentials.keys(), ...(before?.credentials.keys() ?? [])])) {
    if (sameFinding(before?.credentials.get(credential), finding.credentials.get(credential))) continue;
    enqueue(credentialKey(credential), statusSoon);
  }
  for (const failure of news) {
    events.publish({
      regarding: { apiVersion: "v1", kind: "Secret", namespace: namespace.name, name, uid: "" },
      type: "Warning",
      reason: failure.reason,
      action: "Serve",
      note: failure.message,
    });
  }
}

/** A status is written once for many changes. */
export const statusSoon = { lane: "normal", after: Temporal.Duration.from({ seconds: 1 }) } as const;

function sameFinding(a: Finding | undefined, b: Finding | undefined): boolean {
  if (a === b) return true;
  if (!a || !b || a === pendingFinding || b === pendingFinding) return false;
  const text = ({ failures, notes }: Finding): string => [...failures, ...notes].map(({ reason, message }) => `${reason} ${message}`).join("\n");
  return text(a) === text(b);
}

function hostShadowed(entry: string, host: string, by: string): Failure {
  return {
    reason: "HostShadowed",
    cause: "Platform",
    retry: "on-change",
    message: `${host} of entry ${entry} is served by the older RegistryCredential ${by}: take it off one of them`,
  };
}

const unreadableSpec: Failure = {
  reason: "InvalidSpec",
  cause: "Platform",
  retry: "on-change",
  message: "another RegistryCredential in this Secret cannot be read, so the Secret is left as it is; see that credential's status",
};

const conflictSoon: Failure = {
  reason: "Conflict",
  cause: "Platform",
  retry: "backoff",
  message: "the Secret changed while it was read; it is tried again",
};
