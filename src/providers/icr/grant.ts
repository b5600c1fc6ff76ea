// Which IBM Cloud token do the hosts of an entry need, and who asks for it?
import type { Entry } from "../../api/registry-credential.ts";
import type { Failure } from "../../runtime/errors.ts";
import { cloudHost, formsText } from "../../registry/vendor-hosts.ts";
import type { HostGroup, IcrGrant, RenderScope } from "../grant-types.ts";
import { hasPlaceholders, rendered } from "../../api/placeholders.ts";
import { identityOf } from "../identity.ts";
import { quotedText } from "../../runtime/foreign-text.ts";

type IcrEntry = Extract<Entry, { provider: "ICR" }>;

// https://cloud.ibm.com/apidocs/iam-identity-token-api
const profileID = /^Profile-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A token of IBM Cloud's IAM serves all registries. */
export function icrGrants(entry: IcrEntry, scope: RenderScope): readonly HostGroup<IcrGrant>[] {
  const isKnown = (host: string): boolean => cloudHost("ICR", host) !== undefined;
  const known = entry.hosts.filter(isKnown);
  const groups: HostGroup<IcrGrant>[] = entry.hosts
    .filter((host) => !isKnown(host))
    .map((host) => ({ hosts: [host], grant: invalidHost(host) }));
  return known.length === 0 ? groups : [{ hosts: known, grant: grantOf(entry, scope) }, ...groups];
}

function grantOf(entry: IcrEntry, scope: RenderScope): IcrGrant | Failure {
  const asked = identityOf(entry.identity, scope);
  if ("reason" in asked) return asked;
  const { identity } = asked;
  const trustedProfileID = profileOf(entry, scope);
  if (typeof trustedProfileID === "object") return trustedProfileID;
  if (trustedProfileID === undefined && identity.from !== "Secret") {
    return {
      reason: "MissingTrustedProfile",
      cause: "Platform",
      retry: "on-change",
      message: `the token of a ServiceAccount is exchanged for that of a trusted profile: write icr.trustedProfileID, or identity.from: Secret with an API key`,
    };
  }
  return {
    provider: "ICR",
    identity,
    ...(trustedProfileID === undefined ? {} : { trustedProfileID }),
    ...(entry.caSecretName === undefined ? {} : { caSecretName: entry.caSecretName }),
  };
}

function profileOf({ icr }: IcrEntry, { namespace }: RenderScope): string | Failure | undefined {
  if (icr.trustedProfileID === undefined) return undefined;
  const text = rendered(icr.trustedProfileID, namespace);
  if (typeof text !== "string" || profileID.test(text)) return text;
  return {
    reason: "InvalidTrustedProfile",
    cause: hasPlaceholders(icr.trustedProfileID) ? "Tenant" : "Platform",
    retry: "on-change",
    message: `icr.trustedProfileID becomes ${quotedText(text)}: write the profile's id, which is Profile- and a GUID (ibmcloud iam trusted-profiles), and not its name`,
  };
}

function invalidHost(host: string): Failure {
  return {
    reason: "InvalidHost",
    cause: "Platform",
    retry: "on-change",
    message: `"${host}" is no registry of IBM Cloud: write ${formsText("ICR")}, such as de.icr.io, without port`,
  };
}
