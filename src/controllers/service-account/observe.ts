// Observes which references are wanted in a namespace, given what the pull-secret controller has found there.
import type { RegistryCredential } from "../../api/registry-credential.ts";
import { extraReferences } from "../../entitlement/extra-references.ts";
import { type ReferableSecret, recordedReferences } from "./plan.ts";
import { selectsServiceAccount } from "../../entitlement/selection.ts";
import { limits } from "../../cluster/object-limits.ts";
import type { NamespaceRecord, SecretRecord, ServiceAccountRecord } from "../../cluster/records.ts";
import { findingWithout } from "../pull-secret/report.ts";
import type { SecretFinding } from "../status-cache.ts";
import type { Context } from "../context.ts";
import type { Contributor } from "../../entitlement/credential-index.ts";
import { hasUnreadable, unreadableIn, orphanedIn } from "../../entitlement/roles.ts";

/** What is wanted of one ServiceAccount. */
export interface WantedReferences {
  readonly secrets: readonly ReferableSecret[];
  readonly extras: readonly string[];
  /** Names that nothing is known of yet, or that a suspended credential holds as they are. */
  readonly unjudged: ReadonlySet<string>;
}

export interface ObservedReferences {
  /** Equal texts: the same is wanted of each ServiceAccount. */
  readonly text: string;
  /** Each that has to do with a Secret name here, with the version of its spec. */
  readonly credentials: ReadonlyMap<string, number>;
  /** Some credential wants references here. */
  readonly refers: boolean;
  /** Secrets that are about to go, and wait for their references. */
  readonly leaving: readonly string[];
  /** Names that a credential referred to beside its own and no longer wants, or that leave with it. */
  readonly formerExtras: ReadonlySet<string>;
  /** Names that some account has on record and nobody wants here, of whose Secrets nothing is heard at the moment: nothing tells when it is again. */
  readonly unseen: readonly string[];
  readonly of: (serviceAccount: ServiceAccountRecord) => WantedReferences;
}

/** What is known of one Secret name. */
interface Found {
  readonly name: string;
  readonly contributors: readonly Contributor[];
  readonly finding: SecretFinding | undefined;
  readonly record: SecretRecord | undefined;
  /** One who is gone without a drain has a login in it. */
  readonly isOrphaned: boolean;
  /** A credential that cannot be read has a login in it, or may have referred to it though it is somebody else's. */
  readonly unread: boolean;
}

export function observeReferences(context: Context, namespace: NamespaceRecord): ObservedReferences {
  const recorded = recordedIn(context, namespace);
  const found = foundIn(context, namespace, recorded);
  const contributors = found.flatMap((each) => each.contributors);
  const formerExtras = new Set(contributors.flatMap(extrasThatGo));
  return {
    text: JSON.stringify([found.map(textOf), [...formerExtras]]),
    credentials: new Map(contributors.map(({ name, credential }) => [name, credential.generation])),
    refers: contributors.some(
      ({ entitled, credential }) => entitled && credential.spec.references === "ServiceAccounts",
    ),
    leaving: found.filter(({ finding }) => finding?.state === "leaving").map(({ name }) => name),
    formerExtras,
    unseen: found.flatMap(({ name, contributors: its, finding }) =>
      recorded.has(name) && its.length === 0 && !finding && context.cluster.namesSynced(name) ? [name] : [],
    ),
    of: (serviceAccount) => wantedOf(found, serviceAccount),
  };
}

/**
 * Names that accounts of the namespace have on record. Sound accounts share a few short records; beyond the limit a tenant has
 * forged them, and of a name that stands there alone all stays as it is.
 */
function recordedIn({ cluster: { stores } }: Context, { name }: NamespaceRecord): Set<string> {
  const names = new Set<string>();
  let room: number = limits.recordsOfNamespace;
  for (const record of new Set(stores.serviceAccounts.byIndex(name).map((each) => each.record))) {
    if (record === undefined || record.length > room) continue;
    room -= record.length;
    for (const recorded of recordedReferences(record)) names.add(recorded);
  }
  return names;
}

/** Of each name with which anybody has to do there, or had: of all others nothing is wanted, and nothing is left. */
function foundIn(context: Context, namespace: NamespaceRecord, recorded: ReadonlySet<string>): readonly Found[] {
  const { index, members, statusCache } = context.credentials;
  const { stores, namesSynced } = context.cluster;
  const { pullSecrets } = stores;
  const known = { stores, ...context.credentials };
  const someUnread = hasUnreadable(known);
  const wanted = index.contributorsIn(namespace);
  const others = [...statusCache.secretNames(namespace.name), ...members.secretNamesIn(namespace.uid), ...recorded];
  const names = new Set([...wanted.keys(), ...others.filter((name) => index.isInUse(name))]);
  return Array.from(names, (name) => {
    const contributors = wanted.get(name) ?? [];
    const key = `${namespace.name}/${name}`;
    const record = pullSecrets.get(key);
    // Where nobody wants anything and nothing is, no run says so.
    const isNobodys = (): boolean =>
      contributors.length === 0 && namesSynced(name) && pullSecrets.look(key).kind === "absent";
    const finding = statusCache.secret(namespace.name, name) ?? (isNobodys() ? findingWithout(undefined) : undefined);
    const place = { namespaceUid: namespace.uid, secretName: name };
    const isOrphaned = orphanedIn(known, place, record, contributors).names.length > 0;
    const mayBeTheirs = finding?.state === "foreign" && someUnread;
    const unread = record !== undefined && (mayBeTheirs || unreadableIn(known, place, record).length > 0);
    return { name, contributors, finding, record, isOrphaned, unread };
  });
}

