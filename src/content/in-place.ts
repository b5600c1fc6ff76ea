// Content fitted into a docker config that stands: one of the operator's own, or one in which others have hosts, too.
import { entriesAnnotation } from "../api/names.ts";
import { mergedHosts } from "../cluster/marks.ts";
import type { LiveSecret } from "../cluster/pull-secret-object.ts";
import type { DockerConfigEntry } from "../registry/docker-config.ts";
import { configKey } from "../registry/host.ts";
import {
  hostsOf,
  keepInDockerConfig,
  keysIn,
  keysOfLogins,
  loginsIn,
  mergeInto,
} from "../registry/merge-docker-config.ts";
import { configEntries, type Content } from "./content.ts";
import { contentWithin, type FittedContent, type Hosts, isWhole, type Standing } from "./fit.ts";

/** How many bytes there may be, and when that is. */
export interface Room {
  readonly maxBytes: number;
  readonly now: Temporal.Instant;
}

/**
 * What a Secret of the operator's own is to have.
 * @param standing its docker config is undefined where it was not read, so that nothing is kept by it
 */
export function ownContent(
  content: Content,
  { annotation, dockerConfig }: { readonly annotation: string | undefined; readonly dockerConfig: string | undefined },
  { maxBytes, now }: Room,
): FittedContent {
  // This is asked for each Secret of a rotation.
  const held = new Set(dockerConfig === undefined ? [] : keysIn(dockerConfig));
  let keep: ReturnType<typeof keepInDockerConfig> | undefined;
  const textOf = (hosts: Hosts): string => {
    if (isWhole(hosts, content)) return content.text ?? "";
    keep ??= keepInDockerConfig(dockerConfig ?? "");
    return keep(configEntries(hosts.served), new Set(hosts.kept.map(({ host }) => configKey(host))));
  };
  let logins: ReturnType<typeof loginsIn> | undefined;
  const standing: Standing = {
    annotation,
    holds: (host) => held.has(configKey(host)),
    stands: (host, login) => (logins ??= loginsIn(dockerConfig ?? ""))(configKey(host), login),
  };
  return contentWithin(content, standing, now, { room: maxBytes, textOf });
}

/**
 * What a Secret of somebody else's is to have, beside all that is theirs. A problem instead completes the sentence "its docker config ...".
 * @param formerLogins of ours that go, whatever its marks say
 */
export function mergedContent(
  content: Content,
  live: Pick<LiveSecret, "dockerConfig" | "annotations">,
  formerLogins: readonly DockerConfigEntry[],
  { maxBytes, now }: Room,
): FittedContent | { readonly problem: string } {
  const { dockerConfig = "", annotations } = live;
  const merge = mergeInto(dockerConfig);
  if (!merge.ok) return merge;
  const before = mergedHosts(live) ?? [];
  const ours = new Set(before);
  const former = keysOfLogins(dockerConfig, formerLogins);
  const held = new Set(keysIn(dockerConfig).filter((key) => ours.has(key)));
  const textOf = ({ served, kept }: Hosts): string => {
    const keys = new Set(kept.map(({ host }) => configKey(host)));
    const goes = [...before, ...former].filter((key) => !keys.has(key));
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
  return contentWithin(content, standing, now, { room: maxBytes, textOf });
}

/**
 * Nothing stands there that was taken back: each login stays, is renewed by one that is to come, or is one from before its entry
 * was altered. Told by the tokens: whose a login is by the Secret's annotation is its tenant's to write.
 */
export function isRenewed(
  { dockerConfig = "", otherData }: LiveSecret,
  { served, kept }: Pick<FittedContent, "served" | "kept">,
): boolean {
  if (Object.keys(otherData).length > 0 || !hostsOf(dockerConfig).ok) return false;
  const stands = loginsIn(dockerConfig);
  const stay = new Set(kept.map(({ host }) => configKey(host)));
  const known = new Map(
    served.map(({ host, login, earlier = [], onlyOver = [login, ...earlier], before = [] }) => {
      return [configKey(host), [...onlyOver, ...before.flatMap(({ over }) => over)]];
    }),
  );
  return keysIn(dockerConfig).every(
    (key) => stay.has(key) || known.get(key)?.some((login) => stands(key, login)) === true,
  );
}
