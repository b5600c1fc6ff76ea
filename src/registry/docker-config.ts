// Reader and writer of docker configs: the logins in `.dockerconfigjson`.
import { isObject } from "../runtime/json-object.ts";
import { base64OfText, textOfBase64 } from "../runtime/base64.ts";
import { isNamed, membersNamed, valueNamed } from "./json-members.ts";
import { canonicalHost } from "./host.ts";
import { jsonMembers } from "./json-members.ts";
import { type Login, type LoginResult, loginOf } from "./login.ts";

/** `dockerconfigjson` has its entries under `auths`, the legacy `dockercfg` at the top. */
export type DockerConfigForm = "dockerconfigjson" | "dockercfg";

export const dockerConfigType = "kubernetes.io/dockerconfigjson";
export const dockerConfigKey = ".dockerconfigjson";
export const legacyConfigType = "kubernetes.io/dockercfg";

export interface ConfigPlace {
  readonly key: string;
  readonly form: DockerConfigForm;
}

/**
 * Where a Secret holds its docker config, by the Secret's type; no other type holds one:
 * https://kubernetes.io/docs/concepts/configuration/secret/#secret-types
 */
export const configPlaces: Readonly<Record<string, ConfigPlace>> = {
  [dockerConfigType]: { key: dockerConfigKey, form: "dockerconfigjson" },
  [legacyConfigType]: { key: ".dockercfg", form: "dockercfg" },
};

interface SkippedHost {
  /** The canonical host, or `entry N` where the key names no registry (such a key may hold anything). */
  readonly host: string;
  /** Completes the sentence "this login …". */
  readonly why: string;
}

export type DockerConfigResult =
  | {
      readonly ok: true;
      /** By canonical host; never empty. */
      readonly logins: ReadonlyMap<string, Login>;
      readonly skipped: readonly SkippedHost[];
    }
  /** `problem` completes the sentence "this docker config …"; it never quotes what stands in the config but hosts. */
  | {
      readonly ok: false;
      readonly problem: string;
      /** It is well written, and has no login to take. */ readonly holdsNone?: true;
    };

/** A login under the key that it has in `auths`, as `configKey` gives it. */
export interface DockerConfigEntry {
  readonly key: string;
  readonly login: Login;
}

// The merged config of a namespace is held under the same 64 KiB (docs/design.md), so a bigger source cannot be
// served. Counted in UTF-16 units: JSON escapes aside, tokens are ASCII.
const longestText = 64 * 1024;
// 64 KiB hold about this many logins with short passwords; a bound for everything that is counted per host.
const maxHosts = 256;
// A condition message should stay readable.
const maxExamples = 3;

const writeLogin = "write the login itself, user name and password";

/** Reads the text of a Secret's `.dockerconfigjson` or `.dockercfg` as the kubelet does, and says what it cannot use. */
export function parseDockerConfig(text: string, form: DockerConfigForm): DockerConfigResult {
  if (text.length > longestText) return { ok: false, problem: "is larger than 64 KiB" };
  const read = objectIn(text);
  if (!read.ok) return read;
  const config = read.object;
  const auths = form === "dockercfg" ? config : unitedAuths(text, config);
  if (!isObject(auths)) return { ok: false, problem: 'has an "auths" that is not a JSON object' };
  const helpers =
    form === "dockerconfigjson" && isObject(config["credHelpers"]) ? Object.keys(config["credHelpers"]) : [];
  const hasStore = form === "dockerconfigjson" && typeof config["credsStore"] === "string";
  const entries = Object.entries(auths);
  if (entries.length + helpers.length > maxHosts) return { ok: false, problem: `names more than ${maxHosts} hosts` };
  const otherForm = problemOfOtherForm(config, form);
  if (otherForm !== undefined) return { ok: false, problem: otherForm };

  const logins = new Map<string, Login>();
  const skipped: SkippedHost[] = [];
  // A key that is spelled canonically comes first: the kubelet, too, finds `docker.io` before `index.docker.io`.
  const spelled = entries.map(([key, entry], index) => ({ key, entry, index, host: canonicalHost(key) }));
  const ordered = [
    ...spelled.filter(({ key, host }) => key === host),
    ...spelled.filter(({ key, host }) => key !== host),
  ];
  for (const { entry, index, host } of ordered) {
    if (host === undefined) {
      skipped.push({ host: `entry ${index + 1}`, why: "stands under a key that names no registry" });
      continue;
    }
    const result = loginIn(entry, hasStore);
    const earlier = logins.get(host);
    if (!result.ok) skipped.push({ host, why: result.problem });
    else if (earlier === undefined) logins.set(host, result.login);
    else if (!isSameLogin(earlier, result.login)) {
      skipped.push({ host, why: "differs from another one of the same host, which is used" });
    }
  }
  for (const helper of helpers) {
    const host = canonicalHost(helper);
    if (host !== undefined && !logins.has(host)) {
      skipped.push({ host, why: `is kept by a credential helper (credHelpers): ${writeLogin}` });
    }
  }

  if (logins.size > 0) return { ok: true, logins, skipped };
  if (hasStore) {
    return {
      ok: false,
      holdsNone: true,
      problem: `keeps its passwords in the credential store of the machine it was made on (credsStore): ${writeLogin}`,
    };
  }
  if (skipped.length === 0) return { ok: false, holdsNone: true, problem: `holds no credentials: ${writeLogin}` };
  return { ok: false, holdsNone: true, problem: `holds no usable credentials: ${examplesOf(skipped)}` };
}

