// What is known of one pull Secret before anything is decided?
import { entriesAnnotation, finalizer } from "../api/names.ts";
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { Failure } from "../errors.ts";
import { namesOtherGrants } from "../plan/entries-annotation.ts";
import { secretKey } from "../plan/keys.ts";
import { type Mode, nameNotPermitted, namespaceNotPermitted, permittedKeys } from "../plan/mode.ts";
import type { Wanted } from "../plan/pull-secret-plan.ts";
import type { NamespaceRecord, SecretRecord } from "../plan/snapshot.ts";
import type { Outcome } from "../queue/work-queue.ts";
import type { SecretFinding } from "./board.ts";
import type { Context } from "./context.ts";
import { type Contributions, gatherContributions } from "./contributions.ts";
import type { Participant } from "./entitlements.ts";
import type { Place } from "./members.ts";
import { done, soonest, waitsFor } from "./outcome.ts";
import { type Orphaned, orphanedIn, withOrphaned } from "./orphaned.ts";
import type { Rendered, RenderContent } from "./render-content.ts";
import { reportSecret } from "./report-secret.ts";
import type { Waited } from "./waited.ts";
import { failedFinding, waitingFinding } from "./secret-findings.ts";

/** What a run has found out before it decides. */
export interface Observed {
  readonly namespace: NamespaceRecord;
  readonly record: SecretRecord | undefined;
  readonly contributing: readonly Participant[];
  /** Named by the Secret, and no longer contributing. */
  readonly leaving: readonly Participant[];
  readonly orphaned: Orphaned;
  readonly gathered: Contributions;
  readonly rendered: Rendered;
  readonly wanted: Wanted | undefined;
}

/** The first attempt at a token is awaited; if it hangs, the others go on without it after this many milliseconds. */
export const tokenPatience = 1_000;
/**
 * An outcome instead: there is nothing to decide, and what there is to say has been said. `ours` is the uid of the object
 * that is remembered as ours.
 */
export function observeSecret(
  context: Context,
  namespace: NamespaceRecord,
  name: string,
  ours: string | undefined,
  render: RenderContent,
): Observed | Outcome {
  const { stores, entitlements, members, board } = context;
  const say = (finding: SecretFinding): void => reportSecret(context, namespace, name, finding);
  const lacking = context.reach.secret(name, namespace.name);
  if (lacking) {
    const concerned = entitlements.participants(namespace, name).filter(({ entitled }) => entitled);
    // Not judged: references, too, stay as they are.
    say(failedFinding(concerned, "waiting", lacking));
    const { mode } = context.settings;
    // No change in the cluster brings it into the reach of this install.
    if (nameNotPermitted(mode, name) ?? namespaceNotPermitted(mode, namespace.name)) {
      context.tokens.use(secretKey(namespace.name, name), new Map());
      return done;
    }
    return waitsFor({ secretsCalled: name });
  }
  // Absence from a store says nothing before it has seen everything; the end of the list queues every key again.
  if (!context.namesSynced(name)) return waitsFor({ secretsCalled: name });
  const record = stores.pullSecrets.get(`${namespace.name}/${name}`);
  const participants = entitlements.participants(namespace, name);
  const place = { namespaceUid: namespace.uid, secretName: name };
  /** By its marks, or by the record where they were stripped. */
  const isIn = ({ name: credentialName, credential: { uid } }: Participant): boolean =>
    record !== undefined && (record.credentials.includes(credentialName) || members.holds(place, record.uid, uid));
  const contributing = participants.filter(
    (each) => each.entitled && (each.role === "current" || (each.role === "retiring" && isIn(each))),
  );
  // Marks may have been stripped from a Secret that we remember.
  const remembered = record !== undefined && ours === record.uid && record.credentials.length === 0;
  const leaving = participants.filter((each) => !contributing.includes(each) && (isIn(each) || remembered));
  if (record && holdsOfUnreadable(context, place, record)) {
    say(failedFinding([...contributing, ...leaving], "usable", unreadableSpec));
    return done;
  }
  // A start knows the names of a credential one by one, and the brake must have counted them all.
  const isCounted = (each: string): boolean => context.namesSynced(each) || context.reach.name(each) !== undefined;
  const uncounted = leaving.flatMap(({ credential, deleting }): readonly Waited[] => [
    ...secretNamesOf(context, credential).flatMap((each) => (isCounted(each) ? [] : [{ secretsCalled: each }])),
    ...(deleting || members.recorded(credential.uid) ? [] : [{ recordOf: credential.uid }]),
  ]);
  const [first, ...others] = uncounted;
  if (first) return waitsFor(first, ...others);
  const waits = (): void => say(waitingFinding(contributing, board.secret(namespace.name, name)?.state ?? "waiting"));
  // The finalizer and the Secret's name are confirmed before the first write to a tenant; the event queues the key again.
  if (contributing.some(({ confirmed }) => !confirmed)) {
    waits();
    return done;
  }
  const gathered = gatherContributions(context, secretKey(namespace.name, name), namespace, contributing);
  const { waiting } = gathered;
  if (waiting === "inside" || (waiting === "outside" && !hasEnded(record, gathered))) {
    waits();
    return soonest(tokenPatience);
  }
  const rendered = render(context, gathered);
  const orphaned = orphanedIn(context, place, record, participants);
  const content = withOrphaned(context, namespace, rendered.content, orphaned, leaving);
  const wanted =
    contributing.length + orphaned.names.length === 0
      ? undefined
      : wantedFrom(contributing[0], { ...rendered, content }, context.settings.mode);
  const signature = [gathered.signature, ...orphaned.names].join("|");
  return { namespace, record, contributing, leaving, orphaned, gathered: { ...gathered, signature }, rendered, wanted };
}