function extrasThatGo({ deleting, credential }: Contributor): readonly string[] {
  const { current, coming, former } = extraReferences(credential);
  const takesAll = deleting && credential.spec.deletionPolicy === "Delete";
  return takesAll ? [...current, ...coming, ...former] : former;
}

function wantedOf(found: readonly Found[], serviceAccount: ServiceAccountRecord): WantedReferences {
  const extras = new Set<string>();
  const unjudged = new Set<string>();
  const secrets = found.flatMap((each): ReferableSecret[] => {
    const { name, contributors, finding, record } = each;
    const actors = contributors.filter(({ entitled, confirmed, deleting }) => (entitled && confirmed) || deleting);
    const unconfirmed = contributors.filter(({ entitled, confirmed }) => entitled && !confirmed);
    for (const { credential } of unconfirmed) leaveExtras(unjudged, credential);
    const suspended =
      actors.length > 0 && actors.every(({ credential, deleting }) => credential.spec.suspend && !deleting);
    if (!finding || finding.state === "waiting" || suspended) {
      unjudged.add(name);
      for (const { credential } of actors) leaveExtras(unjudged, credential);
      return [];
    }
    const referring = contributors.filter((its) => its.confirmed && refers(its, serviceAccount));
    const current = referring.filter(({ role }) => role === "current");
    for (const { credential } of current) {
      const its = extraReferences(credential);
      for (const extra of its.current) extras.add(extra);
      for (const extra of its.coming) unjudged.add(extra);
    }
    // The former Secret is referred to until the new one can be, for as long as the former one has its login.
    const successors = referring.filter(({ role }) => role === "retiring").map(nameOfNew);
    const undecided = successors.some((its) => !isJudged(found, its));
    return [
      {
        name,
        wanted: current.length > 0 || successors.some((its) => isJudged(found, its) && !isUsable(found, its)),
        usable: finding.state === "usable" && record !== undefined && !record.terminating,
        leaving: finding.state === "leaving",
        foreign: record !== undefined && finding.state === "foreign",
        served: contributors.some(({ entitled, role }) => entitled && role === "current"),
        retained: record !== undefined && contributors.some(({ retains }) => retains),
        frozen: each.unread || each.isOrphaned || undecided || unconfirmed.some((its) => refers(its, serviceAccount)),
      },
    ];
  });
  for (const { name } of secrets) unjudged.delete(name);
  for (const extra of extras) unjudged.delete(extra);
  return { secrets, extras: [...extras], unjudged };
}

function refers(
  { entitled, credential: { spec } }: Pick<Contributor, "entitled" | "credential">,
  serviceAccount: ServiceAccountRecord,
): boolean {
  return (
    entitled &&
    spec.references === "ServiceAccounts" &&
    !serviceAccount.optedOut &&
    selectsServiceAccount(spec.serviceAccounts, serviceAccount.name)
  );
}

function nameOfNew({ credential }: Contributor): string {
  return credential.spec.pullSecret.name;
}

function isUsable(found: readonly Found[], of: string): boolean {
  return found.some(({ name, finding }) => name === of && finding?.state === "usable");
}

/** After a start names are judged one by one, and some wait for a token first. */
function isJudged(found: readonly Found[], of: string): boolean {
  return found.some(
    ({ name, finding, record }) =>
      name === of && finding !== undefined && (finding.state !== "waiting" || record === undefined),
  );
}

/** Whatever a credential refers to beside its own name stays as it is. */
function leaveExtras(unjudged: Set<string>, credential: RegistryCredential): void {
  const { current, coming, former } = extraReferences(credential);
  for (const extra of [...current, ...coming, ...former]) unjudged.add(extra);
}

function textOf({ name, contributors, finding, record, isOrphaned, unread }: Found): unknown {
  const judged = contributors.map(({ name: of, role, entitled, confirmed, retains, deleting, credential }) => {
    return [
      of,
      role,
      entitled,
      confirmed,
      retains,
      deleting,
      credential.uid,
      // A generation may stand for several specs: see `isSameSpec`.
      credential.generation,
      credential.spec.references,
      credential.spec.serviceAccounts,
      extraReferences(credential),
    ];
  });
  return [name, finding?.state, record && [record.uid, record.terminating], isOrphaned, unread, judged];
}

/**
 * How many ServiceAccounts a Secret which goes has to wait for. Those that may not be seen count as one, until the references
 * controller says that it has waited for long enough.
 */
export function referencesTo(
  { credentials: { statusCache }, cluster: { stores, permissions } }: Context,
  namespace: string,
  name: string,
): number {
  if (statusCache.references(namespace)?.left?.has(name)) return 0;
  // Read as text: a tenant may have thousands of long ones, and this is asked for each run of the Secret.
  const isRecorded = (record = ""): boolean => record.includes(JSON.stringify(name));
  const known = stores.serviceAccounts
    .byIndex(namespace)
    .filter(
      ({ references, record, terminating, tooLarge }) =>
        !terminating && !tooLarge && (references?.includes(name) ?? isRecorded(record)),
    ).length;
  return permissions.serviceAccounts(namespace) ? known + 1 : known;
}
