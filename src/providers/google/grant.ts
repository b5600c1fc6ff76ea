// Which Google tokens do the hosts of an entry need, and as whom are they asked for?
import type { Entry } from "../../api/registry-credential.ts";
import type { Cause, Failure } from "../../runtime/errors.ts";
import { cloudHost, formsText } from "../../registry/vendor-hosts.ts";
import type { GoogleGrant, GrantIdentity, HostGroup, RenderScope } from "../grant-types.ts";
import { hasPlaceholders, rendered } from "../../api/placeholders.ts";
import { identityOf } from "../identity.ts";
import { quotedText } from "../../runtime/foreign-text.ts";

type GoogleEntry = Extract<Entry, { provider: "GCR" | "GAR" }>;
type AccountIdentity = Extract<GrantIdentity, { from: "ServiceAccount" | "TenantServiceAccount" }>;

// Enough to pull, and of no use for anything else but reading storage: https://cloud.google.com/artifact-registry/docs/access-control#oauth
const defaultScope = "https://www.googleapis.com/auth/devstorage.read_only";
// https://developers.google.com/identity/protocols/oauth2/scopes
const scopeSyntax = /^https:\/\/www\.googleapis\.com\/auth\/[a-z0-9._-]{1,128}$/;

// Of a project (whose id may be scoped by a domain), or one that Google makes for machines and for App Engine:
// https://cloud.google.com/iam/docs/service-account-types
const emailSyntax =
  /^(?=.{1,253}$)[a-z0-9][-a-z0-9]{0,99}@(?:[a-z0-9][-a-z0-9]{0,62}(?:\.[a-z0-9][-a-z0-9]{0,62})*\.iam|developer|appspot)\.gserviceaccount\.com$/;
const emailForm = "NAME@PROJECT.iam.gserviceaccount.com";

// https://cloud.google.com/iam/docs/manage-workload-identity-pools-providers
const providerSyntax =
  /^projects\/[0-9]{1,20}\/locations\/global\/workloadIdentityPools\/[a-z0-9-]{4,32}\/providers\/[a-z0-9-]{4,32}$/;
const providerForm = "projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER";

// https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity
const emailAnnotation = "iam.gke.io/gcp-service-account";
// Google has none for clusters elsewhere; Flux's is the one that people write: https://fluxcd.io/flux/integrations/gcp/
const providerAnnotation = "gcp.auth.fluxcd.io/workload-identity-provider";

/** One token serves all hosts: Google's tokens are for whoever may pull, wherever that is. */
export function googleGrants(entry: GoogleEntry, scope: RenderScope): readonly HostGroup<GoogleGrant>[] {
  const ours = (host: string): boolean => cloudHost(entry.provider, host) !== undefined;
  const known = entry.hosts.filter(ours);
  const wrong = entry.hosts
    .filter((host) => !ours(host))
    .map((host) => ({ hosts: [host], grant: invalidHost(host, entry.provider) }));
  return known.length === 0 ? wrong : [{ hosts: known, grant: grantOf(entry, scope) }, ...wrong];
}

function grantOf(entry: GoogleEntry, scope: RenderScope): GoogleGrant | Failure {
  const asked = identityOf(entry.identity, scope);
  if ("reason" in asked) return asked;
  const { identity, annotations } = asked;
  const impersonate = impersonateOf(entry, identity, annotations, scope);
  if (typeof impersonate === "object") return impersonate;
  const workloadIdentityProvider = providerOf(entry, identity, annotations);
  if (typeof workloadIdentityProvider === "object") return workloadIdentityProvider;
  const scopes = scopesOf(entry);
  if ("reason" in scopes) return scopes;
  return {
    provider: entry.provider,
    identity,
    scopes,
    ...(impersonate === undefined ? {} : { impersonate }),
    ...(workloadIdentityProvider === undefined ? {} : { workloadIdentityProvider }),
    ...(entry.caSecretName === undefined ? {} : { caSecretName: entry.caSecretName }),
  };
}

