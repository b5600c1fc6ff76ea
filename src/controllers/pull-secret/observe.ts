// Observing one pull Secret: who has what to do with it, and what is known of it before anything is decided.
import { entriesAnnotation } from "../../api/names.ts";
import { hasTrait } from "../../api/reasons.ts";
import { namesOtherGrants } from "../../cluster/entries-annotation.ts";
import { type Mode, nameNotPermitted, namespaceNotPermitted, permittedKeys } from "../../cluster/install-mode.ts";
import type { LiveSecret } from "../../cluster/pull-secret-object.ts";
import { encoded, liveSecret } from "../../cluster/pull-secret-wire.ts";
import type { NamespaceRecord, SecretRecord } from "../../cluster/records.ts";
import { isAlive } from "../../cluster/token.ts";
import { type Content, contentOf } from "../../content/content.ts";
import { withOrphaned } from "../../content/frozen.ts";
import type { Contributor } from "../../entitlement/credential-index.ts";
import {
  type FrozenOnes,
  frozenIn,
  noteWhoStays,
  type Orphaned,
  orphanedIn,
  type Roles,
  rolesIn,
} from "../../entitlement/roles.ts";
import { type Contributions, gatherContributions, tokenPatience } from "../../grants/contributions.ts";
import { loginsOfLeaving, hostsWithTokens, keptItemsOf } from "../../grants/former-logins.ts";
import { dockerConfigKey } from "../../registry/docker-config.ts";
import type { Failure } from "../../runtime/errors.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import type { Context } from "../context.ts";
import { secretKey, tokenKey } from "../keys.ts";
import { done, earliest, waitsFor, type Waited } from "../outcome.ts";
import { referencesTo } from "../service-account/observe.ts";
import type { SecretFinding } from "../status-cache.ts";
import { noOptions, type PullSecretOptions, type PullSecretPlan, type PullSecretSnapshot } from "./plan-types.ts";
import { failedFinding, reportSecret, waitingFinding } from "./report.ts";
import type { Run, Settled } from "./run.ts";

/** What a run has found out before it decides: what the plan is made from, and what is done and told beside it. */
export interface Snapshot extends PullSecretSnapshot, Pick<Roles, "contributing" | "leaving" | "copied"> {
  readonly orphaned: Orphaned;
  /** Uids of those who are frozen, as the record of members stays. */
  readonly frozenUids: readonly string[];
  /** What it lives by beside what it needs: see `keptItem`. */
  readonly keeps: ReadonlySet<string>;
  /** What it waits for of whom not all is known yet. */
  readonly undone: Outcome;
  /** Which grants it needs cannot be said: something that an entry names may not be seen. */
  readonly hidden: boolean;
  readonly gathered: Contributions;
}

/** An outcome instead: there is nothing to decide, and what there is to say has been said. */
export function observeSecret(run: Omit<Run, "remember">): Snapshot | Outcome {
  const { context, namespace, name, memory } = run;
  const { stores } = context.cluster;
  const { statusCache } = context.credentials;
  const report = (finding: SecretFinding): void => reportSecret(context, namespace, name, finding);
  const missing = context.cluster.permissions.secret(name, namespace.name);
  if (missing) return withoutPermission(run, missing);
  // Absence from a store says nothing before it has seen everything; the end of the list queues every key again.
  if (!context.cluster.namesSynced(name)) return waitsFor({ secretsCalled: name });
  const record = stores.pullSecrets.get(`${namespace.name}/${name}`);
  const place = { namespaceUid: namespace.uid, secretName: name };
  const roles = rolesIn(context, namespace, name, { record, ours: memory.ours, tookBack: memory.tookBack });
  const { contributors, entitled, contributing, unconfirmed, leaving, waits } = roles;
  const undone = waitsForAll(waits);
  const frozen = frozenIn(context, place, record, roles);
  const reportWaiting = (): void =>
    report(waitingFinding(entitled, statusCache.secret(namespace.name, name)?.state ?? "waiting"));
  if (contributing.length + leaving.length === 0 && entitled.length + frozen.parts.length > 0) {
    reportWaiting();
    return undone;
  }
  const keeps = new Set(unconfirmed.flatMap(({ credential }) => keptItemsOf(context, namespace, credential)));
  const gathered = gather(context, { namespace, name, keeps }, contributing);
  const rendered = render(run, gathered);
  if (isWorthWaiting(record, gathered, rendered)) {
    reportWaiting();
    return { ...earliest(tokenPatience), ...undone };
  }
  const orphaned = orphanedIn({ stores, ...context.credentials }, place, record, contributors);
  noteWhoStays(context.credentials.members, place, roles, { orphaned, frozen });
  // Who leaves is part of it: without whom, the same contributions may mean something else.
  const parts = [gathered.signature, ...leaving.map(({ name }) => `-${name}`), ...orphaned.names, frozen.signature];
  const text = parts.join("|");
  const signature = run.sharedText(text, () => text);
  const hidden = isHidden(rendered);
  return {
    ...planSnapshot(run, record, { roles, frozen, orphaned, signature, rendered }),
    contributing,
    leaving,
    copied: roles.copied,
    orphaned,
    frozenUids: frozen.uids,
    keeps,
    hidden,
    undone: hidden ? waitsForAll([...waits, { permissions: "changes" }]) : undone,
    gathered: { ...gathered, signature },
  };
}

