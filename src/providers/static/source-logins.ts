// The logins that a source Secret holds, and what is said of one that holds none.
import type { StaticGrant } from "./grant.ts";
import type { SourceRecord } from "../../cluster/records.ts";
import type { Token } from "../../cluster/token.ts";
import { foreignText } from "../../runtime/foreign-text.ts";
import { isObject } from "../../runtime/json-object.ts";
import { textOfBase64 } from "../../runtime/base64.ts";
import {
  type ConfigPlace,
  configPlaces,
  type DockerConfigForm,
  objectIn,
  parseDockerConfig,
} from "../../registry/docker-config.ts";
import { valueNamed } from "../../registry/json-members.ts";
import { withFormerNames } from "../../registry/host.ts";
import type { Login } from "../../registry/login.ts";
import { writtenLogin } from "../../registry/written-login.ts";
import { type Step, kubectl } from "../../runtime/steps.ts";

type Values = NonNullable<SourceRecord["values"]>;

export type SourceLogins =
  | { readonly ok: true; readonly logins: Token["logins"] }
  /** `problem` completes the sentence "the source Secret …". */
  | { readonly ok: false; readonly problem: string; readonly holdsNone?: boolean; readonly steps?: readonly Step[] };

export function sourceLogins(record: SourceRecord, values: Values, keys: SourceKeys): SourceLogins {
  const place = configPlaces[record.type];
  if (place) {
    const found = configLogins(place, values);
    const other = found.ok ? undefined : Object.keys(values).find((key) => key !== place.key && isConfig(values[key]));
    if (other === undefined) return found;
    return {
      ok: false,
      problem: `holds a docker config under the key ${foreignText(other)}, where no kubelet looks: put it under ${place.key}`,
    };
  }
  // basic-auth fixes its keys; an Opaque Secret's can be named in the spec.
  const isFixed = record.type === "kubernetes.io/basic-auth";
  const user = isFixed ? "username" : keys.usernameKey;
  const secret = isFixed ? "password" : keys.passwordKey;
  const missing = [user, secret].filter((key) => values[key] === undefined);
  // A whole docker config is nobody's password.
  if (missing.length > 0 || isConfig(values[secret])) return otherContent(record, values, { missing, isFixed });
  const unreadable = [user, secret].find((key) => record.unreadable?.includes(key) === true);
  if (unreadable !== undefined) return { ok: false, problem: notUtf8(unreadable) };
  const result = writtenLogin(values[user]?.reveal() ?? "", values[secret]?.reveal() ?? "");
  if (result.ok) return { ok: true, logins: { all: result.login } };
  return { ok: false, problem: `cannot be used: it ${result.problem}` };
}

type SourceKeys = Pick<StaticGrant, "usernameKey" | "passwordKey">;

function configLogins({ key, form }: ConfigPlace, values: Values): SourceLogins {
  const text = values[key]?.reveal();
  if (text === undefined || text.trim() === "")
    return { ok: false, problem: `is empty: put a docker config under the key ${key}` };
  const parsed = parseDockerConfig(text, form);
  if (!parsed.ok) {
    const { problem, holdsNone } = parsed;
    return {
      ok: false,
      problem: `cannot be used: the docker config under ${key} ${problem}`,
      ...(holdsNone && { holdsNone }),
    };
  }
  const byHost = new Map<string, Login>();
  const problems: string[] = [];
  for (const [host, { username, password }] of parsed.logins) {
    const result = writtenLogin(username, password.reveal());
    if (result.ok) byHost.set(host, result.login);
    else problems.push(`the login of ${host} ${result.problem}`);
  }
  if (byHost.size > 0) return { ok: true, logins: { byHost: withFormerNames(byHost) } };
  return { ok: false, problem: `cannot be used: ${problems[0] ?? "it holds no credentials"}` };
}

/** Where the login is not under its keys: what is there instead, and where it belongs. */
function otherContent(
  { type, namespace, name, unreadable = [] }: SourceRecord,
  values: Values,
  { missing, isFixed }: { readonly missing: readonly string[]; readonly isFixed: boolean },
): SourceLogins {
  for (const [key, value] of Object.entries(values)) {
    const form = formOf(value.reveal());
    if (form === undefined) continue;
    const place = configPlaces[`kubernetes.io/${form}`];
    return {
      ok: false,
      problem: `holds a docker config under the key ${foreignText(key)}, but is of type ${type}, which cannot be changed`,
      steps: [
        { message: "delete it", command: kubectl`delete secret -n ${namespace} ${name}` },
        {
          message: `make it anew with FILE as ${place?.key ?? ""}`,
          command: kubectl`create secret generic -n ${namespace} ${name} --type=${`kubernetes.io/${form}`} --from-file=${place?.key ?? ""}=FILE`,
        },
      ],
    };
  }
  const [first] = unreadable;
  if (first !== undefined) return { ok: false, problem: notUtf8(foreignText(first)) };
  const naming = isFixed ? "" : ", or name the keys in static.usernameKey and static.passwordKey";
  const has = Object.keys(values)
    .toSorted()
    .slice(0, 5)
    .map((key) => foreignText(key))
    .join(", ");
  return {
    ok: false,
    problem: `lacks the key ${missing.join(" and ")} (it has ${has || "nothing"}): add it${naming}`,
  };
}

function isConfig(value: Values[string] | undefined): boolean {
  return value !== undefined && formOf(value.reveal()) !== undefined;
}

/** The form of a docker config, encoded twice perhaps, or undefined for any other text. */
function formOf(text: string): DockerConfigForm | undefined {
  const plain = objectIn(text);
  const read = plain.ok ? plain : objectIn(textOfBase64(text) ?? "");
  if (!read.ok) return undefined;
  if (isObject(valueNamed(read.object, "auths"))) return "dockerconfigjson";
  const members = Object.values(read.object);
  const isLegacy =
    members.length > 0 && members.every((each) => isObject(each) && ("auth" in each || "username" in each));
  return isLegacy ? "dockercfg" : undefined;
}

function notUtf8(key: string): string {
  return `cannot be used: ${key} is not UTF-8 text (a file that PowerShell wrote is UTF-16): write it as UTF-8`;
}
