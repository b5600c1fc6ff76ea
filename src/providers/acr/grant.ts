// The grants of ACR: which tokens the hosts of an entry need, and who asks Entra for them.
import { asciiLowerCase } from "../../runtime/ascii.ts";
import type { FailureReason } from "../../api/reasons.ts";
import type { Failure } from "../../runtime/errors.ts";
import { quotedText } from "../../runtime/foreign-text.ts";
import { kubectl } from "../../runtime/steps.ts";
import { hasPlaceholders, rendered } from "../../api/placeholders.ts";
import { azureRegistries } from "../../registry/azure-registries.ts";
import { formsText, registryHost } from "../../registry/host-templates.ts";
import type { EntryWith } from "../definition.ts";
import type { CloudGrant, HostGroup, RenderScope } from "../grant-types.ts";
import {
  anyIdentity,
  defined,
  groupedHosts,
  identityOf,
  invalid,
  isServiceAccount,
  ownerOf,
  renderedField,
  type RenderedIdentity,
} from "../rendering.ts";
import type { acrSettings } from "./settings.ts";

export interface AcrGrant extends CloudGrant {
  readonly provider: "ACR";
  /** The login server. */
  readonly registry: string;
  /** Host of Entra in the registry's cloud. */
  readonly authority: string;
  readonly audience: string;
  readonly tenantID?: string;
  readonly clientID?: string;
  /** Sorted; pull-only for these instead of everything the identity may do. */
  readonly repositories?: readonly string[];
}

type AcrEntry = EntryWith<"ACR", "acr", typeof acrSettings>;
type Place = Pick<AcrGrant, "registry" | "authority">;
type Access = Omit<AcrGrant, keyof Place>;

// Each cloud's registries and its Entra: AzureAuthorityHosts of @azure/identity, and
// https://github.com/kubernetes-sigs/cloud-provider-azure/blob/master/pkg/credentialprovider/azure_credentials.go
const authorities: Readonly<Record<string, string>> = {
  "azurecr.io": "login.microsoftonline.com",
  "azurecr.us": "login.microsoftonline.us",
  "azurecr.cn": "login.chinacloudapi.cn",
  "azurecr.de": "login.microsoftonline.de",
};

// https://learn.microsoft.com/azure/container-registry/container-registry-endpoint-reference
const dataEndpoint = /^(?<name>[a-z0-9-]+)\.[a-z0-9]+\.data\.(?<suffix>azurecr\.[a-z]+)(?:\/|$)/;

