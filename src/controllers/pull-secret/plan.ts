// The plan for one pull Secret: none, read, create, replace, give up fields, recreate or delete.
import { failure } from "../../api/reasons.ts";
import { entriesAnnotation } from "../../api/names.ts";
import { recordedEntries } from "../../cluster/entries-annotation.ts";
import type { Failure } from "../../runtime/errors.ts";
import { configKey } from "../../registry/host.ts";
import { renderDockerConfig, dockerConfigType } from "../../registry/docker-config.ts";
import { hostsOf, keepInDockerConfig, keysIn, loginsIn } from "../../registry/merge-docker-config.ts";
import {
  tooMuch,
  amountOfContent,
  isWhole,
  keptHosts,
  keptUntil,
  type Hosts,
  type Standing,
  contentWithin,
  troubleOf,
} from "../../content/fit.ts";
import { secretConflict, planMerge, foreign } from "./plan-foreign.ts";
import { configEntries, type Content, type ContentLogin } from "../../content/content.ts";
import { hasConditions, hasHeld, withoutGifts, contentAroundFrozen } from "../../content/frozen.ts";
import { mergedHosts, sameWords, managedWords } from "../../cluster/marks.ts";
import { bodyOf, ownBody, type LiveSecret, type PlannedSecret } from "../../cluster/pull-secret-object.ts";
import { lookAt, type PullSecretAction, type PullSecretPlan, type PullSecretSnapshot } from "./plan-types.ts";
import { isOurs, removal, secretTooLarge, planTerminating } from "./plan-removal.ts";
import type { SecretRecord } from "../../cluster/records.ts";

const none: PullSecretAction = { kind: "none" };

export function planPullSecret(snapshot: PullSecretSnapshot): PullSecretPlan {
  return besideAppliers(snapshot, planned(snapshot));
}

/** Who applies the Secret is not to be refused for what we have written into it, and not asked to force it. */
function besideAppliers({ record, live, tooLarge: unread }: PullSecretSnapshot, plan: PullSecretPlan): PullSecretPlan {
  if (!record?.othersApply || unread) return plan;
  const { action, state } = plan;
  const isHindered = action.kind === "none" && state === "usable" && record.othersApply === "hindered";
  if (action.kind !== "replace" && !isHindered) return plan;
  if (!live) return { action: { kind: "read" }, state };
  const { othersFields } = live;
  if (!othersFields) return plan;
  if (action.kind === "replace") return { ...plan, action: { ...action, othersFields } };
  return { ...plan, action: { kind: "giveUp", body: bodyOf(live), othersFields } };
}

function planned(snapshot: PullSecretSnapshot): PullSecretPlan {
  const { namespace, content, record, reserved } = snapshot;
  if (namespace.terminating) return { action: none, state: "absent" };
  if (record?.terminating) return planTerminating(snapshot, record, planPullSecret);
  if (record && snapshot.tooLarge) {
    // What is ours alone needs no reading to be replaced or removed: nobody may keep what was taken back by making it large.
    const isOurOwn = !record.merged && isOurs(snapshot, record) && !isKeptByBytes(snapshot);
    const state = content && record.merged ? "usable" : "foreign";
    if (!isOurOwn) return { action: none, state, failure: secretTooLarge };
  }
  if (record && snapshot.frozen.length > 0) return planAroundFrozen(snapshot);
  if (!content) return record ? removal(snapshot, record) : { action: none, state: "absent" };
  if (reserved) return { action: none, state: "foreign", failure: reservedName };
  if (!hasConditions(content)) return planContent(snapshot, content);
  // Exactly what would be kept stands there.
  if (record && content.digest === record.digest) return { ...planContent(snapshot, content), decided: content };
  if (record && !snapshot.live && !snapshot.tooLarge) return lookAt(snapshot, "usable");
  const allowed = keepingOnly(snapshot, content);
  const plan = planContent({ ...snapshot, content: allowed }, allowed);
  const { served, shadowed } = allowed;
  // Nothing of what stands there is known to be ours, and the hold forbids to take it away as well as to add to it.
  const takes = plan.state === "leaving" || plan.action.kind === "delete";
  if (takes && hasHeld(content)) return { action: none, state: "usable", decided: { served, shadowed } };
  return { decided: { served, shadowed }, ...plan };
}

/** What is to stay can be told only by what stands there. */
function isKeptByBytes({ content, frozen }: PullSecretSnapshot): boolean {
  return frozen.length > 0 || (content !== undefined && hasHeld(content));
}

function planAroundFrozen(snapshot: PullSecretSnapshot): PullSecretPlan {
  const { live } = snapshot;
  if (!live) return lookAt(snapshot, "usable");
  const around = withFrozen(snapshot, live);
  const plan = planPullSecret(around);
  const { served, shadowed } = around.content ?? { served: [], shadowed: [] };
  return { decided: { served, shadowed }, ...plan };
}

/** The same without anybody frozen, whose hosts are kept by what is wanted. */
function withFrozen(snapshot: PullSecretSnapshot, live: LiveSecret): PullSecretSnapshot {
  const { options } = snapshot;
  const thawed = { ...snapshot, frozen: [] };
  const content = contentAroundFrozen(snapshot, live);
  if (!content) return thawed;
  // Who set which of these cannot be asked.
  const words = managedWords(live);
  return {
    ...thawed,
    content,
    options: {
      ...options,
      labels: { ...words.labels, ...options.labels },
      annotations: { ...words.annotations, ...options.annotations },
    },
  };
}

