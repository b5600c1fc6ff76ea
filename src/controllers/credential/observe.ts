// Observes how a RegistryCredential fares: its entries, the namespaces that it selects, those that it leaves, and its former names.
import { reportedSince } from "./plan-status-text.ts";
import { type CredentialMemory, type Looks, type ReadableRun, seldom } from "./run.ts";
import { crdName } from "../../api/names.ts";
import { hasTrait } from "../../api/reasons.ts";
import type { RegistryCredential, Retiring } from "../../api/registry-credential.ts";
import { modeText } from "../../cluster/install-mode.ts";
import type { NamespaceRecord } from "../../cluster/records.ts";
import type { Token } from "../../cluster/token.ts";
import { extraReferences, rememberedExtras } from "../../entitlement/extra-references.ts";
import { type Retired, retiringStatus } from "../../entitlement/rename-grace.ts";
import { grantsOf, isFailure } from "../../providers/grant.ts";
import type { Failure } from "../../runtime/errors.ts";
import type { Context } from "../context.ts";
import { crdOutdated } from "../crd-outdated.ts";
import { secretKey } from "../keys.ts";
import { isKeptByTenant, holderOf } from "./observe-left.ts";
import { recordedReferences } from "../service-account/plan.ts";
import type { StatusCache } from "../status-cache.ts";
import type {
  EntryView,
  GrantView,
  Lasting,
  Namespaces,
  NamespaceView,
  StatusSnapshot,
  Reported,
  Troubled,
} from "./plan-types.ts";
import { type Found, type Tally, tally as tallyOf, type TallyOptions } from "./tally.ts";

export interface Views {
  readonly entries: readonly EntryView[];
  readonly namespaces: Namespaces;
}

/** What is to be counted of one namespace. */
export function foundIn(context: Context, credential: RegistryCredential, namespace: NamespaceRecord): Found {
  const { index: credentialIndex, statusCache } = context.credentials;
  const { name: secretName } = credential.spec.pullSecret;
  if (namespace.terminating) return {};
  // Who is entitled may keep something under a former name.
  const former = formerNames(context, credential);
  if (!credentialIndex.entitled(credential, namespace))
    return { leaving: deniedIn(context, credential, namespace, [secretName, ...former]) };
  const leaving = former.length > 0 ? deniedIn(context, credential, namespace, former) : undefined;
  const scope = context.grants.scopeOf(namespace);
  const isPermitted = context.cluster.permissions.secret(secretName, namespace.name) === undefined;
  const grants = (isPermitted ? credential.spec.registries : []).flatMap((entry) =>
    grantsOf(entry, scope).flatMap(({ grant }) =>
      isFailure(grant) ? [] : [[entry.name, context.grants.grantKey(grant)] as const],
    ),
  );
  return { view: namespaceView(statusCache, credential, namespace.name), grants, leaving };
}

/** Those that go, for their time is over. */
export function formerNames(
  { credentials: { index } }: Pick<Context, "credentials">,
  { name }: RegistryCredential,
): readonly string[] {
  return index.namesOf(name).flatMap(({ secretName, over }) => (over ? [secretName] : []));
}

export function emptyTally(
  { grants: { tokens } }: Pick<Context, "grants">,
  options: Omit<TallyOptions, "look"> = {},
): Tally {
  return tallyOf({ ...options, look: (key) => grantView(tokens.token(key), tokens.attempts(key)) });
}

export interface Counted {
  readonly tally: Tally;
  /** How many namespaces were looked at for it. */
  readonly looked: number;
}

/** Counts all of them: those that it may be entitled to, and those in which it may have something. */
export async function counted(
  context: Context,
  credential: RegistryCredential,
  tally: Tally = emptyTally(context),
): Promise<Counted> {
  const { index: credentialIndex } = context.credentials;
  const { namespaces } = context.cluster.stores;
  const eligible = new Set<string>();
  await context.runtime.inSlices(credentialIndex.eligible(credential), (namespace) => {
    eligible.add(namespace.name);
    tally.put(namespace.name, foundIn(context, credential, namespace));
  });
  let holding = 0;
  await context.runtime.inSlices(credentialIndex.mayHold(credential.name), (name) => {
    if (name === undefined) return;
    holding += 1;
    const namespace = eligible.has(name) ? undefined : namespaces.get(name);
    if (namespace) tally.put(name, foundIn(context, credential, namespace));
  });
  return { tally, looked: eligible.size + holding };
}

export function viewsOf(
  { runtime: { clock } }: Pick<Context, "runtime">,
  { spec }: RegistryCredential,
  all: Tally,
): Views {
  const now = clock.now();
  return { namespaces: all.namespaces(), entries: spec.registries.map(({ name }) => all.entry(name, now)) };
}

function grantView(token: Token | undefined, attempts: ReturnType<Context["grants"]["tokens"]["attempts"]>): GrantView {
  return { token, failure: attempts?.failure, awaited: attempts !== undefined && !attempts.ended };
}

