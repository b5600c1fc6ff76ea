// The plan for one pull Secret: none, read, create, replace, give up fields, recreate or delete.
import { entriesAnnotation, managedByLabel } from "../../api/names.ts";
import { failure } from "../../api/reasons.ts";
import { managedWords, mergedHosts, sameWords } from "../../cluster/marks.ts";
import { adoptionBlocker, secretConflict } from "../../cluster/other-managers.ts";
import { bodyOf, type LiveSecret, mergedBody, ownBody } from "../../cluster/pull-secret-object.ts";
import type { SecretRecord } from "../../cluster/records.ts";
import { configEntries, type Content, type ContentLogin } from "../../content/content.ts";
import {
  amountOfContent,
  contentWithin,
  isWhole,
  keptHosts,
  keptUntil,
  type Standing,
  tooLarge,
  tooMuch,
  troubleOf,
} from "../../content/fit.ts";
import { contentAroundFrozen, hasConditions, hasHeld, withoutGifts } from "../../content/frozen.ts";
import { isRenewed, mergedContent, ownContent } from "../../content/in-place.ts";
import { dockerConfigType, renderDockerConfig } from "../../registry/docker-config.ts";
import { configKey } from "../../registry/host.ts";
import type { Failure } from "../../runtime/errors.ts";
import { quotedText } from "../../runtime/foreign-text.ts";
import { isOurs, planTerminating, removal, secretTooLarge } from "./plan-removal.ts";
import { lookAt, type PullSecretAction, type PullSecretPlan, type PullSecretSnapshot } from "./plan-types.ts";

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
  return isInTheWay && options.onConflict === "Fail" ? { ...plan, failure: conflict(snapshot).failure } : plan;
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
  const dockerConfig = live && (live.dockerConfig ?? "");
  const fitted = ownContent(content, { annotation, dockerConfig }, { maxBytes, now });
  if (fitted.served.length + fitted.kept.length === 0) return undefined;
  const found = { state: "usable", ...troubleOf(fitted), ...keptUntil(fitted.kept, now) } as const;
  if (record.immutable || record.type !== dockerConfigType) {
    const isAsWanted = record.digest === content.digest;
    if (!isAsWanted && !live && !snapshot.tooLarge) return lookAt(snapshot, "usable");
    // What is made anew is made by us: config/restraint lets nothing foreign be in it.
    const body = ownBody(options, fitted, undefined);
    const takesBack = !isAsWanted && !(live && isRenewed(live, fitted));
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

/** Of a Secret that is not ours, and into which nothing of ours was merged. */
function foreign(snapshot: PullSecretSnapshot, content: Content, record: SecretRecord): PullSecretPlan {
  const { live, maxBytes, options } = snapshot;
  const { onConflict } = options;
  // Its metadata was too large to keep, and it names a credential: we may have merged into it.
  const isUnclear = record.metadata === undefined && record.credentials.length > 0;
  if (!live && (onConflict !== "Fail" || isUnclear)) return lookAt(snapshot, "foreign");
  if (!live || onConflict === "Fail") return conflict(snapshot);
  if (onConflict === "Merge") return planMerge(snapshot, content) ?? conflict(snapshot);
  const blocker = adoptionBlocker(live, new Set(content.served.map(({ host }) => host)));
  if (blocker !== undefined) return conflict(snapshot, blocker);
  const failure = tooMuch(amountOfContent(content), maxBytes);
  if (failure) return { action: none, state: "foreign", failure };
  const inPlace = live.type === dockerConfigType && !live.immutable;
  const body = ownBody(options, content, inPlace ? live : undefined);
  return {
    action: inPlace ? { kind: "replace", body } : { kind: "recreate", body, takesBack: false },
    state: "usable",
  };
}

/** Undefined: nothing of ours is to stay in it. */
function planMerge(snapshot: PullSecretSnapshot, content: Content): PullSecretPlan | undefined {
  const { live, formerLogins, maxBytes, now } = snapshot;
  if (!live) return lookAt(snapshot, "usable");
  if (live.type !== dockerConfigType)
    return conflict(snapshot, `it is of type ${quotedText(live.type)}, not ${dockerConfigType}`);
  if (live.immutable) return conflict(snapshot, "it is immutable");
  const before = mergedHosts(live);
  // Nothing could be added to it, and nothing of ours is in it: to read it all would take a while.
  const excess = before ? undefined : tooLarge(live.dockerConfig ?? "", maxBytes);
  if (excess) return { action: none, state: "foreign", failure: { ...excess, cause: "Tenant" } };
  const fitted = mergedContent(content, live, formerLogins, { maxBytes, now });
  if ("problem" in fitted) return conflict(snapshot, `its docker config ${fitted.problem}`);
  const { served, kept } = fitted;
  if (served.length + kept.length === 0) {
    return before ? undefined : { action: none, state: "foreign", ...troubleOf(fitted) };
  }
  const hosts = [...served, ...kept].map(({ host }) => configKey(host)).toSorted();
  const body = mergedBody(live, fitted, hosts);
  const isRight = fitted.text === live.dockerConfig && sameWords(body.annotations, live.annotations);
  return {
    action: isRight ? none : { kind: "replace", body },
    state: "usable",
    ...troubleOf(fitted),
    ...keptUntil(kept, now),
  };
}

/** @param why see `secretConflict` */
function conflict({ namespace, name, record, live }: PullSecretSnapshot, why?: string) {
  const manager = record?.controller ?? live?.labels[managedByLabel] ?? record?.metadata?.labels[managedByLabel];
  const failure = secretConflict({ namespace: namespace.name, name, manager }, why);
  return { action: none, state: "foreign", failure } as const satisfies PullSecretPlan;
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