/**
 * Of a RegistryCredential that cannot be read, and that may have a login in it. A tenant can write any name on its Secret: one
 * that never wrote to tenants has no finalizer, and the record says where the others did, unless an earlier release kept none.
 */
function holdsOfUnreadable(
  { stores, entitlements, members }: Context,
  place: Place,
  { uid, credentials }: SecretRecord,
): boolean {
  for (const each of stores.credentials.values()) {
    if (!entitlements.unreadable(each.name)) continue;
    const holds = members.recorded(each.uid)
      ? members.holds(place, uid, each.uid)
      : each.finalizers.includes(finalizer) && credentials.includes(each.name);
    if (holds) return true;
  }
  return false;
}

/** Something in the Secret is of a grant that has ended, or may be: it goes without waiting for anybody outside. */
function hasEnded(record: SecretRecord | undefined, { contributions }: Contributions): boolean {
  if (!record || record.credentials.length === 0) return false;
  if (!record.metadata) return true;
  const claims = contributions.flatMap((each) => each.claims);
  const inForce = new Set(
    claims.flatMap(({ grantKey, formers = [] }) => [grantKey, ...formers.map(({ token }) => token.grantKey)]),
  );
  return namesOtherGrants(record.metadata.annotations[entriesAnnotation], inForce);
}

function secretNamesOf({ entitlements }: Context, { name, spec }: RegistryCredential): readonly string[] {
  return [spec.pullSecret.name, ...entitlements.namesOf(name).map(({ secretName }) => secretName)];
}

/** Options come from the oldest credential that contributes. */
function wantedFrom(
  oldest: Participant | undefined,
  { content, digest }: Pick<Rendered, "content" | "digest">,
  { pullSecretLabels, pullSecretAnnotations }: Mode,
): Wanted {
  const { labels = {}, annotations = {}, onConflict = "Fail" } = oldest?.credential.spec.pullSecret ?? {};
  const options = {
    labels: permittedKeys(labels, pullSecretLabels),
    annotations: permittedKeys(annotations, pullSecretAnnotations),
    onConflict,
  };
  return { content, digest, options };
}

const unreadableSpec: Failure = {
  reason: "InvalidSpec",
  cause: "Platform",
  retry: "on-change",
  message:
    "another RegistryCredential in this Secret cannot be read, so the Secret is left as it is; see that credential's status",
};
