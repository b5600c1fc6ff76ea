// The grants of ICR: which IBM Cloud token the hosts of an entry need, and who asks for it.
import type { Failure } from "../../runtime/errors.ts";
import { quotedText } from "../../runtime/foreign-text.ts";
import { formsText, oneOf, registryHost, type RegistryNames } from "../../registry/host-templates.ts";
import type { EntryWith } from "../definition.ts";
import type { CloudGrant, HostGroup, RenderScope } from "../grant-types.ts";
import { anyIdentity, defined, identityOf, invalid, renderedField, sharedGrant } from "../rendering.ts";
import type { icrSettings } from "./settings.ts";

export interface IcrGrant extends CloudGrant {
  readonly provider: "ICR";
  readonly trustedProfileID?: string;
}

type IcrEntry = EntryWith<"ICR", "icr", typeof icrSettings>;

// https://cloud.ibm.com/docs/Registry?topic=Registry-registry_overview#registry_regions
const regions = ["au", "br", "ca", "ca2", "de", "es", "in", "in2", "jp", "jp2", "uk", "us"];

/** https://cloud.ibm.com/docs/Registry?topic=Registry-registry_private */
export const icrRegistries: RegistryNames = {
  templates: ["icr.io", "<ibm>.icr.io", "private.icr.io", "private.<ibm>.icr.io"],
  forms: ["icr.io", "REGION.icr.io", "private.icr.io", "private.REGION.icr.io"],
  places: { ibm: oneOf(regions) },
};

export const icrIdentities = anyIdentity;

// https://cloud.ibm.com/apidocs/iam-identity-token-api
const profileID = /^Profile-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A token of IBM Cloud's IAM serves all registries. */
export function icrGrants(entry: IcrEntry, scope: RenderScope): readonly HostGroup<IcrGrant>[] {
  return sharedGrant(entry.hosts, (host) => registryHost(icrRegistries, host) !== undefined, {
    grant: () => grantOf(entry, scope),
    refused: (host) =>
      invalid(
        "InvalidHost",
        `"${host}" is no registry of IBM Cloud: write ${formsText(icrRegistries)}, such as de.icr.io, without port`,
      ),
  });
}

function grantOf(entry: IcrEntry, scope: RenderScope): IcrGrant | Failure {
  const asked = identityOf(entry.identity, scope, icrIdentities);
  if ("reason" in asked) return asked;
  const { identity } = asked;
  const trustedProfileID = profileOf(entry, scope);
  if (typeof trustedProfileID === "object") return trustedProfileID;
  if (trustedProfileID === undefined && identity.from !== "Secret") {
    return invalid(
      "MissingTrustedProfile",
      "the token of a ServiceAccount is exchanged for that of a trusted profile: write icr.trustedProfileID, or identity.from: Secret with an API key",
    );
  }
  return {
    provider: "ICR",
    identity,
    ...defined({ trustedProfileID, caSecretName: entry.caSecretName }),
  };
}

function profileOf({ icr }: IcrEntry, scope: RenderScope): string | Failure | undefined {
  return renderedField(
    icr.trustedProfileID,
    scope,
    (text) => profileID.test(text),
    (text, cause) =>
      invalid(
        "InvalidTrustedProfile",
        `icr.trustedProfileID becomes ${quotedText(text)}: write the profile's id, which is Profile- and a GUID (ibmcloud iam trusted-profiles), and not its name`,
        cause,
      ),
  );
}
