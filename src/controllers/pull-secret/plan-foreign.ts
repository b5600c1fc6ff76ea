// Planning around Secrets that are not ours: merged into, taken over, or left alone, and what their owner can do about it.
import { tooLarge } from "../../content/fit.ts";
import { configKey } from "../../registry/host.ts";
import { mergedHosts, sameWords } from "../../cluster/marks.ts";
import { dockerConfigType } from "../../registry/docker-config.ts";
import {
  tooMuch,
  amountOfContent,
  type Hosts,
  type Standing,
  contentWithin,
  troubleOf,
  keptUntil,
} from "../../content/fit.ts";
import type { SecretRecord } from "../../cluster/records.ts";
import { otherManager } from "../../cluster/other-managers.ts";
import { failure } from "../../api/reasons.ts";
import { adoptAnnotation, managedByLabel, entriesAnnotation } from "../../api/names.ts";
import type { Failure } from "../../runtime/errors.ts";
import { quotedText } from "../../runtime/foreign-text.ts";
import { hostsOf, mergeInto, keysOfLogins, keysIn, loginsIn } from "../../registry/merge-docker-config.ts";
import { kubectl } from "../../runtime/steps.ts";
import { type Content, configEntries } from "../../content/content.ts";
import { type LiveSecret, ownBody, mergedBody } from "../../cluster/pull-secret-object.ts";
import { type PullSecretSnapshot, type PullSecretPlan, lookAt } from "./plan-types.ts";

// A message should stay readable.
const maxExamples = 3;

/** Why the Secret is not taken over; undefined where it may be. Its owner's consent overrides every reason. */
function adoptionBlocker(live: LiveSecret, content: Content): string | undefined {
  if (live.annotations[adoptAnnotation] === "true") return undefined;
  const owner = live.ownerReferences.find((each) => each.controller);
  const other = otherManager({ ...live, controller: owner && `${owner.kind} ${owner.name}` });
  if (other !== undefined) return other;
  // The garbage collector deletes it with its owner.
  const [first] = live.ownerReferences;
  if (first) return `${quotedText(`${first.kind} ${first.name}`)} owns it`;
  const keys = Object.keys(live.otherData);
  if (keys.length > 0)
    return `it holds more than a docker config (${quotedText(keys.toSorted().slice(0, maxExamples).join(", "))})`;
  if (live.dockerConfig === undefined) return undefined;
  const held = hostsOf(live.dockerConfig);
  if (!held.ok) return undefined;
  const served = new Set(content.served.map(({ host }) => host));
  const lost = held.hosts.filter((host) => !served.has(host));
  return lost.length === 0
    ? undefined
    : `no entry serves its ${lost.length === 1 ? "host" : "hosts"} ${quotedText(lost.slice(0, maxExamples).join(", "))}`;
}

/** @param why completes the sentence "it cannot be taken over or merged into because ..."; undefined under `Fail`. */
export function secretConflict(
  { namespace, name, record, live }: PullSecretSnapshot,
  why: string | undefined,
): Failure {
  const manager = record?.controller ?? live?.labels[managedByLabel] ?? record?.metadata?.labels[managedByLabel];
  return conflictWith({ namespace: namespace.name, name, manager }, why);
}

/** The same of a Secret of which only this is known. */
export function conflictWith(
  {
    namespace,
    name,
    manager,
  }: { readonly namespace: string; readonly name: string; readonly manager: string | undefined },
  why: string | undefined,
): Failure {
  const managed = manager === undefined ? "" : `, managed by ${quotedText(manager)}`;
  return failure("SecretConflict", {
    message: `the namespace has a Secret ${name} of its own${managed}${why === undefined ? "" : `, and ${why}`}`,
    steps:
      why === undefined
        ? [{ message: "delete it" }, { message: "or set pullSecret.onConflict to Merge or Adopt" }]
        : [
            { message: "delete it" },
            {
              message: "or let it be replaced by onConflict: Adopt and",
              command: kubectl`annotate -n ${namespace} secret ${name} ${adoptAnnotation}=true --overwrite`,
            },
          ],
  });
}

/** Of a Secret that is not ours, and into which nothing of ours was merged. */
export function foreign(snapshot: PullSecretSnapshot, content: Content, record: SecretRecord): PullSecretPlan {
  const { live, maxBytes, options } = snapshot;
  const { onConflict } = options;
  // Its metadata was too large to keep, and it names a credential: we may have merged into it.
  const isUnclear = record.metadata === undefined && record.credentials.length > 0;
  if (!live && (onConflict !== "Fail" || isUnclear)) return lookAt(snapshot, "foreign");
  const conflict = (why: string | undefined): PullSecretPlan => ({
    action: { kind: "none" },
    state: "foreign",
    failure: secretConflict(snapshot, why),
  });
  if (!live || onConflict === "Fail") return conflict(undefined);
  if (onConflict === "Merge") return planMerge(snapshot, content) ?? conflict(undefined);
  const blocker = adoptionBlocker(live, content);
  if (blocker !== undefined) return conflict(blocker);
  const failure = tooMuch(amountOfContent(content), maxBytes);
  if (failure) return { action: { kind: "none" }, state: "foreign", failure };
  const inPlace = live.type === dockerConfigType && !live.immutable;
  const body = ownBody(options, content, inPlace ? live : undefined);
  return {
    action: inPlace ? { kind: "replace", body } : { kind: "recreate", body, takesBack: false },
    state: "usable",
  };
}

/** Undefined: nothing of ours is to stay in it. */
export function planMerge(snapshot: PullSecretSnapshot, content: Content): PullSecretPlan | undefined {
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
  const textOf = ({ served, kept }: Hosts): string => {
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
  const fitted = contentWithin(content, standing, now, { room: maxBytes, textOf });
  const { served, kept } = fitted;
  if (served.length + kept.length === 0) {
    return before ? undefined : { action: { kind: "none" }, state: "foreign", ...troubleOf(fitted) };
  }
  const hosts = [...served, ...kept].map(({ host }) => configKey(host)).toSorted();
  const body = mergedBody(live, fitted, hosts);
  const isRight = fitted.text === live.dockerConfig && sameWords(body.annotations, annotations);
  return {
    action: isRight ? { kind: "none" } : { kind: "replace", body },
    state: "usable",
    ...troubleOf(fitted),
    ...keptUntil(kept, now),
  };
}
