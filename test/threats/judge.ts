// Finds what the operator did in a history that it must never do. Pure: from every version of what it may write.
import { pullSecretNames } from "./steps.ts";

/** Every login of the threat test says whose it is, so that it is known wherever it turns up. */
export interface Login {
  readonly credential: string;
  /** The only one it is for; empty: all that the credential selects. */
  readonly namespace: string;
  readonly generation: number;
}

export type Author = "operator" | "tenant" | "administrator";

interface Version {
  /** Of the API server's storage, the same count for all kinds. */
  readonly revision: number;
  /** When the watch told, in milliseconds of one clock. */
  readonly at: number;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly author: Author;
  /** Deleted: the rest is as it was last. */
  readonly gone: boolean;
}

export interface SecretVersion extends Version {
  readonly logins: readonly Login[];
  /** Carries a mark of regcred, or its owner's consent: what the operator may change. */
  readonly marked: boolean;
  /** By what the garbage collector may delete it. */
  readonly owned: boolean;
  /** A docker config without a login. */
  readonly blank: boolean;
  /** All but versions, and what a deletion adds. */
  readonly content: string;
}

export interface AccountVersion extends Version {
  /** All but what regcred may add: its references, and its record of them. */
  readonly rest: string;
}

/** What was right at a time, with some patience for what was under way. */
export interface Rights {
  selects(credential: string, namespace: string, at: number): boolean;
  /** An honest hold lasts, and this namespace was a member before it. */
  held(credential: string, namespace: string, at: number): boolean;
  /** Deleted, or being deleted: what is in it goes. */
  vanishing(namespace: string, at: number): boolean;
}

export function loginText({ credential, namespace, generation }: Login): string {
  return `hush~${credential}~${namespace}~${generation}~`;
}

export function loginsOf(text: string): readonly Login[] {
  return [
    ...new Map([...text.matchAll(/hush~([\w-]+)~([\w-]*)~(\d+)~/g)].map((match) => [match[0], match])).values(),
  ].map(([, credential = "", namespace = "", generation]) => ({
    credential,
    namespace,
    generation: Number(generation),
  }));
}

/** Versions in the order of revisions. */
export function secretFaults(versions: readonly SecretVersion[], rights: Rights): readonly string[] {
  const last = new Map<string, SecretVersion>();
  return versions.flatMap((version) => {
    const key = `${version.namespace}/${version.name}`;
    const found = last.get(key);
    const before = found?.gone || found?.uid !== version.uid ? undefined : found;
    last.set(key, version);
    // Kubernetes' own controllers begin and end deletions, too.
    if (version.author !== "operator" || (!version.gone && before?.content === version.content)) return [];
    return (version.gone ? goneFaults(version, before, rights) : writtenFaults(version, before, rights)).map(
      (fault) => `${key}: ${fault}`,
    );
  });
}

function goneFaults(version: SecretVersion, before: SecretVersion | undefined, rights: Rights): readonly string[] {
  const explained = before?.owned || before?.marked || rights.vanishing(version.namespace, version.at);
  return before && !explained ? ["a foreign Secret was deleted"] : [];
}

function writtenFaults(version: SecretVersion, before: SecretVersion | undefined, rights: Rights): readonly string[] {
  const { namespace, name, logins, at } = version;
  const had = new Set(before?.logins.map(loginText));
  const given = logins.filter((login) => !had.has(loginText(login)));
  return [
    ...(pullSecretNames.some((each) => each === name) ? [] : ["a Secret of another name was written"]),
    ...(before && !before.marked ? ["a foreign Secret was changed"] : []),
    ...(version.blank ? ["an empty docker config was written"] : []),
    ...given
      .filter((login) => !mayHave(login, namespace, before, rights, at))
      .map(({ credential, generation }) => `login ${generation} of ${credential} was given without a right to it`),
  ];
}

function mayHave(
  { credential, namespace: only }: Login,
  namespace: string,
  before: SecretVersion | undefined,
  rights: Rights,
  at: number,
): boolean {
  if (only !== "" && only !== namespace) return false;
  if (rights.selects(credential, namespace, at)) return true;
  const renews = before?.logins.some((login) => login.credential === credential) === true;
  return renews && rights.held(credential, namespace, at);
}

export function accountFaults(versions: readonly AccountVersion[], rights: Rights): readonly string[] {
  const last = new Map<string, AccountVersion>();
  return versions.flatMap((version) => {
    const key = `${version.namespace}/${version.name}`;
    const found = last.get(key);
    const before = found?.gone || found?.uid !== version.uid ? undefined : found;
    last.set(key, version);
    if (version.author !== "operator" || !before) return [];
    if (version.gone)
      return rights.vanishing(version.namespace, version.at) ? [] : [`${key}: a ServiceAccount was deleted`];
    return before.rest === version.rest ? [] : [`${key}: what is foreign of a ServiceAccount was changed`];
  });
}

/** What holds from one time to another; both in milliseconds of one clock. */
export interface Lasting<What> {
  readonly what: What;
  readonly from: number;
  readonly until: number;
}

export function lastingAt<What>(all: readonly Lasting<What>[], at: number): readonly What[] {
  return all.filter(({ from, until }) => from <= at && at <= until).map(({ what }) => what);
}
