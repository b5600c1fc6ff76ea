// The plan for one pull Secret: none, read, create, replace, give up fields, recreate or delete.
import { failure } from "../../api/reasons.ts";
import { entriesAnnotation } from "../../api/names.ts";
import type { Failure } from "../../runtime/errors.ts";
import { configKey } from "../../registry/host.ts";
import { renderDockerConfig } from "../../registry/docker-config.ts";
import { keepInDockerConfig, keysIn, loginsIn, keysOfLogins, mergeInto } from "../../registry/merge-docker-config.ts";
import {
  tooMuch,
  amountOfContent,
  isWhole,
  keptHosts,
  keptUntil,
  namesIn,
  type Standing,
  type Target,
  targetWithin,
  troubleOf,
  tooLarge,
} from "./plan-target.ts";
import { adoptionRefusal, secretConflict } from "./plan-conflict.ts";
import { configEntries, type Content, type Served } from "./plan-content.ts";
import { withFrozen, hasConditions, hasHeld, withoutGifts } from "./plan-frozen.ts";
import { mergedHosts, sameWords } from "../../cluster/marks.ts";
import { bodyOf, ownBody, mergedBody } from "./plan-body.ts";
import {
  dockerConfigType,
  lookAt,
  type PullSecretAction,
  type PullSecretPlan,
  type PullSecretSnapshot,
  type Wanted,
} from "./plan-types.ts";
import { isOurs, removal, secretTooLarge, planTerminating } from "./plan-removal.ts";
import type { SecretRecord } from "../../cluster/records.ts";
import { quotedText } from "../../runtime/foreign-text.ts";

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
  const { namespace, wanted, record, reserved } = snapshot;
  if (namespace.terminating) return { action: none, state: "absent" };
  if (record?.terminating) return planTerminating(snapshot, record, planPullSecret);
  if (record && snapshot.tooLarge) {
    // What is ours alone needs no reading to be replaced or removed: nobody may keep what was taken back by making it large.
    const isOurOwn = !record.merged && isOurs(snapshot, record) && !isKeptByBytes(snapshot);
    const state = wanted && record.merged ? "usable" : "foreign";
    if (!isOurOwn) return { action: none, state, failure: secretTooLarge };
  }
  if (record && snapshot.frozen.length > 0) return planAroundFrozen(snapshot);
  if (!wanted) return record ? removal(snapshot, record) : { action: none, state: "absent" };
  if (reserved) return { action: none, state: "foreign", failure: reservedName };
  if (!hasConditions(wanted.content)) return planWanted(snapshot, wanted);
  // Exactly what would be kept stands there.
  if (record && wanted.digest === record.digest) return { ...planWanted(snapshot, wanted), decided: wanted.content };
  if (record && !snapshot.live && !snapshot.tooLarge) return lookAt(snapshot, "usable");
  const allowed = keepingOnly(snapshot, wanted);
  const plan = planWanted({ ...snapshot, wanted: allowed }, allowed);
  const { served, shadowed } = allowed.content;
  // Nothing of what stands there is known to be ours, and the hold forbids to take it away as well as to add to it.
  const takes = plan.state === "leaving" || plan.action.kind === "delete";
  if (takes && hasHeld(wanted.content)) return { action: none, state: "usable", decided: { served, shadowed } };
  return { decided: { served, shadowed }, ...plan };
}

/** What is to stay can be told only by what stands there. */
function isKeptByBytes({ wanted, frozen }: PullSecretSnapshot): boolean {
  return frozen.length > 0 || (wanted !== undefined && hasHeld(wanted.content));
}

function planAroundFrozen(snapshot: PullSecretSnapshot): PullSecretPlan {
  const { live } = snapshot;
  if (!live) return lookAt(snapshot, "usable");
  const around = withFrozen(snapshot, live);
  const plan = planPullSecret(around);
  const { served, shadowed } = around.wanted?.content ?? { served: [], shadowed: [] };
  return { decided: { served, shadowed }, ...plan };
}