/** As far as the status cache knows: what was found for another version of the spec is still told, but does not count as looked at. */
export function namespaceView(
  statusCache: Pick<StatusCache, "secret" | "references" | "lasting">,
  { name, generation, spec, creationTimestamp }: RegistryCredential,
  namespace: string,
): NamespaceView {
  const found = statusCache.secret(namespace, spec.pullSecret.name)?.credentials.get(name);
  const references = spec.references === "ServiceAccounts" ? statusCache.references(namespace) : undefined;
  const isReferring = spec.references === "ServiceAccounts" && references?.generations.get(name) !== generation;
  const all = [...(found?.failures ?? []), ...(references?.failures ?? [])];
  const failures = all.filter((each) => !hasTrait(each, "passing"));
  const awaiting = failures.length < all.length;
  const lasting = (failure: Failure): Lasting => {
    const lasted = statusCache.lasting(namespace, failure);
    // Another credential may have failed there for the same reason before this one came.
    return Temporal.Instant.compare(lasted.since, creationTimestamp) < 0
      ? { ...lasted, since: creationTimestamp }
      : lasted;
  };
  return {
    name: namespace,
    pending: found?.generation !== generation || isReferring || awaiting,
    ...(awaiting && { awaiting }),
    failures: failures.map(lasting),
    ...(found?.formers && { formers: found.formers }),
    notes: (found?.notes ?? []).map(lasting),
  };
}

/** Something is still to come that a start brings by itself. */
export function isUnsettled({ entries, namespaces }: Views): boolean {
  return namespaces.unsettled > 0 || entries.some(({ awaitsAttempts }) => awaitsAttempts);
}

/** @param denied why its finalizer could not be put on */
export async function statusSnapshot(
  { context, credential, memory }: ReadableRun,
  {
    reported,
    views,
    denied,
  }: { readonly reported: Reported; readonly views: Views; readonly denied: Failure | undefined },
): Promise<{ readonly snapshot: StatusSnapshot; readonly nextGraceEnd: number | undefined }> {
  const { status, spec } = credential;
  const looks = (memory.looks ??= new Map());
  const { retiring, nextGraceEnd } = await renameGraceOf(context, credential, looks);
  const extraReferences = await extrasOf(context, credential, looks);
  return {
    nextGraceEnd,
    snapshot: {
      ...installSnapshot(context, credential),
      ...views,
      reported,
      missing: [...context.cluster.permissions.others(credential), ...(denied ? [denied] : [])],
      held: context.credentials.index.held(credential.name),
      // While nothing can be written under a new name, the one that tenants are served under is no former one.
      ...(isNameNotPermitted(context, credential)
        ? { secretName: status?.secretName, retiring: status?.retiring ?? [] }
        : { secretName: spec.pullSecret.name, retiring }),
      extraReferences,
    },
  };
}

/** What a status says of the install, whatever the namespaces are like. */
export function installSnapshot(
  { runtime: { clock }, settings, cluster: { stores } }: Context,
  credential: RegistryCredential,
): Pick<StatusSnapshot, "credential" | "now" | "outdated" | "mode" | "draining"> {
  return {
    credential,
    now: clock.now(),
    outdated: crdOutdated(stores.crds.get(crdName)),
    mode: modeText(settings.mode),
    draining: undefined,
  };
}

/** Nothing may be written under its name, so there is nothing to drain either. */
export function isNameNotPermitted({ cluster: { permissions } }: Context, { spec }: RegistryCredential): boolean {
  return permissions.name(spec.pullSecret.name) !== undefined;
}

/** Why it is kept there under these names, where a login of it stands. */
function deniedIn(
  context: Context,
  credential: RegistryCredential,
  namespace: NamespaceRecord,
  secretNames: readonly string[],
): Troubled | undefined {
  const { statusCache } = context.credentials;
  const { name } = namespace;
  const failuresIn = (secretName: string): readonly Failure[] =>
    statusCache.secret(name, secretName)?.credentials.get(credential.name)?.failures ?? [];
  const failing = secretNames.filter((secretName) => failuresIn(secretName).length > 0);
  if (failing.length === 0) return undefined;
  const holds = holderOf(context, credential);
  const troubles = failing
    .filter((secretName) => holds(namespace, secretName))
    .flatMap((secretName) => failuresIn(secretName).map((failure) => statusCache.lasting(name, failure)));
  return troubles.length > 0 ? { name, troubles } : undefined;
}

/** The records are read only where something was taken out of the spec. */
async function extrasOf(context: Context, credential: RegistryCredential, looks: Looks): Promise<readonly string[]> {
  const extras = extraReferences(credential);
  const former = new Set(extras.former);
  if (former.size === 0) return rememberedExtras(extras, former);
  const what = `references ${extras.former.join(" ")}`;
  return rememberedExtras(extras, await seldom(looks, what, context.runtime.clock, () => recordedOf(context, former)));
}

