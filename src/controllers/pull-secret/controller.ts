// What does one pull Secret need, and how does it get it? Observe, plan, apply, report.
import type { Failure } from "../../runtime/errors.ts";
import { afterWrite, contestedFor, type Reverts, waitBeforeWrite } from "../../runtime/queue/conflict-backoff.ts";
import { secretKey } from "../keys.ts";
import { planPullSecret } from "./plan.ts";
import type { PullSecretPlan, PullSecretSnapshot } from "./plan-types.ts";
import type { NamespaceRecord } from "../../cluster/records.ts";
import { isOurs } from "./plan-removal.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import type { Context } from "../context.ts";
import type { Contributor } from "../../entitlement/credential-index.ts";
import { formerLogins, keepDecided, contentRenderer } from "./contributions.ts";
import {
  isReserved,
  referencesTo,
  observeSecret,
  tokenPatience,
  readLive,
  type Settled,
  stillSettled,
} from "./observe.ts";
import { alwaysTooLate, changedMeanwhile, lostAgain, type LostRaces, maxLost } from "../lost-races.ts";
import { done, failed, earliest, waitsFor } from "../outcome.ts";
import {
  reportSecret,
  contestedFinding,
  failedFinding,
  findingOfPlan,
  findingWithout,
  waitingFinding,
} from "./report.ts";
import { noteMembers, writeSecret } from "./apply.ts";
import type { Waited } from "../outcome.ts";
import { textWithSteps } from "../../runtime/steps.ts";

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
  tookBack?: boolean;
  settled?: Settled | undefined;
  reverts?: Reverts | undefined;
  lost?: LostRaces | undefined;
}

// A tenant that writes to its Secret all the time must not keep by that what was taken back: what stands there is read, and
// tried again at once. After as many it is told.
const maxAttempts = maxLost;

// A large docker config takes a while to be judged, and whoever makes it large pays for that with its share: work is 50 units a
// second, so one namespace has a tenth of the time at most.
const millisecondsOfUnit = 2;

/** Milliseconds that went into decisions. */
interface Thought {
  milliseconds: number;
}

export function pullSecretLoop(): PullSecretLoop {
  const once = pullSecretRun();
  return async (context, namespace, name, signal) => {
    const thought: Thought = { milliseconds: 0 };
    const charged = (outcome: Outcome): Outcome => {
      return { ...outcome, cost: thought.milliseconds / millisecondsOfUnit };
    };
    for (let attempt = 1; ; attempt += 1) {
      const judged = context.stores.pullSecrets.get(`${namespace}/${name}`)?.resourceVersion;
      const outcome = await once(context, [namespace, name], thought, signal);
      if (outcome !== "changed meanwhile") return charged(outcome);
      if (attempt === maxAttempts) return charged(failed(changedMeanwhile, ownObject(namespace, name)));
      const { api, transforms, stores } = context;
      const before = stores.pullSecrets.get(`${namespace}/${name}`);
      const object = await api.getSecret(namespace, name, signal).catch(() => undefined);
      const record = object && transforms.secret(object);
      // What is refused though nobody has changed it would be refused again at once.
      if (!record || record.resourceVersion === judged)
        return charged(failed(changedMeanwhile, ownObject(namespace, name)));
      if (before) stores.pullSecrets.found(before, record);
      else stores.pullSecrets.wrote(record);
    }
  };
}

