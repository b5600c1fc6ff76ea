// What is to be done with somebody else's Secret in which our hosts are ours and all others stay, byte for byte?
import { configKey } from "../registry/host.ts";
import { mergeDockerConfig } from "../registry/merge-docker-config.ts";
import { tooLarge } from "./config-size.ts";
import { secretConflict } from "./conflict.ts";
import { mergedHosts, sameWords } from "./marks.ts";
import { mergedBody } from "./pull-secret-body.ts";
import { dockerConfigType, type PullSecretPlan, type PullSecretSnapshot, type Wanted } from "./pull-secret-plan.ts";

export function planMerge(snapshot: PullSecretSnapshot, { content }: Wanted): PullSecretPlan {
  const { live, maxBytes } = snapshot;
  if (!live) return { action: { kind: snapshot.settled ? "none" : "read" }, state: "usable" };
  const conflict = (why: string): PullSecretPlan => ({
    action: { kind: "none" },
    state: "foreign",
    failure: secretConflict(snapshot, why),
  });
  if (live.type !== dockerConfigType) return conflict(`it is of type ${live.type}, not ${dockerConfigType}`);
  if (live.immutable) return conflict("it is immutable");
  const before = mergedHosts(live);
  const entries = content.served.map(({ host, login }) => ({ key: configKey(host), login }));
  const merged = mergeDockerConfig(live.dockerConfig ?? "", entries, before ?? []);
  if (!merged.ok) return conflict(`its docker config ${merged.problem}`);
  if (merged.text === undefined) return { action: { kind: "none" }, state: "foreign" };
  const failure = tooLarge(merged.text, maxBytes);
  if (failure) return { action: { kind: "none" }, state: before ? "usable" : "foreign", failure };
  const hosts = entries.map(({ key }) => key).toSorted();
  const body = mergedBody(live, content, merged.text, hosts);
  const isRight = merged.text === live.dockerConfig && sameWords(body.annotations, live.annotations);
  return { action: isRight ? { kind: "none" } : { kind: "replace", body }, state: "usable" };
}
