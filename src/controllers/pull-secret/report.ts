// Reporting what was found of one pull Secret: to the status cache, to who waits for it, and to the tenant as events.
import { failure, hasTrait, isForTenant } from "../../api/reasons.ts";
import { credentialKey, referencesKey } from "../keys.ts";
import { namespaceNotPermitted } from "../../cluster/install-mode.ts";
import type { NamespaceRecord, SecretRecord } from "../../cluster/records.ts";
import { longestNote, textWithSteps, kubectl } from "../../runtime/steps.ts";
import type { CredentialFinding, SecretFinding } from "../status-cache.ts";
import type { Context, Needs } from "../context.ts";
import { credentialsAnnotation, entriesAnnotation, managedAnnotation } from "../../api/names.ts";
import type { Failure } from "../../runtime/errors.ts";
import { otherManager } from "./plan-conflict.ts";
import type { Content, ContentLogin, Shadowed } from "./plan-content.ts";
import type { PullSecretPlan, PullSecretSnapshot } from "./plan-types.ts";
import type { FormerView } from "../credential/plan-types.ts";
import { earliest } from "../credential/plan-status-text.ts";
import type { Contributor } from "../../entitlement/credential-index.ts";
import type { RegistryCredential } from "../../api/registry-credential.ts";
import { isMerged } from "../../cluster/marks.ts";

/** A status is written once for many changes. */
export const statusSoon = { lane: "normal", debounced: true } as const;

export function reportSecret(context: Context, namespace: NamespaceRecord, name: string, finding: SecretFinding): void {
  const { statusCache } = context.credentials;
  const { enqueue } = context.queue;
  const { events } = context.runtime;
  const { stores } = context.cluster;
  const { settings } = context;
  const before = statusCache.secret(namespace.name, name);
  const news = statusCache.setSecret(namespace.name, name, finding);
  if (before?.state !== finding.state) {
    lookAgainAtReferences(statusCache, namespace.name, finding.credentials);
    enqueue(referencesKey(namespace.name), { lane: before ? "normal" : "interactive" });
  }
  for (const credential of new Set([...finding.credentials.keys(), ...(before?.credentials.keys() ?? [])])) {
    if (sameFinding(before?.credentials.get(credential), finding.credentials.get(credential))) continue;
    enqueue(credentialKey(credential), statusSoon);
  }
  // Of a namespace that the operator was not installed for, the status says so; nothing is sent there.
  if (namespaceNotPermitted(settings.mode, namespace.name)) return;
  const uid = stores.pullSecrets.get(`${namespace.name}/${name}`)?.uid ?? "";
  for (const failure of news) {
    events.publish({
      regarding: { apiVersion: "v1", kind: "Secret", namespace: namespace.name, name, uid },
      type: "Warning",
      reason: failure.reason,
      action: "Serve",
      note: textWithSteps(failure, longestNote),
    });
  }
}

/** What was found of references before the Secret was as it is says nothing of them: nobody is served by a Secret alone. */
function lookAgainAtReferences(
  statusCache: Context["credentials"]["statusCache"],
  namespace: string,
  credentials: SecretFinding["credentials"],
): void {
  const found = statusCache.references(namespace);
  if (!found) return;
  const generations = new Map([...found.generations].filter(([name]) => !credentials.has(name)));
  statusCache.setReferences(namespace, { ...found, generations });
}

function sameFinding(a: CredentialFinding | undefined, b: CredentialFinding | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && a.generation === b?.generation && textOf(a) === textOf(b);
}

function textOf({ failures, notes, formers = [] }: CredentialFinding): string {
  return [
    ...[...failures, ...notes].map((failure) => `${failure.reason} ${textWithSteps(failure)}`),
    ...formers.map(({ entry, until, pending }) => `${entry} ${until?.toString()} ${pending}`),
  ].join("\n");
}

/** Nothing is known yet. The API server counts generations from 1. */
const pendingFinding: CredentialFinding = { failures: [], notes: [], generation: 0 };