/** Several of that name are one to a kubelet. */
function unitedAuths(text: string, config: Readonly<Record<string, unknown>>): unknown {
  const named = Object.keys(config).filter((key) => isNamed(key, "auths"));
  if (named.length === 0) return {};
  const values = membersNamed(jsonMembers(text), "auths").map(({ value }): unknown => JSON.parse(value));
  return values.find((value) => !isObject(value)) ?? Object.assign({}, ...values);
}

/** The `.dockerconfigjson` text of the entries: the same bytes for the same entries, whatever their order. */
export function renderDockerConfig(entries: readonly DockerConfigEntry[]): string {
  return `{"auths":{${renderedMembers(entries).join(",")}}}`;
}

/** The members of `auths`, sorted by key; of two with one key the last. */
export function renderedMembers(entries: readonly DockerConfigEntry[]): readonly string[] {
  const byKey = new Map(entries.map(({ key, login }) => [key, login]));
  return [...byKey]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, login]) => renderedMember({ key, login }));
}

/** Name, colon and value. */
export function renderedMember({ key, login }: DockerConfigEntry): string {
  return `${JSON.stringify(key)}:${renderedLogin(login)}`;
}

/** The JSON object in the text; the parser's own message is dropped, because it quotes the text. */
export function objectIn(
  text: string,
):
  | { readonly ok: true; readonly object: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const isEncodedTwice = textOfBase64(text)?.trimStart().startsWith("{") ?? false;
    return {
      ok: false,
      problem: isEncodedTwice
        ? "is base64 of JSON: it was encoded twice; put the JSON itself under stringData, or its base64 under data"
        : "is not JSON",
    };
  }
  if (isObject(value)) return { ok: true, object: value };
  const isQuoted = typeof value === "string" && value.trimStart().startsWith("{");
  return {
    ok: false,
    problem: isQuoted
      ? "is JSON within a string of JSON: it was quoted twice; write the JSON itself"
      : "is not a JSON object",
  };
}

function problemOfOtherForm(config: Readonly<Record<string, unknown>>, form: DockerConfigForm): string | undefined {
  const auths = valueNamed(config, "auths");
  if (form === "dockercfg" && isObject(auths)) {
    return 'has its logins under "auths": store it in a Secret of type kubernetes.io/dockerconfigjson, key .dockerconfigjson';
  }
  if (auths === undefined && typeof config["username"] === "string") {
    return 'has a user name at the top, for no host: write {"auths": {"HOST": {"username": ..., "password": ...}}}';
  }
  const looksLegacy = Object.values(config).some(
    (member) => isObject(member) && ("auth" in member || "username" in member),
  );
  if (form === "dockerconfigjson" && auths === undefined && looksLegacy) {
    return 'has its logins at the top: wrap them as {"auths": {...}}';
  }
  return undefined;
}

/** One entry as the kubelet reads it: `auth` overrides the other two and is split at its first colon (config.go). */
export function loginIn(entry: unknown, hasStore: boolean): LoginResult {
  if (!isObject(entry)) return { ok: false, problem: "is not a JSON object" };
  const [username, password, auth] = ["username", "password", "auth"].map((name) => valueNamed(entry, name) ?? "");
  if (typeof username !== "string" || typeof password !== "string" || typeof auth !== "string") {
    return { ok: false, problem: "has a username, password or auth that is not text" };
  }
  const plain = auth === "" ? [username, password] : splitAuth(auth);
  if (plain === undefined) return { ok: false, problem: "has an auth that is not base64 of user:password" };
  const [user = "", secret = ""] = plain;
  if (secret === "" && ("identitytoken" in entry || "registrytoken" in entry)) {
    return {
      ok: false,
      problem: "has only an identity or registry token, which the kubelet does not read: write username and password",
    };
  }
  if (user === "" && secret === "" && hasStore) {
    return { ok: false, problem: `is kept in a credential store (credsStore): ${writeLogin}` };
  }
  return loginOf(user, secret);
}

function splitAuth(auth: string): readonly string[] | undefined {
  const text = textOfBase64(auth);
  const colon = text?.indexOf(":") ?? -1;
  return text === undefined || colon < 0 ? undefined : [text.slice(0, colon), text.slice(colon + 1)];
}

/** The value of a member of `auths`. */
export function renderedLogin({ username, password }: Login): string {
  const secret = password.reveal();
  // `auth` too, because some readers know only that one, others only the two before.
  return JSON.stringify({ username, password: secret, auth: base64OfText(`${username}:${secret}`) });
}

export function isSameLogin(one: Login, other: Login): boolean {
  return one.username === other.username && one.password.reveal() === other.password.reveal();
}

function examplesOf(skipped: readonly SkippedHost[]): string {
  const shown = skipped.slice(0, maxExamples).map(({ host, why }) => `${host} ${why}`);
  const rest = skipped.length - shown.length;
  return rest > 0 ? `${shown.join("; ")}; and ${rest} more` : shown.join("; ");
}