/** From the spec, else from the ServiceAccount's annotation; without either, the identity pulls as itself. */
function impersonateOf(
  { google }: GoogleEntry,
  identity: GrantIdentity,
  annotations: Readonly<Record<string, string>>,
  { namespace }: RenderScope,
): string | Failure | undefined {
  const invalid = (where: string, text: string, cause: Cause): Failure => ({
    reason: "InvalidServiceAccountEmail",
    cause,
    retry: "on-change",
    message: `${where} ${quotedText(text)}, no email of a Google service account: write ${emailForm}`,
  });
  if (google.impersonate !== undefined) {
    const text = rendered(google.impersonate, namespace);
    if (typeof text !== "string" || emailSyntax.test(text)) return text;
    return invalid("google.impersonate becomes", text, hasPlaceholders(google.impersonate) ? "Tenant" : "Platform");
  }
  const text = annotations[emailAnnotation];
  if (!isServiceAccount(identity) || text === undefined || emailSyntax.test(text)) return text;
  return invalid(`the annotation ${emailAnnotation} of ${nameOf(identity)} is`, text, causeOf(identity));
}

/** Only a ServiceAccount's token is exchanged at one; without one, the cluster is GKE's and has its own. */
function providerOf(
  { google }: GoogleEntry,
  identity: GrantIdentity,
  annotations: Readonly<Record<string, string>>,
): string | Failure | undefined {
  const invalid = (message: string, cause: Cause): Failure => ({
    reason: "InvalidWorkloadIdentityProvider",
    cause,
    retry: "on-change",
    message,
  });
  const inSpec = google.workloadIdentityProvider;
  if (!isServiceAccount(identity)) {
    if (inSpec === undefined) return undefined;
    return invalid(
      `google.workloadIdentityProvider takes tokens of ServiceAccounts, but the entry's identity is ${identity.from}: write identity.from: ServiceAccount with the name of one, or remove it`,
      "Platform",
    );
  }
  const text = inSpec ?? annotations[providerAnnotation];
  if (text === undefined || providerSyntax.test(text)) return text;
  const where =
    inSpec === undefined
      ? `the annotation ${providerAnnotation} of ${nameOf(identity)}`
      : "google.workloadIdentityProvider";
  return invalid(
    `${where} is ${quotedText(text)}: write ${providerForm}, with the project's number and without anything before it`,
    inSpec === undefined ? causeOf(identity) : "Platform",
  );
}

function scopesOf({ google }: GoogleEntry): readonly string[] | Failure {
  const scopes = google.scopes ?? [defaultScope];
  const wrong = scopes.find((scope) => !scopeSyntax.test(scope));
  if (wrong === undefined) return [...new Set(scopes)].toSorted();
  return {
    reason: "InvalidScope",
    cause: "Platform",
    retry: "on-change",
    message: `google.scopes holds ${quotedText(wrong)}: write a whole scope such as ${defaultScope}, or remove google.scopes`,
  };
}

function isServiceAccount(identity: GrantIdentity): identity is AccountIdentity {
  return identity.from === "ServiceAccount" || identity.from === "TenantServiceAccount";
}

function nameOf({ namespace, name }: AccountIdentity): string {
  return `the ServiceAccount ${namespace}/${name}`;
}

/** Who may write the annotations of the ServiceAccount. */
function causeOf({ from }: AccountIdentity): Cause {
  return from === "TenantServiceAccount" ? "Tenant" : "Platform";
}

function invalidHost(host: string, provider: GoogleEntry["provider"]): Failure {
  const other = provider === "GCR" ? "GAR" : "GCR";
  return {
    reason: "InvalidHost",
    cause: "Platform",
    retry: "on-change",
    message: `"${host}" is no host of provider ${provider}: write ${formsText(provider)}, without port${cloudHost(other, host) ? `, or provider: ${other}` : ""}`,
  };
}
