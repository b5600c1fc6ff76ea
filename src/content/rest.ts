// The rest of a Secret that is let go: what it holds once the operator's logins are out of it.
import { entriesAnnotation } from "../api/names.ts";
import { recordedEntries } from "../cluster/entries-annotation.ts";
import { mergedHosts } from "../cluster/marks.ts";
import { type LiveSecret, withoutLogins } from "../cluster/pull-secret-object.ts";
import { dockerConfigKey, dockerConfigType } from "../registry/docker-config.ts";
import { configKey } from "../registry/host.ts";
import { keysOfLogins, mergeDockerConfig } from "../registry/merge-docker-config.ts";
import type { Wanted } from "./frozen.ts";

export type Rest = Pick<LiveSecret, "dockerConfig" | "otherData"> | "nothing";

/**
 * What a Secret holds that is retained. What others were given in it stays no longer than they want it; the annotation says which
 * hosts that was.
 * @param staying names of RegistryCredentials that want it still
 */
export function retainedOf(staying: readonly string[], live: LiveSecret): Rest {
  const { dockerConfig, otherData, annotations } = live;
  const named = recordedEntries(annotations[entriesAnnotation]);
  const theirs = named.filter(({ name }) => staying.includes(name.slice(0, name.indexOf("/"))));
  const keys = theirs.flatMap(({ hosts }) => hosts.map(configKey));
  const rest = keys.length === 0 ? undefined : mergeDockerConfig(dockerConfig ?? "", [], keys);
  if (!rest?.ok) return { dockerConfig, otherData };
  if (rest.text !== undefined) return { dockerConfig: rest.text, otherData };
  return withoutConfig(live);
}

/** What a Secret that we merged into holds without our logins. */
export function restOf(
  { knownAsMerged, formerLogins }: Pick<Wanted, "knownAsMerged" | "formerLogins">,
  live: LiveSecret,
): Rest {
  const { dockerConfig, otherData, type } = live;
  if (dockerConfig === undefined && !(dockerConfigKey in otherData)) return { dockerConfig, otherData };
  const text = dockerConfig ?? "";
  const ours = [...(mergedHosts(live) ?? []), ...keysOfLogins(text, formerLogins)];
  const rest = mergeDockerConfig(text, [], ours);
  if (!rest.ok) {
    // No kubelet can use what cannot be read, but a login of ours may stand in it. One into which we never wrote is left.
    const mayHoldOurs = knownAsMerged && type === dockerConfigType;
    if (!mayHoldOurs) return { dockerConfig, otherData };
    const { [dockerConfigKey]: _unreadable, ...others } = otherData;
    return { dockerConfig: withoutLogins, otherData: others };
  }
  if (rest.text !== undefined) return { dockerConfig: rest.text, otherData };
  return withoutConfig(live);
}

function withoutConfig({ otherData, type }: LiveSecret): Rest {
  if (Object.keys(otherData).length === 0) return "nothing";
  // The API server takes no Secret of this type without a docker config, and the other keys are their owner's.
  return { dockerConfig: type === dockerConfigType ? withoutLogins : undefined, otherData };
}