/** Which of the names some account has on record. */
async function recordedOf(
  { runtime: { inSlices }, cluster: { stores, permissions } }: Context,
  names: ReadonlySet<string>,
): Promise<{ readonly found: ReadonlySet<string>; readonly of: number }> {
  const of = stores.namespaces.size + stores.serviceAccounts.size;
  // Where the accounts may not be seen, some may have it.
  if ([...stores.namespaces.values()].some(({ name }) => permissions.serviceAccounts(name) !== undefined))
    return { found: names, of };
  const found = new Set<string>();
  // Of no others: tenants may have put millions of names there.
  await inSlices(stores.serviceAccounts.values(), ({ record, terminating }) => {
    for (const name of terminating ? [] : recordedReferences(record)) if (names.has(name)) found.add(name);
  });
  return { found, of };
}

// As a deletion does not wait for longer either: for what any tenant may have written, or keeps from being taken away.
const gracePatience = Temporal.Duration.from({ seconds: 10 });

const lookAgain = 1_000;

export interface RenameGrace {
  readonly retiring: Retiring[];
  /** Milliseconds until one is over, or no longer waited for. */
  readonly nextGraceEnd: number | undefined;
}

export async function renameGraceOf(
  context: Context,
  credential: RegistryCredential,
  looks: Looks = new Map(),
): Promise<RenameGrace> {
  const { index: credentialIndex } = context.credentials;
  const { clock } = context.runtime;
  const retired = credentialIndex.namesOf(credential.name);
  const left = new Set<string>();
  for (const each of retired) {
    if (!each.over) continue;
    const look = () => isLeft(context, credential, each);
    if (await seldom(looks, `Secrets ${each.secretName}`, clock, look)) left.add(each.secretName);
  }
  const waits = retired.filter(({ over }) => !over).map(({ until }) => until.since(clock.now()).total("milliseconds"));
  if (left.size > 0) waits.push(gracePatience.total("milliseconds"));
  return {
    retiring: retiringStatus(retired, (secretName) => left.has(secretName)),
    nextGraceEnd: waits.length > 0 ? Math.max(Math.min(...waits), lookAgain) : undefined,
  };
}

/** Something of the credential is left under the name, and worth waiting for. All of it is queued again. */
async function isLeft(
  context: Context,
  credential: RegistryCredential,
  { secretName, until }: Retired,
): Promise<{ readonly found: boolean; readonly of: number }> {
  const { clock, inSlices } = context.runtime;
  const { enqueue } = context.queue;
  const { index: credentialIndex } = context.credentials;
  const { namesSynced, stores } = context.cluster;
  if (!namesSynced(secretName)) return { found: true, of: 0 };
  const holds = holderOf(context, credential);
  const isRecent = Temporal.Instant.compare(clock.now(), until.add(gracePatience)) < 0;
  let isWaitedFor = false;
  let looked = 0;
  await inSlices(credentialIndex.mayHold(credential.name), (name) => {
    if (name === undefined) return;
    looked += 1;
    const namespace = stores.namespaces.get(name);
    const secret = stores.pullSecrets.look(`${name}/${secretName}`);
    if (!namespace || secret.kind === "absent") return;
    if (secret.kind !== "there") {
      // One that may not be seen may be there.
      isWaitedFor = true;
      return;
    }
    const isHolder = holds(namespace, secretName);
    if (!isHolder && !secret.record.credentials.includes(credential.name)) return;
    enqueue(secretKey(name, secretName), { lane: "bulk", flow: credential.name });
    if (isRecent || (isHolder && !isGivenUp(context, credential, name, secretName))) isWaitedFor = true;
  });
  return { found: isWaitedFor, of: looked };
}

/** Its tenant has kept it for long enough. */
function isGivenUp(context: Context, credential: RegistryCredential, namespace: string, secretName: string): boolean {
  if (!isKeptByTenant(context, credential, namespace, [secretName])) return false;
  const { credentials, runtime } = context;
  const { statusCache } = credentials;
  const failures = statusCache.secret(namespace, secretName)?.credentials.get(credential.name)?.failures ?? [];
  return failures.every((failure) => {
    const { since } = statusCache.lasting(namespace, failure);
    return Temporal.Instant.compare(since.add(gracePatience), runtime.clock.now()) <= 0;
  });
}

/** Its status tells of the spec as it is, and this install has written it. */
export function isReportedHere({ context, credential: { status, generation } }: ReadableRun): boolean {
  const isOurs = status?.operatorNamespace === undefined || status.operatorNamespace === context.settings.namespace;
  return isOurs && status?.observedGeneration === generation;
}

export function reportedBefore({
  context,
  credential: { status, creationTimestamp },
}: ReadableRun): CredentialMemory["reported"] & {} {
  return { status, since: reportedSince(status, creationTimestamp, context.runtime.clock.now()) };
}