/** What is wanted, less what only a hold entitles to and is not there. */
function keepingOnly({ live, record }: PullSecretSnapshot, wanted: Content): Content {
  const content = withoutGifts(wanted, live?.dockerConfig);
  if (content === wanted) return wanted;
  const stands = live !== undefined && content.text === live.dockerConfig && Object.keys(live.otherData).length === 0;
  return { ...content, digest: stands ? record?.digest : undefined };
}

function planContent(snapshot: PullSecretSnapshot, content: Content): PullSecretPlan {
  const { record, maxBytes, now, options } = snapshot;
  if (!record) {
    if (content.text === undefined) return { action: none, state: "absent" };
    const fitted = contentWithin(content, nothingStands, now, {
      room: maxBytes,
      textOf: ({ served }) => textOfServed(content, served),
    });
    if (fitted.served.length === 0) return { action: none, state: "absent", ...troubleOf(fitted) };
    return {
      action: { kind: "create", body: ownBody(options, fitted, undefined) },
      state: "usable",
      ...troubleOf(fitted),
    };
  }
  if (isMerged(snapshot, record)) return planMerge(snapshot, content) ?? removal(snapshot, record);
  if (isOurs(snapshot, record)) return owned(snapshot, content, record) ?? removal(snapshot, record);
  if (content.text !== undefined) return foreign(snapshot, content, record);
  const plan = removal(snapshot, record);
  // Somebody else's stands in the way of what is to come, too.
  const isInTheWay = plan.state === "foreign" && plan.action.kind === "none" && !plan.failure;
  return isInTheWay && options.onConflict === "Fail" ? { ...plan, failure: secretConflict(snapshot, undefined) } : plan;
}

/** Undefined: nothing is to stay in it. */
function owned(snapshot: PullSecretSnapshot, content: Content, record: SecretRecord): PullSecretPlan | undefined {
  const { live, maxBytes, now, options } = snapshot;
  const metadata = live ?? record.metadata ?? (snapshot.tooLarge ? nothingForeign : undefined);
  if (!metadata) return lookAt(snapshot, "usable");
  const annotation = metadata.annotations[entriesAnnotation];
  if (!live) {
    const mayKeep = keptHosts(content, { annotation, holds: () => true }, now).length > 0;
    if (mayKeep || tooMuch(amountOfContent(content), maxBytes)) return lookAt(snapshot, "usable");
  }
  const { dockerConfig = "" } = live ?? {};
  // Without it there is nothing to be kept, and this is asked for each Secret of a rotation.
  const held = new Set(live && keysIn(dockerConfig));
  let keep: ReturnType<typeof keepInDockerConfig> | undefined;
  const textOf = (hosts: Hosts): string => {
    if (isWhole(hosts, content)) return content.text ?? "";
    keep ??= keepInDockerConfig(dockerConfig);
    return keep(configEntries(hosts.served), new Set(hosts.kept.map(({ host }) => configKey(host))));
  };
  let logins: ReturnType<typeof loginsIn> | undefined;
  const standing: Standing = {
    annotation,
    holds: (host) => held.has(configKey(host)),
    stands: (host, login) => (logins ??= loginsIn(dockerConfig))(configKey(host), login),
  };
  const fitted = contentWithin(content, standing, now, { room: maxBytes, textOf });
  if (fitted.served.length + fitted.kept.length === 0) return undefined;
  const found = { state: "usable", ...troubleOf(fitted), ...keptUntil(fitted.kept, now) } as const;
  if (record.immutable || record.type !== dockerConfigType) {
    const isAsWanted = record.digest === content.digest;
    if (!isAsWanted && !live && !snapshot.tooLarge) return lookAt(snapshot, "usable");
    // What is made anew is made by us: config/restraint lets nothing foreign be in it.
    const body = ownBody(options, fitted, undefined);
    const takesBack = !isAsWanted && !(live && isRenewed(live, body));
    return { action: { kind: "recreate", body, takesBack }, ...found };
  }
  const body = ownBody(options, fitted, metadata);
  const hasText = isWhole(fitted, content)
    ? record.digest === content.digest
    : fitted.text === live?.dockerConfig && Object.keys(live.otherData).length === 0;
  const isRight =
    hasText && sameWords(body.labels, metadata.labels) && sameWords(body.annotations, metadata.annotations);
  return { action: isRight ? none : { kind: "replace", body }, ...found };
}

/** Every host that it has a login for has one of the same entry in what is to come. */
function isRenewed({ annotations, dockerConfig = "" }: LiveSecret, body: PlannedSecret): boolean {
  const claims = (annotation: string | undefined): ReadonlyMap<string, string> =>
    new Map(recordedEntries(annotation).flatMap(({ name, hosts }) => hosts.map((host) => [host, name] as const)));
  const [before, after] = [claims(annotations[entriesAnnotation]), claims(body.annotations[entriesAnnotation])];
  const held = hostsOf(dockerConfig);
  return held.ok && held.hosts.every((host) => after.has(host) && before.get(host) === after.get(host));
}

/** Of a Secret in which nothing else stands. */
function textOfServed(content: Content, served: readonly ContentLogin[]): string {
  return served === content.served ? (content.text ?? "") : renderDockerConfig(configEntries(served));
}

const nothingStands: Standing = { annotation: undefined, holds: () => false, stands: () => false };

const nothingForeign: NonNullable<SecretRecord["metadata"]> = { labels: {}, annotations: {} };

const reservedName: Failure = failure("SecretNameReserved", {
  message:
    "the pull Secret's name is taken by a source or token Secret in this namespace: choose another pullSecret.name",
});

function isMerged({ live }: PullSecretSnapshot, record: SecretRecord): boolean {
  return mergedHosts(live ?? record.metadata) !== undefined;
}