/** What is wanted, less what only a hold entitles to and is not there. */
function keepingOnly({ live, record }: PullSecretSnapshot, wanted: Wanted): Wanted {
  const content = withoutGifts(wanted.content, live?.dockerConfig);
  if (content === wanted.content) return wanted;
  const stands = live !== undefined && content.text === live.dockerConfig && Object.keys(live.otherData).length === 0;
  return { ...wanted, content, digest: stands ? record?.digest : undefined };
}

function planWanted(snapshot: PullSecretSnapshot, wanted: Wanted): PullSecretPlan {
  const { record, maxBytes, now } = snapshot;
  const { content, options } = wanted;
  const { text } = content;
  if (!record) {
    if (text === undefined) return { action: none, state: "absent" };
    const target = targetWithin(content, nothingStands, now, {
      room: maxBytes,
      textOf: ({ served }) => textOfServed(content, served),
    });
    const { served } = target;
    if (served.length === 0) return { action: none, state: "absent", ...troubleOf(target) };
    const body = ownBody(options, namesIn(target, content, undefined), textOfServed(content, served), undefined);
    return { action: { kind: "create", body }, state: "usable", ...troubleOf(target) };
  }
  if (isMerged(snapshot, record)) return planMerge(snapshot, wanted) ?? removal(snapshot, record);
  if (isOurs(snapshot, record)) return owned(snapshot, wanted, record) ?? removal(snapshot, record);
  if (text !== undefined) return foreign(snapshot, wanted, record, text);
  const plan = removal(snapshot, record);
  // Somebody else's stands in the way of what is to come, too.
  const isInTheWay = plan.state === "foreign" && plan.action.kind === "none" && !plan.failure;
  return isInTheWay && options.onConflict === "Fail" ? { ...plan, failure: secretConflict(snapshot, undefined) } : plan;
}

function isMerged({ live }: PullSecretSnapshot, record: SecretRecord): boolean {
  return mergedHosts(live ?? record.metadata) !== undefined;
}

/** Undefined: nothing is to stay in it. */
function owned(snapshot: PullSecretSnapshot, wanted: Wanted, record: SecretRecord): PullSecretPlan | undefined {
  const { live, maxBytes, now } = snapshot;
  const { content, options, digest } = wanted;
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
  const textOf = (target: Target): string => {
    if (isWhole(target, content)) return content.text ?? "";
    keep ??= keepInDockerConfig(dockerConfig);
    return keep(configEntries(target.served), new Set(target.kept.map(({ host }) => configKey(host))));
  };
  let logins: ReturnType<typeof loginsIn> | undefined;
  const standing: Standing = {
    annotation,
    holds: (host) => held.has(configKey(host)),
    stands: (host, login) => (logins ??= loginsIn(dockerConfig))(configKey(host), login),
  };
  const target = targetWithin(content, standing, now, { room: maxBytes, textOf });
  const { served, kept } = target;
  if (served.length + kept.length === 0) return undefined;
  const text = textOf(target);
  const names = namesIn(target, content, annotation);
  const found = { state: "usable", ...troubleOf(target), ...keptUntil(kept, now) } as const;
  if (record.immutable || record.type !== dockerConfigType) {
    // What is made anew is made by us: config/restraint lets nothing foreign be in it.
    return { action: { kind: "recreate", body: ownBody(options, names, text, undefined) }, ...found };
  }
  const body = ownBody(options, names, text, metadata);
  const hasText = isWhole(target, content)
    ? record.digest === digest
    : text === live?.dockerConfig && Object.keys(live.otherData).length === 0;
  const isRight =
    hasText && sameWords(body.labels, metadata.labels) && sameWords(body.annotations, metadata.annotations);
  return { action: isRight ? none : { kind: "replace", body }, ...found };
}

/** Of a Secret in which nothing else stands. */
function textOfServed(content: Content, served: readonly Served[]): string {
  return served === content.served ? (content.text ?? "") : renderDockerConfig(configEntries(served));
}