/**
 * Nobody contributes here: what stands under the name, if anything that stays, is not ours to keep.
 * @param copied whose marks somebody has copied on it
 */
export function findingWithout(record: SecretRecord | undefined, copied: readonly Contributor[] = []): SecretFinding {
  if (!record || record.terminating) return nothingOfOurs.absent;
  const [first] = copied;
  return first ? failedFinding(copied, "foreign", secretCopied(record, first.name)) : nothingOfOurs.foreign;
}

const nothingOfOurs: Readonly<Record<"foreign" | "absent", SecretFinding>> = {
  foreign: { state: "foreign", credentials: new Map() },
  absent: { state: "absent", credentials: new Map() },
};

/** Who leaves hears why it cannot, unless that is a matter of moments. */
export function findingOfPlan(
  plan: PullSecretPlan,
  {
    contributing,
    leaving,
    content,
  }: Pick<PullSecretSnapshot, "content"> & {
    readonly contributing: readonly Contributor[];
    readonly leaving: readonly Contributor[];
  },
): SecretFinding {
  // What is about entries that contribute keeps nobody from leaving.
  const isStuck =
    plan.failure !== undefined && !plan.missing && plan.action.kind === "none" && plan.state !== "leaving";
  const credentials = new Map(isStuck ? failuresOf(leaving, plan.failure) : []);
  // Nothing is served in what is somebody else's, so nobody is in another's shadow there.
  const decided = plan.state === "foreign" ? undefined : (plan.decided ?? content);
  const { served = [], shadowed: all = [] } = decided ?? {};
  for (const { name, role, credential } of contributing) {
    if (role !== "current") continue;
    const failures = (content?.failures ?? [])
      .filter((each) => each.credential === name)
      .map(({ entry, failure }) => failureOfEntry(entry, failure));
    const shadowed = all.find((each) => each.credential === name);
    const formers = plan.state === "usable" && content ? formersOf(name, served, content, plan) : [];
    credentials.set(name, {
      failures: [...ownTrouble(plan, name), ...failures],
      notes: shadowed ? [hostShadowed(shadowed)] : [],
      generation: credential.generation,
      ...(formers.length > 0 && { formers }),
    });
  }
  return { state: plan.state, credentials, shadowed: all };
}

/** What keeps the Secret from being as it is wanted, as far as it is about this one. */
function ownTrouble({ failure, missing }: PullSecretPlan, credential: string): readonly Failure[] {
  if (!failure) return [];
  if (!missing) return [failure];
  return missing.flatMap((each) => (each.credential === credential ? [failureOfEntry(each.entry, failure)] : []));
}

/** Entries that live by a login from before they were altered. */
function formersOf(
  credential: string,
  served: readonly ContentLogin[],
  { failures }: Content,
  { missing = [] }: PullSecretPlan,
): readonly FormerView[] {
  const ends = new Map<string, Temporal.Instant | undefined>();
  for (const { entry, expiresAt, former, ...each } of served) {
    if (!former || each.credential !== credential) continue;
    const before = ends.get(entry);
    ends.set(entry, before && expiresAt ? earliest([before, expiresAt]) : (before ?? expiresAt));
  }
  const pending = (entry: string): boolean => {
    const isIts = (each: Pick<ContentLogin, "credential" | "entry">): boolean =>
      each.credential === credential && each.entry === entry;
    return !missing.some(isIts) && failures.every((each) => !isIts(each) || hasTrait(each.failure, "passing"));
  };
  return [...ends].map(([entry, until]) => ({ entry, until, pending: pending(entry) }));
}

/** The state stays as it was found before; nothing is said of the credentials yet. */
export function waitingFinding(contributing: readonly Contributor[], state: SecretFinding["state"]): SecretFinding {
  return { state, credentials: new Map(contributing.map(({ name }) => [name, pendingFinding])) };
}

