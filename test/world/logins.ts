// The logins that stand in a Secret.
import type { ClusterObject, SecretObject } from "../../src/cluster/cluster-api.ts";
import { textOfBase64 } from "../../src/runtime/base64.ts";

const readBefore = new WeakMap<ClusterObject, ReadonlyMap<string, string>>();

/** Passwords by the key of the docker config; none where there is no config. */
export function loginsIn(object: ClusterObject | undefined): ReadonlyMap<string, string> {
  if (!object) return new Map();
  // Objects never change.
  const known = readBefore.get(object) ?? readLogins(object);
  readBefore.set(object, known);
  return known;
}

function readLogins(object: ClusterObject): ReadonlyMap<string, string> {
  const config = (object as SecretObject | undefined)?.data?.[".dockerconfigjson"];
  if (config === undefined) return new Map();
  const { auths = {} } = JSON.parse(textOfBase64(config) ?? "{}") as {
    readonly auths?: Readonly<Record<string, { readonly auth?: string }>>;
  };
  return new Map(
    Object.entries(auths).map(([key, { auth = "" }]) => [key, (textOfBase64(auth) ?? "").replace(/^[^:]*:/, "")]),
  );
}

/** What else stands in it. */
export function otherData(object: ClusterObject | undefined): Readonly<Record<string, string>> {
  const { ".dockerconfigjson": _config, ...others } = (object as SecretObject | undefined)?.data ?? {};
  return others;
}