/** What all bring who contribute; and their tokens that are not there are asked for. */
export function gather(
  context: Context,
  { namespace, name, keeps = new Set() }: Pick<Run, "namespace" | "name"> & Partial<Pick<Snapshot, "keeps">>,
  contributing: readonly Pick<Contributor, "credential" | "held">[],
): Contributions {
  const { runtime, grants, queue } = context;
  const user = secretKey(namespace.name, name);
  const gathered = gatherContributions(context, { user, keeps }, namespace, contributing);
  const { asked, budgetIn } = gathered;
  for (const grantKey of asked) {
    const lane = grants.tokens.isUrgent(grantKey) ? "interactive" : "bulk";
    queue.enqueue(tokenKey(grantKey), { lane, flow: namespace.name });
  }
  if (budgetIn !== undefined) {
    runtime.shareReached("grants", namespace.name);
    queue.enqueue(user, { after: Temporal.Duration.from({ milliseconds: Math.ceil(budgetIn) + 1 }) });
  }
  return gathered;
}

/** Rendered once for all who are given the same. */
function render(
  { context: { runtime, cluster }, rendered }: Pick<Run, "context" | "rendered">,
  { signature, contributions }: Contributions,
): Content {
  return rendered.of(signature, () => {
    const content = contentOf(contributions, runtime.clock.now());
    if (content.text === undefined) return content;
    const encodedConfig = encoded(content.text);
    return { ...content, encodedConfig, digest: cluster.digest({ [dockerConfigKey]: encodedConfig }) };
  });
}

/** Everybody is told why, as far as that is not known. */
function withoutPermission({ context, namespace, name }: Omit<Run, "remember">, missing: Failure): Outcome {
  const concerned = context.credentials.index.contributors(namespace, name).filter(({ entitled }) => entitled);
  // Not judged: references, too, stay as they are.
  reportSecret(context, namespace, name, failedFinding(concerned, "waiting", missing));
  const { mode } = context.settings;
  // No change in the cluster brings it into the reach of this install.
  if (nameNotPermitted(mode, name) ?? namespaceNotPermitted(mode, namespace.name)) {
    context.grants.tokens.use(secretKey(namespace.name, name), new Map());
    context.credentials.judged.judged(namespace.name, name);
    return done;
  }
  return waitsFor({ secretsCalled: name });
}

interface Found {
  readonly roles: Roles;
  readonly frozen: FrozenOnes;
  readonly orphaned: Orphaned;
  readonly signature: string;
  readonly rendered: Content;
}

/** What the plan is made from. */
function planSnapshot(
  { context, namespace, name, memory }: Omit<Run, "remember">,
  record: SecretRecord | undefined,
  { roles: { contributing, leaving }, frozen, orphaned, signature, rendered }: Found,
): PullSecretSnapshot {
  const { members } = context.credentials;
  const { mode, maxConfigBytes } = context.settings;
  const place = { namespaceUid: namespace.uid, secretName: name };
  const now = context.runtime.clock.now();
  const isWanted = contributing.length + orphaned.names.length + frozen.parts.length > 0;
  return {
    namespace,
    name,
    record,
    live: undefined,
    content: isWanted ? contentFor(context, namespace, rendered, { orphaned, leaving }) : undefined,
    options: optionsOf(contributing[0], mode),
    frozen: frozen.parts,
    // Where the mark is gone, the record alone says so: after a start nobody remembers more.
    knownAsOurs:
      record !== undefined && ((record.labelled && memory.ours === record.uid) || members.owns(place, record.uid)),
    knownAsMerged: record !== undefined && members.merged(place, record.uid),
    formerLogins: [],
    settled: stillSettled(memory.settled, record, signature, now),
    referencesLeft: record ? referencesTo(context, namespace.name, name) : 0,
    retain: leaving.length > 0 && leaving.every(isToRetain),
    staying: contributing.map((each) => each.name),
    reserved: isReserved(context, namespace.name, name),
    maxBytes: maxConfigBytes,
    now,
  };
}

/** With what those have who are gone, but for hosts of those who leave: whose login that is cannot be told. */
function contentFor(
  context: Context,
  namespace: NamespaceRecord,
  rendered: Content,
  { orphaned: { names }, leaving }: Pick<Snapshot, "orphaned" | "leaving">,
): Content {
  if (names.length === 0) return rendered;
  const taken = leaving.flatMap(({ credential }) => hostsWithTokens(context, namespace, credential));
  return withOrphaned(rendered, names, new Set(taken));
}

function isToRetain({ deleting, credential }: Contributor): boolean {
  return deleting && credential.spec.deletionPolicy === "Retain";
}