/** One failure for all who contribute; `state` is that of what still stands there. */
export function failedFinding(
  contributing: readonly Contributor[],
  state: SecretFinding["state"],
  failure: Failure,
): SecretFinding {
  return { state, credentials: new Map(failuresOf(contributing, failure)) };
}

function failuresOf(contributors: readonly Contributor[], failure: Failure): [string, CredentialFinding][] {
  return contributors.map(({ name, credential: { generation } }) => [
    name,
    { failures: [failure], notes: [], generation },
  ]);
}

export function contestedFinding(
  finding: SecretFinding,
  contributing: readonly Contributor[],
  secret: string,
): SecretFinding {
  const contested = failure("Contested", {
    message: `somebody keeps changing the Secret ${secret} back: let them ignore it, for example in Argo CD with ignoreDifferences: [{kind: Secret, name: ${secret}, jsonPointers: [/data, /metadata]}]`,
  });
  const credentials = new Map(
    contributing.map(({ name, credential: { generation } }) => {
      const found = finding.credentials.get(name);
      return [name, { generation, failures: [contested, ...(found?.failures ?? [])], notes: found?.notes ?? [] }];
    }),
  );
  return { ...finding, credentials };
}

/** Field by field: the failure may be an Error, of which a spread keeps no message. */
function failureOfEntry(entry: string, { reason, cause, retry, message, steps }: Failure): Failure {
  return { reason, cause, retry, message: `entry ${entry}: ${message}`, ...(steps && { steps }) };
}

function hostShadowed({ credential, entry, host, by }: Shadowed): Failure {
  const holder = by === credential ? "another entry" : `the RegistryCredential ${by}`;
  return failure("HostShadowed", {
    message: `${host} of entry ${entry} is served by ${holder}: take it off one of them`,
  });
}

function secretCopied({ namespace, name, metadata, controller }: SecretRecord, credential: string): Failure {
  const keeper = otherManager({ labels: metadata?.labels ?? {}, annotations: metadata?.annotations ?? {}, controller });
  return failure("SecretCopied", {
    message: `the Secret ${name} carries the marks of the RegistryCredential ${credential}, which does not serve this namespace: it is a copy that regcred neither renews nor removes, and its logins end${keeper === undefined ? "" : `; ${keeper}`}`,
    steps: [
      { says: "have the namespace selected, or delete the copy" },
      {
        says: "or, to keep it as your own, take off the marks",
        command: kubectl`annotate -n ${namespace} secret ${name} ${credentialsAnnotation}- ${entriesAnnotation}- ${managedAnnotation}-`,
      },
    ],
  });
}

type Known = Needs<{ credentials: "statusCache"; cluster: "stores" }>;

/**
 * The last run on the Secrets of these names there, for the spec as it is, has failed by what a tenant has made of its own
 * objects.
 */
export function isKeptByTenant(
  { credentials: { statusCache }, cluster: { stores } }: Known,
  { name, generation, spec }: RegistryCredential,
  namespace: string,
  secretNames: readonly string[],
): boolean {
  const retains = spec.deletionPolicy === "Retain";
  const failures = secretNames.flatMap((secretName) => {
    const found = statusCache.secret(namespace, secretName)?.credentials.get(name);
    if (found?.generation !== generation) return [];
    return found.failures.map((failure) =>
      isTenants({ cluster: { stores } }, `${namespace}/${secretName}`, failure, retains),
    );
  });
  return failures.length > 0 && failures.every(Boolean);
}

function isTenants(
  { cluster: { stores } }: Needs<{ cluster: "stores" }>,
  key: string,
  failure: Failure,
  retains: boolean,
): boolean {
  if (!failure.restrained && !hasTrait(failure, "byObject")) return isForTenant(failure);
  // It is not as we leave our own: deleting that one needs nothing but our marks, and is refused for the platform's reasons only.
  const record = stores.pullSecrets.get(key);
  if (!record) return false;
  const isMarked = record.labelled || record.credentials.length > 0;
  return !isMarked || record.immutable || record.terminating || isMerged(record) || retains;
}
