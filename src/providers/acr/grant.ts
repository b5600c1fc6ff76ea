// Which ACR tokens do the hosts of an entry need, and who asks Entra for them?
import type { Entry } from "../../api/registry-credential.ts";
import type { Cause, Failure } from "../../runtime/errors.ts";
import { asciiLowerCase } from "../../runtime/ascii.ts";
import { cloudHost, formsText } from "../../registry/vendor-hosts.ts";
import type { AcrGrant, GrantIdentity, HostGroup, RenderScope } from "../grant-types.ts";
import { hasPlaceholders, rendered } from "../../api/placeholders.ts";
import { identityOf } from "../identity.ts";
import { quotedText } from "../../runtime/foreign-text.ts";
import { kubectl } from "../../runtime/steps.ts";

type AcrEntry = Extract<Entry, { provider: "ACR" }>;
type Place = Pick<AcrGrant, "registry" | "authority">;
type Access = Omit<AcrGrant, keyof Place>;
type AccountIdentity = Extract<GrantIdentity, { from: "ServiceAccount" | "TenantServiceAccount" }>;

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
  readonly missing: string;
  readonly invalid: string;
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

/** A token serves one registry, with all its regional endpoints. */
export function acrGrants(entry: AcrEntry, scope: RenderScope): readonly HostGroup<AcrGrant>[] {
  const access = accessOf(entry, scope);
  const groups = new Map<string, { hosts: string[]; grant: AcrGrant | Failure }>();
  for (const host of entry.hosts) {
    const place = placeOf(host);
    const key = "reason" in place ? host : place.registry;
    const group = groups.get(key);
    if (group) group.hosts.push(host);
    else groups.set(key, { hosts: [host], grant: grantOf(place, access) });
  }
  return [...groups.values()];
}

function grantOf(place: Place | Failure, access: Access | Failure): AcrGrant | Failure {
  if ("reason" in place) return place;
  return "reason" in access ? access : { ...access, ...place };
}

function placeOf(host: string): Place | Failure {
  const { acr: name = "", azure: suffix = "" } = cloudHost("ACR", host)?.places ?? {};
  const authority = authorities[suffix];
  if (authority !== undefined) return { registry: `${name}.${suffix}`, authority };
  const data = dataEndpoint.exec(asciiLowerCase(host))?.groups;
  if (data) {
    return invalidHost(
      `"${host}" is a data endpoint, to which a registry redirects for layers and nobody logs in: write ${data["name"]}.${data["suffix"]}, or remove it`,
    );
  }
  return invalidHost(
    `"${host}" is no ACR registry: write ${formsText("ACR")} (.us or .cn in those clouds), without port`,
  );
}

/** Who asks, and for what; the same at every registry of the entry. */
function accessOf(entry: AcrEntry, scope: RenderScope): Access | Failure {
  const asked = identityOf(entry.identity, scope);
  if ("reason" in asked) return asked;
  const { identity, annotations } = asked;
  const clientID = idOf(client, entry, identity, annotations, scope);
  if (typeof clientID === "object") return clientID;
  const tenantID = idOf(tenant, entry, identity, annotations, scope);
  if (typeof tenantID === "object") return tenantID;
  const audience = audienceOf(entry);
  if (typeof audience === "object") return audience;
  const repositories = repositoriesOf(entry, scope);
  if (repositories !== undefined && "reason" in repositories) return repositories;
  return {
    provider: "ACR",
    identity,
    audience,
    ...(clientID === undefined ? {} : { clientID }),
    ...(tenantID === undefined ? {} : { tenantID }),
    ...(repositories === undefined ? {} : { repositories }),
    ...(entry.caSecretName === undefined ? {} : { caSecretName: entry.caSecretName }),
  };
}

/** From the spec, else from the ServiceAccount's annotations. Other identities know their own. */
function idOf(
  id: IdField,
  { acr }: AcrEntry,
  identity: GrantIdentity,
  annotations: Readonly<Record<string, string>>,
  { namespace }: RenderScope,
): string | Failure | undefined {
  const template = acr[id.field];
  if (template !== undefined) {
    const text = rendered(template, namespace);
    if (typeof text !== "string") return text;
    if (id.inSpec(text)) return text.toLowerCase();
    return {
      reason: id.invalid,
      cause: hasPlaceholders(template) ? "Tenant" : "Platform",
      retry: "on-change",
      message: `acr.${id.field} becomes ${quotedText(text)}: write ${id.form}`,
    };
  }
  if (identity.from !== "ServiceAccount" && identity.from !== "TenantServiceAccount") return undefined;
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
  return {
    reason: text === undefined ? id.missing : id.invalid,
    cause: causeOf(identity),
    retry: "on-change",
    message: `the ServiceAccount ${home}/${name} ${problem}`,
    steps: [{ says: "annotate it", command }, ...(text === undefined ? [{ says: `or write acr.${id.field}` }] : [])],
  };
}

function audienceOf({ acr }: AcrEntry): string | Failure {
  // Whoever knows scopes writes one.
  const audience = (acr.audience ?? defaultAudience).replace(/\/\.default$/, "");
  if (audienceSyntax.test(audience)) return audience;
  return {
    reason: "InvalidAudience",
    cause: "Platform",
    retry: "on-change",
    message: `acr.audience is ${quotedText(audience)}: write a URL without spaces such as ${defaultAudience}, or remove it`,
  };
}

function repositoriesOf({ acr }: AcrEntry, { namespace }: RenderScope): readonly string[] | Failure | undefined {
  if (acr.repositories === undefined) return undefined;
  const names = new Set<string>();
  for (const template of acr.repositories) {
    const text = rendered(template, namespace);
    if (typeof text !== "string") return text;
    if (!repository.test(text)) {
      return {
        reason: "InvalidRepository",
        cause: hasPlaceholders(template) ? "Tenant" : "Platform",
        retry: "on-change",
        message: `an item of acr.repositories becomes ${quotedText(text)}: write a whole repository name such as team/app, in lower case, without host, tag and wildcard`,
      };
    }
    names.add(text);
  }
  return [...names].toSorted();
}

/** Who may write the annotations of the ServiceAccount. */
function causeOf({ from }: AccountIdentity): Cause {
  return from === "TenantServiceAccount" ? "Tenant" : "Platform";
}

function invalidHost(message: string): Failure {
  return { reason: "InvalidHost", cause: "Platform", retry: "on-change", message };
}
