// Remarks: what import leaves out, and what of that would be missed.
import { isNamed } from "../../registry/json-members.ts";
import { canonicalHost } from "../../registry/host.ts";
import { objectIn } from "../../registry/docker-config.ts";
import { isObject } from "../../runtime/json-object.ts";

/** Comments at the top of what is written. */
export interface Remarks {
  /** What a person should look at: the exit code says that there is some. */
  readonly missing: readonly string[];
  /** What nobody misses. */
  readonly aside: readonly string[];
}

/** Of a docker config as clients keep it on a machine, what is beside the logins in `auths`. */
export function besideLogins(text: string): Remarks {
  const read = objectIn(text);
  if (!read.ok) return { missing: [], aside: [] };
  const { credsStore, credHelpers, HttpHeaders, ...settings } = read.object;
  const oddHelpers = isObject(credHelpers)
    ? Object.keys(credHelpers).filter((host) => canonicalHost(host) === undefined).length
    : 0;
  const missing = [
    ...(typeof credsStore === "string" && credsStore !== ""
      ? [`logins in the credential store of the machine it was made on (credsStore), which are not in this file`]
      : []),
    ...(oddHelpers > 0 ? [`${oddHelpers} entries of credHelpers under keys that name no registry`] : []),
    ...(isObject(HttpHeaders) && Object.keys(HttpHeaders).length > 0
      ? ["HttpHeaders, which no kubelet sends to a registry"]
      : []),
  ];
  const names = Object.keys(settings)
    .filter((name) => !isNamed(name, "auths"))
    .toSorted();
  return {
    missing: missing.map((each) => `would be lost: ${each}`),
    aside: names.length > 0 ? [`not a login: ${names.join(", ")}`] : [],
  };
}

/** One line for all of one name and reason, however many namespaces have them. */
export function placesOf(namespaces: readonly string[], name: string): string {
  const [first = "", ...more] = namespaces.toSorted();
  return `${first}/${name}${more.length > 0 ? ` and ${more.length} more` : ""}`;
}