// Some registries take no tokens that were made for Azure's management, which is the other audience there is:
// https://learn.microsoft.com/azure/container-registry/container-registry-disable-authentication-as-arm
const defaultAudience = "https://containerregistry.azure.net";

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
// Entra takes a tenant's domain too; the dot keeps out `common`, `organizations` and `consumers`, which are no tenants.
const domain = /^(?=.{4,253}$)[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)+$/i;
// Space would part it into two scopes.
const audienceSyntax = /^[!-~]+$/;
// https://github.com/distribution/reference/blob/main/regexp.go; at most 255 characters (normalize.go).
const repository = /^(?=.{1,255}$)[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;

interface IdField {
  readonly field: "clientID" | "tenantID";
  /** The first is for pulls, where pods of the ServiceAccount run as another application: cloud-provider-azure, consts.go. */
  readonly annotations: readonly [string, string];
  readonly inSpec: (text: string) => boolean;
  readonly form: string;
  readonly missing: FailureReason;
  readonly invalid: FailureReason;
}

// https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html
const client: IdField = {
  field: "clientID",
  annotations: ["kubernetes.azure.com/acr-client-id", "azure.workload.identity/client-id"],
  inSpec: (text) => guid.test(text),
  form: "a GUID",
  missing: "MissingClientID",
  invalid: "InvalidClientID",
};
const tenant: IdField = {
  field: "tenantID",
  annotations: ["kubernetes.azure.com/acr-tenant-id", "azure.workload.identity/tenant-id"],
  inSpec: (text) => guid.test(text) || domain.test(text),
  form: "a GUID, or a domain such as contoso.onmicrosoft.com",
  missing: "MissingTenantID",
  invalid: "InvalidTenantID",
};

export const acrIdentities = anyIdentity;
export const acrAnnotations = [client, tenant].flatMap(({ annotations }) => annotations);
/** Of all its clouds. */
export const entraHosts = Object.values(authorities);

/** A token serves one registry, with all its regional endpoints. */
export function acrGrants(entry: AcrEntry, scope: RenderScope): readonly HostGroup<AcrGrant>[] {
  const access = accessOf(entry, scope);
  const keyOf = (host: string): string => {
    const place = placeOf(host);
    return "reason" in place ? host : place.registry;
  };
  return groupedHosts(entry.hosts, keyOf, (host) => grantOf(placeOf(host), access));
}

function grantOf(place: Place | Failure, access: Access | Failure): AcrGrant | Failure {
  if ("reason" in place) return place;
  return "reason" in access ? access : { ...access, ...place };
}

function placeOf(host: string): Place | Failure {
  const { acr: name = "", azure: suffix = "" } = registryHost(azureRegistries, host)?.places ?? {};
  const authority = authorities[suffix];
  if (authority !== undefined) return { registry: `${name}.${suffix}`, authority };
  const data = dataEndpoint.exec(asciiLowerCase(host))?.groups;
  if (data) {
    return invalid(
      "InvalidHost",
      `"${host}" is a data endpoint, to which a registry redirects for layers and nobody logs in: write ${data["name"]}.${data["suffix"]}, or remove it`,
    );
  }
  return invalid(
    "InvalidHost",
    `"${host}" is no ACR registry: write ${formsText(azureRegistries)} (.us or .cn in those clouds), without port`,
  );
}

/** Who asks, and for what; the same at every registry of the entry. */
function accessOf(entry: AcrEntry, scope: RenderScope): Access | Failure {
  const asked = identityOf(entry.identity, scope, acrIdentities);
  if ("reason" in asked) return asked;
  const { identity, annotations } = asked;
  const clientID = idOf(client, entry, { identity, annotations }, scope);
  if (typeof clientID === "object") return clientID;
  const tenantID = idOf(tenant, entry, { identity, annotations }, scope);
  if (typeof tenantID === "object") return tenantID;
  const audience = audienceOf(entry);
  if (typeof audience === "object") return audience;
  const repositories = repositoriesOf(entry, scope);
  if (repositories !== undefined && "reason" in repositories) return repositories;
  return {
    provider: "ACR",
    identity,
    audience,
    ...defined({ clientID, tenantID, repositories, caSecretName: entry.caSecretName }),
  };
}

/** From the spec, else from the ServiceAccount's annotations. Other identities know their own. */
function idOf(
  id: IdField,
  { acr }: AcrEntry,
  { identity, annotations }: RenderedIdentity,
  scope: RenderScope,
): string | Failure | undefined {
  const inSpec = renderedField(acr[id.field], scope, id.inSpec, (text, cause) =>
    invalid(id.invalid, `acr.${id.field} becomes ${quotedText(text)}: write ${id.form}`, cause),
  );
  if (inSpec !== undefined) return typeof inSpec === "string" ? inSpec.toLowerCase() : inSpec;
  if (!isServiceAccount(identity)) return undefined;
  const annotation = id.annotations.find((each) => annotations[each] !== undefined);
  const text = annotation === undefined ? undefined : annotations[annotation];
  if (text !== undefined && guid.test(text)) return text.toLowerCase();
  const { namespace: home, name } = identity;
  const [, usual] = id.annotations;
  const command = kubectl`annotate serviceaccount -n ${home} ${name} --overwrite ${annotation ?? usual}=GUID`;
  const problem =
    text === undefined
      ? `names no ${id.field} of Entra`
      : `is annotated with ${annotation} ${quotedText(text)}, which is no GUID`;
  const reason = text === undefined ? id.missing : id.invalid;
  return {
    ...invalid(reason, `the ServiceAccount ${home}/${name} ${problem}`, ownerOf(identity)),
    steps: [
      { message: "annotate it", command },
      ...(text === undefined ? [{ message: `or write acr.${id.field}` }] : []),
    ],
  };
}

function audienceOf({ acr }: AcrEntry): string | Failure {
  // Whoever knows scopes writes one.
  const audience = (acr.audience ?? defaultAudience).replace(/\/\.default$/, "");
  if (audienceSyntax.test(audience)) return audience;
  return invalid(
    "InvalidAudience",
    `acr.audience is ${quotedText(audience)}: write a URL without spaces such as ${defaultAudience}, or remove it`,
  );
}

function repositoriesOf({ acr }: AcrEntry, { namespace }: RenderScope): readonly string[] | Failure | undefined {
  if (acr.repositories === undefined) return undefined;
  const names = new Set<string>();
  for (const template of acr.repositories) {
    const text = rendered(template, namespace);
    if (typeof text !== "string") return text;
    if (!repository.test(text)) {
      return invalid(
        "InvalidRepository",
        `an item of acr.repositories becomes ${quotedText(text)}: write a whole repository name such as team/app, in lower case, without host, tag and wildcard`,
        hasPlaceholders(template) ? "Tenant" : "Platform",
      );
    }
    names.add(text);
  }
  return [...names].toSorted();
}
