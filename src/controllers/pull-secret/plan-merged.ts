// What is to be done with somebody else's Secret in which our hosts are ours and all others stay, byte for byte?
import { entriesAnnotation } from "../../api/names.ts";
import { quotedText } from "../../runtime/foreign-text.ts";
import { configKey } from "../../registry/host.ts";
import { keysIn, keysOfLogins, loginsIn, mergeInto } from "../../registry/merge-docker-config.ts";
import { tooLarge } from "./plan-size.ts";
import { secretConflict } from "./plan-conflict.ts";
import { configEntries } from "./plan-content.ts";
import { mergedHosts, sameWords } from "../../cluster/marks.ts";
import { mergedBody } from "./plan-body.ts";
import { dockerConfigType, lookAt, type PullSecretPlan, type PullSecretSnapshot, type Wanted } from "./plan-types.ts";
import { keptUntil, namesIn, type Standing, type Target, targetWithin, troubleOf } from "./plan-target.ts";

/** Undefined: nothing of ours is to stay in it. */
export function planMerge(snapshot: PullSecretSnapshot, { content }: Wanted): PullSecretPlan | undefined {
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
  const target = targetWithin(content, standing, now, maxBytes, textOf);
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