function waitsForAll([first, ...others]: readonly Waited[]): Outcome {
  return first ? waitsFor(first, ...others) : done;
}

/**
 * What an entry names may not be seen, and is another failure, or none, once it may: of a missing object nothing else tells. Where
 * there is a grant, it is known what is needed, though its token be refused: a tenant can bring that about.
 */
function isHidden({ failures }: Content): boolean {
  return failures.some(({ grantKey, failure }) => grantKey === undefined && hasTrait(failure, "unseen"));
}

/** A first token is on its way, and nobody who could be served by now would wait for one that is made outside. */
function isWorthWaiting(record: SecretRecord | undefined, gathered: Contributions, { text }: Content): boolean {
  const { waiting } = gathered;
  return waiting === "inside" || (waiting === "outside" && text === undefined && !hasEnded(record, gathered));
}

/** Something in the Secret is of a grant that has ended, or may be: it goes without waiting for anybody outside. */
function hasEnded(record: SecretRecord | undefined, { contributions }: Contributions): boolean {
  if (!record || record.credentials.length === 0) return false;
  if (!record.metadata) return true;
  const entries = contributions.flatMap((each) => each.entries);
  const inForce = new Set(
    entries.flatMap(({ grantKey, formers = [] }) => [grantKey, ...formers.map(({ token }) => token.grantKey)]),
  );
  return namesOtherGrants(record.metadata.annotations[entriesAnnotation], inForce);
}

/** Of the oldest credential that contributes. */
function optionsOf(
  oldest: Contributor | undefined,
  { pullSecretLabels, pullSecretAnnotations }: Mode,
): PullSecretOptions {
  if (!oldest) return noOptions;
  const {
    labels = noOptions.labels,
    annotations = noOptions.annotations,
    onConflict,
  } = oldest.credential.spec.pullSecret;
  return {
    labels: permittedKeys(labels, pullSecretLabels),
    annotations: permittedKeys(annotations, pullSecretAnnotations),
    onConflict,
  };
}

/** The name belongs to a source, or to a Secret of the operator's own. */
function isReserved({ cluster: { stores }, settings }: Context, namespace: string, name: string): boolean {
  const record = stores.operatorSecrets.get(`${namespace}/${name}`);
  if (!record) return false;
  if (record.kind === "token" || record.kind === "members") return true;
  return record.kind === "source" && (namespace === settings.namespace || record.offered);
}

/** The whole Secret, if it still is the version that the store knows; else the store knows better now. */
export async function readLive(
  { context, namespace, name }: Pick<Run, "context" | "namespace" | "name">,
  record: SecretRecord | undefined,
  signal: AbortSignal,
): Promise<LiveSecret | "too large" | undefined> {
  const { api, callFailure, stores, transforms } = context.cluster;
  let object;
  try {
    object = await api.getSecret(namespace.name, name, signal);
  } catch (error) {
    if (callFailure(error, "").kind === "tooLarge") return "too large";
    throw error;
  }
  if (object && object.metadata.resourceVersion === record?.resourceVersion) return liveSecret(object);
  if (record) stores.pullSecrets.found(record, object && transforms.secret(object));
  return undefined;
}

export function settledBy(
  { gathered }: Pick<Snapshot, "gathered">,
  plan: PullSecretPlan,
  record: SecretRecord | undefined,
): Settled | undefined {
  return record && { resourceVersion: record.resourceVersion, signature: gathered.signature, plan };
}

/** What was found counts for that very version and content, until something that was kept ends. */
function stillSettled(
  settled: Settled | undefined,
  record: SecretRecord | undefined,
  signature: string,
  now: Temporal.Instant,
): PullSecretPlan | undefined {
  if (settled?.resourceVersion !== record?.resourceVersion || settled?.signature !== signature) return undefined;
  return isAlive({ expiresAt: settled.plan.keptUntil }, now) ? settled.plan : undefined;
}

/** What stands there now is in the store; false where it could not be read, is gone, or is the version that was judged. */
export async function readAgain(
  { cluster: { api, transforms, stores } }: Context,
  {
    namespace,
    name,
    judged,
  }: { readonly namespace: string; readonly name: string; readonly judged: string | undefined },
  signal: AbortSignal,
): Promise<boolean> {
  const before = stores.pullSecrets.get(`${namespace}/${name}`);
  const object = await api.getSecret(namespace, name, signal).catch(() => undefined);
  const record = object && transforms.secret(object);
  // What is refused though nobody has changed it would be refused again at once.
  if (!record || record.resourceVersion === judged) return false;
  if (before) stores.pullSecrets.found(before, record);
  else stores.pullSecrets.wrote(record);
  return true;
}

export function withLive(
  { context, namespace }: Run,
  snapshot: Snapshot,
  live: NonNullable<Awaited<ReturnType<typeof readLive>>>,
): PullSecretSnapshot {
  if (live === "too large") return { ...snapshot, tooLarge: true };
  return { ...snapshot, live, formerLogins: loginsOfLeaving(context, namespace, snapshot.leaving) };
}