function pullSecretRun(): (
  context: Context,
  place: readonly [namespace: string, name: string],
  thought: Thought,
  signal: AbortSignal,
) => Promise<Outcome | "changed meanwhile"> {
  const render = contentRenderer();
  const memories = new Map<string, Memory>();
  // By name of the namespace: the uid of the one that was looked at last.
  const uids = new Map<string, string>();
  /** What the one before was given under any name is no reason to give it to one that was made anew. */
  const noteUid = ({ credentialIndex, tokens }: Context, { name, uid }: NamespaceRecord): void => {
    const before = uids.get(name);
    uids.set(name, uid);
    if (before === undefined || before === uid) return;
    for (const secretName of credentialIndex.names()) {
      memories.delete(secretKey(name, secretName));
      tokens.use(secretKey(name, secretName), new Map());
    }
  };

  return async (context, [namespaceName, name], thought, signal) => {
    const decide = (snapshot: PullSecretSnapshot): PullSecretPlan => {
      const began = context.clock.elapsed();
      const plan = planPullSecret(snapshot);
      thought.milliseconds += context.clock.elapsed() - began;
      return plan;
    };
    const { clock, log, stores, tokens, statusCache } = context;
    const key = secretKey(namespaceName, name);
    context.judged.unjudged(key);
    const needsNothing = (isRemembered = false): void => {
      if (!isRemembered) memories.delete(key);
      tokens.use(key, new Map());
      context.judged.judged(key);
    };
    const sighting = stores.namespaces.look(namespaceName);
    if (sighting.kind !== "there") {
      if (sighting.kind !== "absent") return waitsFor({ of: "namespaces", object: namespaceName });
      needsNothing();
      uids.delete(namespaceName);
      statusCache.forget(namespaceName, sighting);
      return done;
    }
    const namespace = sighting.record;
    noteUid(context, namespace);
    if (!context.credentialIndex.names().includes(name)) {
      needsNothing();
      statusCache.forgetSecret(namespaceName, name);
      return done;
    }
    const memory = memories.get(key) ?? {};
    const observed = observeSecret(context, namespace, name, memory, render);
    if (!("namespace" in observed)) return observed;
    const { record, contributing, leaving, copied, orphaned, frozen, gathered, rendered, wanted } = observed;
    // A removal needs a positive observation: a credential that is there, is named by the Secret, and no longer yields it.
    const place = { namespaceUid: namespace.uid, secretName: name };
    if (contributing.length === 0 && leaving.length === 0) {
      needsNothing(memory.tookBack);
      if (orphaned.names.length === 0) context.members.note(place, undefined);
      reportSecret(context, namespace, name, findingWithout(record, copied));
      return done;
    }
    memories.set(key, memory);
    // Who has to leave is a member no more from now on: a tenant that keeps it from being done gains nothing by a later hold.
    const isDeleted = leaving.filter(({ deleting }) => deleting);
    const stays = [...contributing, ...isDeleted].map(({ credential }) => credential.uid);
    context.members.judged(
      place,
      [...stays, ...orphaned.gone, ...frozen.uids],
      leaving.map(({ credential }) => credential.uid),
    );
    const { signature, waiting, nextExpiry } = gathered;
    const now = clock.now();
    const millisecondsTo = (at: Temporal.Instant | undefined): number | undefined =>
      at?.since(clock.now()).total("milliseconds");
    const snapshot: PullSecretSnapshot = {
      namespace,
      name,
      wanted,
      record,
      live: undefined,
      knownAsOurs: record !== undefined && (memory.ours === record.uid || context.members.owns(place, record.uid)),
      knownAsMerged: record !== undefined && context.members.merged(place, record.uid),
      formerLogins: [],
      frozen: frozen.parts,
      settled: stillSettled(memory.settled, record, signature, now),
      referencesLeft: record ? referencesTo(context, namespaceName, name) : 0,
      retain: leaving.length > 0 && leaving.every(isToRetain),
      staying: contributing.map((each) => each.name),
      reserved: isReserved(context, namespaceName, name),
      maxBytes: context.settings.maxConfigBytes,
      now,
    };
    let plan = decide(snapshot);
    const tellFailed = (failure: Failure): void => {
      // What may not be deleted still is to go: a reference that came back would be taken off again at once.
      const standing = plan.state === "leaving" ? "leaving" : record && isOurs(snapshot, record) ? "usable" : "foreign";
      const finding = failedFinding([...contributing, ...leaving], record ? standing : "absent", failure);
      reportSecret(context, namespace, name, finding);
    };
    const cameTooLate = (failure: Failure): Outcome | "changed meanwhile" => {
      memory.lost = record && lostAgain(memory.lost, record.resourceVersion);
      const always = memory.lost && alwaysTooLate(memory.lost, { kind: "Secret", namespace: namespaceName, name });
      if (always) tellFailed(always);
      return leaving.length > 0 ? "changed meanwhile" : failed(failure, ownObject(namespaceName, name));
    };
    try {
      if (plan.action.kind === "read") {
        const live = await readLive(context, namespaceName, name, record, signal);
        if (!live) return cameTooLate(changedMeanwhile);
        plan = decide(
          live === "too large"
            ? { ...snapshot, tooLarge: true }
            : { ...snapshot, live, formerLogins: formerLogins(context, namespace, leaving) },
        );
        // Until it changes it need not be read again.
        if (plan.action.kind === "none" && record)
          memory.settled = { resourceVersion: record.resourceVersion, signature, plan };
      }
      keepDecided(context, { namespace: namespaceName, name, keeps: frozen.kept }, { plan, wanted }, contributing);
      if (!observed.hidden) context.judged.judged(key);
      if (record?.labelled && isOurs(snapshot, record)) memory.ours = record.uid;
      const finding = waiting
        ? waitingFinding(contributing, plan.state)
        : findingOfPlan(plan, { contributing, leaving }, wanted);
      const { action } = plan;
      const fight = (): number | undefined => contestedFor(memory.reverts, clock.elapsed());
      const lookAgain = (): Outcome => ({
        ...observed.undone,
        ...earliest(
          millisecondsTo(nextExpiry),
          millisecondsTo(plan.keptUntil),
          waiting ? tokenPatience : undefined,
          fight(),
        ),
      });
      const report = (): void =>
        reportSecret(
          context,
          namespace,
          name,
          fight() === undefined ? finding : contestedFinding(finding, contributing, name),
        );
      // A Secret that leaves waits for its references first, which are not to be taken either.
      if ((action.kind !== "none" || finding.state === "leaving") && isSuspended([...contributing, ...leaving])) {
        const state = finding.state === "leaving" ? "waiting" : finding.state;
        reportSecret(context, namespace, name, waitingFinding(contributing, record ? state : "absent"));
        return waitsFor(ownObject(namespaceName, name), ...[...contributing, ...leaving].map(itself));
      }
      if (action.kind === "none" || action.kind === "read") {
        memory.lost = undefined;
        // Of one that is too large to be read nobody knows what stands in it.
        const isSeen = plan.state === "usable" && plan.failure?.reason !== "TooLarge";
        if (isSeen && record) noteMembers(context, place, record, contributing, observed);
        // What could not be taken back is still there, and so may be what its tenant has made unreadable.
        const isKept = plan.failure !== undefined && (leaving.length > 0 || snapshot.knownAsMerged);
        if (plan.state === "foreign" && !isKept) context.members.note(place, undefined, frozen.uids);
        report();
        if (plan.failure && plan.failure.retry !== "on-change")
          return failed(plan.failure, ownObject(namespaceName, name));
        return lookAgain();
      }
      const purpose = `${wanted ? "there" : "gone"} ${signature}`;
      const wait = waitBeforeWrite(memory.reverts, purpose, clock.elapsed());
      if (wait > 0) {
        report();
        return earliest(wait);
      }
      const written = await writeSecret(context, namespaceName, name, action, record, rendered, signal);
      log.debug("pull Secret written", { namespace: namespaceName, secret: name, action: action.kind });
      if (written && plan.state === "usable") noteMembers(context, place, written, contributing, observed);
      else context.members.note(place, undefined, written ? frozen.uids : []);
      if (!wanted) {
        if (written) memories.delete(key);
        else memories.set(key, { tookBack: true });
        reportSecret(context, namespace, name, findingWithout(written));
        return done;
      }
      memory.ours = written?.labelled ? written.uid : undefined;
      memory.settled = written && {
        resourceVersion: written.resourceVersion,
        signature,
        plan: { ...plan, action: { kind: "none" } },
      };
      memory.reverts = afterWrite(memory.reverts, purpose, clock.elapsed());
      report();
      return lookAgain();
    } catch (error) {
      const { kind, failure } = context.refusal(error, `write the Secret ${namespaceName}/${name}`);
      if (kind === "namespaceTerminating" || kind === "namespaceNotFound") return done;
      // Somebody wrote meanwhile: what happened is on its way through the watch, and nobody needs to hear of it.
      if (kind === "conflict") return cameTooLate(failure);
      if (kind !== "alreadyExists" && kind !== "notFound") {
        const told = { reason: failure.reason, detail: textWithSteps(failure) };
        log.warn("pull Secret not written", { namespace: namespaceName, secret: name, ...told });
        tellFailed(failure);
      }
      return failed(failure, ownObject(namespaceName, name), { of: "namespaces", object: namespaceName });
    }
  };
}

function ownObject(namespace: string, name: string): Waited {
  return { of: "pullSecrets", object: `${namespace}/${name}` };
}

const itself = ({ name }: Contributor): Waited => ({ of: "credentials", object: name });

function isToRetain({ deleting, credential }: Contributor): boolean {
  return deleting && credential.spec.deletionPolicy === "Retain";
}

/** A write for one that is not suspended serves the others too. */
function isSuspended(actors: readonly Contributor[]): boolean {
  return actors.every(({ credential, deleting }) => credential.spec.suspend && !deleting);
}
