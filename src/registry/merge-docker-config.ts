// Merges our logins into a foreign docker config, and takes them out again.
import { isObject } from "../runtime/json-object.ts";
import {
  type DockerConfigEntry,
  isSameLogin,
  loginIn,
  objectIn,
  renderedLogin,
  renderedMember,
  renderedMembers,
} from "./docker-config.ts";
import { isNamed, membersNamed } from "./json-members.ts";
import { canonicalHost } from "./host.ts";
import { type JsonMember, jsonMembers } from "./json-members.ts";
import type { Login } from "./login.ts";

export type MergeResult =
  /** `text` is undefined where nothing is left, neither ours nor foreign. */
  | { readonly ok: true; readonly text: string | undefined }
  /** `problem` completes the sentence "this docker config …"; it quotes nothing of it. */
  | { readonly ok: false; readonly problem: string };

export type HostsResult =
  | { readonly ok: true; readonly hosts: readonly string[] }
  | { readonly ok: false; readonly problem: string };

/** Stands for a key that names no registry: no canonical host is spelled like it, and the key itself may hold anything. */
const unreadableKey = "(a key that names no registry)";

/**
 * The `.dockerconfigjson` text with our entries in it. `keysBefore` are the keys under which we wrote last time: they
 * leave unless an entry has them again. A foreign login of a host of ours is replaced, however it is spelled; every
 * other member, of `auths` and of the top, stays byte for byte in its order. Merging again changes nothing.
 */
export function mergeDockerConfig(
  text: string,
  entries: readonly DockerConfigEntry[],
  keysBefore: readonly string[],
): MergeResult {
  const merge = mergeInto(text);
  return merge.ok ? { ok: true, text: merge.with(entries, keysBefore) } : merge;
}

/** The same for one text and many attempts: it is read once, however large a tenant has made it. */
export function mergeInto(text: string):
  | {
      readonly ok: true;
      readonly with: (entries: readonly DockerConfigEntry[], keysBefore: readonly string[]) => string | undefined;
    }
  | { readonly ok: false; readonly problem: string } {
  const read = membersIn(text);
  if (!read.ok) return read;
  const before = read.auths.map((member) => ({ ...member, host: canonicalHost(member.key) }));
  const others = read.top.filter(({ key }) => !isNamed(key, "auths")).map((member) => member.text);
  return {
    ok: true,
    with: (entries, keysBefore) => {
      const ourKeys = new Set([...keysBefore, ...entries.map(({ key }) => key)]);
      const ourHosts = new Set(entries.map(({ key }) => canonicalHost(key)).filter((host) => host !== undefined));
      const kept = before.filter(({ key, host }) => !ourKeys.has(key) && (host === undefined || !ourHosts.has(host)));
      if (entries.length + kept.length + others.length === 0) return undefined;
      // Nothing to change: the white space between the members stays, too.
      if (entries.length === 0 && kept.length === before.length) return text;
      const auths = [...kept.map((member) => member.text), ...renderedMembers(entries)];
      return `{${[...others, `"auths":{${auths.join(",")}}`].join(",")}}`;
    },
  };
}

/** The canonical hosts in the `auths` of a `.dockerconfigjson` text, sorted; a key that names no registry counts as one. */
export function hostsOf(text: string): HostsResult {
  const read = membersIn(text);
  if (!read.ok) return read;
  return { ok: true, hosts: [...new Set(read.auths.map(({ key }) => canonicalHost(key) ?? unreadableKey))].toSorted() };
}

/** The keys in the `auths` of a `.dockerconfigjson` text as they are spelled; none where it cannot be read. */
export function keysIn(text: string): readonly string[] {
  const read = membersIn(text);
  return read.ok ? read.auths.map(({ key }) => key) : [];
}

/** The keys under which the login stands that these entries have for it, as a kubelet reads it. */
export function keysOfLogins(text: string, entries: readonly DockerConfigEntry[]): readonly string[] {
  if (entries.length === 0) return [];
  const read = membersIn(text);
  const holdsOne = ({ key, value }: JsonMember): boolean => {
    const wanted = entries.filter((entry) => entry.key === key);
    if (wanted.length === 0) return false;
    const found = loginIn(JSON.parse(value), false);
    return found.ok && wanted.some(({ login }) => isSameLogin(found.login, login));
  };
  return (read.ok ? read.auths : []).filter(holdsOne).map(({ key }) => key);
}

/** Whether exactly this login, as we write it, stands under the key: the last of that name, which the kubelet reads. */
export function loginsIn(text: string): (key: string, login: Login) => boolean {
  const read = membersIn(text);
  const values = new Map((read.ok ? read.auths : []).map(({ key, value }) => [key, value]));
  return (key, login) => values.get(key) === renderedLogin(login);
}

/**
 * A `.dockerconfigjson` text of our entries and, byte for byte, of those logins in `text` that stand under `keys`. Of
 * several under one key the last stays, which is the one that the kubelet, written in Go, reads. In the order in which all
 * would be rendered: made again from its own outcome, or from what we have rendered, it is the same. The text is read once,
 * for many attempts.
 */
export function keepInDockerConfig(
  text: string,
): (entries: readonly DockerConfigEntry[], keys: ReadonlySet<string>) => string {
  const read = membersIn(text);
  const standing = new Map((read.ok ? read.auths : []).map(({ key, text: member }) => [key, member]));
  return (entries, keys) => {
    const members = new Map(
      [...keys].flatMap((key): [string, string][] => {
        const member = standing.get(key);
        return member === undefined ? [] : [[key, member]];
      }),
    );
    for (const entry of entries) members.set(entry.key, renderedMember(entry));
    const sorted = [...members].toSorted(([one], [other]) => (one < other ? -1 : 1));
    return `{"auths":{${sorted.map(([, member]) => member).join(",")}}}`;
  };
}

/** All members of `auths`: the kubelet, written in Go, unites several of that name. */
function membersIn(
  text: string,
):
  | { readonly ok: true; readonly top: readonly JsonMember[]; readonly auths: readonly JsonMember[] }
  | { readonly ok: false; readonly problem: string } {
  const read = objectIn(text);
  if (!read.ok) return read;
  const top = jsonMembers(text);
  const values = membersNamed(top, "auths").map(({ value }) => value);
  if (!values.every((value) => isObject(JSON.parse(value)))) {
    return { ok: false, problem: 'has an "auths" that is not a JSON object' };
  }
  return { ok: true, top, auths: values.flatMap(jsonMembers) };
}