function foreign(snapshot: PullSecretSnapshot, wanted: Wanted, record: SecretRecord, text: string): PullSecretPlan {
  const { live, maxBytes } = snapshot;
  const { onConflict } = wanted.options;
  // Its metadata was too large to keep, and it names a credential: we may have merged into it.
  const isUnclear = record.metadata === undefined && record.credentials.length > 0;
  if (!live && (onConflict !== "Fail" || isUnclear)) return lookAt(snapshot, "foreign");
  const conflict = (why: string | undefined): PullSecretPlan => ({
    action: none,
    state: "foreign",
    failure: secretConflict(snapshot, why),
  });
  if (!live || onConflict === "Fail") return conflict(undefined);
  if (onConflict === "Merge") return planMerge(snapshot, wanted) ?? conflict(undefined);
  const refusal = adoptionRefusal(live, wanted.content);
  if (refusal !== undefined) return conflict(refusal);
  const failure = tooMuch(amountOfContent(wanted.content), maxBytes);
  if (failure) return { action: none, state: "foreign", failure };
  const inPlace = live.type === dockerConfigType && !live.immutable;
  const body = ownBody(wanted.options, wanted.content, text, inPlace ? live : undefined);
  return { action: { kind: inPlace ? "replace" : "recreate", body }, state: "usable" };
}

const nothingStands: Standing = { annotation: undefined, holds: () => false, stands: () => false };

const nothingForeign: NonNullable<SecretRecord["metadata"]> = { labels: {}, annotations: {} };

const reservedName: Failure = failure("SecretNameReserved", {
  message:
    "the pull Secret's name is taken by a source or token Secret in this namespace: choose another pullSecret.name",
});

/** Undefined: nothing of ours is to stay in it. */
function planMerge(snapshot: PullSecretSnapshot, { content }: Wanted): PullSecretPlan | undefined {
  const { live, maxBytes, now } = snapshot;
  if (!live) return lookAt(snapshot, "usable");
  const conflict = (why: string): PullSecretPlan => ({
    action: { kind: "none" },
    state: "foreign",
    failure: secretConflict(snapshot, why),
  });
  if (live.type !== dockerConfigType)
    return conflict(`it is of type ${quotedText(live.type)}, not ${dockerConfigType}`);
  if (live.immutable) return conflict("it is immutable");
  const { dockerConfig = "", annotations } = live;
  const before = mergedHosts(live);
  // Nothing could be added to it, and nothing of ours is in it: to read it all would take a while.
  const excess = before ? undefined : tooLarge(dockerConfig, maxBytes);
  if (excess) return { action: { kind: "none" }, state: "foreign", failure: { ...excess, cause: "Tenant" } };
  const merge = mergeInto(dockerConfig);
  if (!merge.ok) return conflict(`its docker config ${merge.problem}`);

  const ours = new Set(before);
  const former = keysOfLogins(dockerConfig, snapshot.formerLogins);
  const held = new Set(keysIn(dockerConfig).filter((key) => ours.has(key)));
  const textOf = ({ served, kept }: Target): string => {
    const keys = new Set(kept.map(({ host }) => configKey(host)));
    const goes = [...(before ?? []), ...former].filter((key) => !keys.has(key));
    return merge.with(configEntries(served), goes) ?? "";
  };
  let logins: ReturnType<typeof loginsIn> | undefined;
  const standing: Standing = {
    annotation: annotations[entriesAnnotation],
    holds: (host) => held.has(configKey(host)),
    stands: (host, login) => {
      logins ??= loginsIn(dockerConfig);
      return held.has(configKey(host)) && logins(configKey(host), login);
    },
  };
  const target = targetWithin(content, standing, now, { room: maxBytes, textOf });
  const { served, kept } = target;
  if (served.length + kept.length === 0) {
    return before ? undefined : { action: { kind: "none" }, state: "foreign", ...troubleOf(target) };
  }
  const text = textOf(target);
  const hosts = [...served, ...kept].map(({ host }) => configKey(host)).toSorted();
  const body = mergedBody(live, namesIn(target, content, standing.annotation), text, hosts);
  const isRight = text === live.dockerConfig && sameWords(body.annotations, annotations);
  return {
    action: isRight ? { kind: "none" } : { kind: "replace", body },
    state: "usable",
    ...troubleOf(target),
    ...keptUntil(kept, now),
  };
}
