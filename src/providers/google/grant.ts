// The grants of GCR and GAR: which Google tokens the hosts of an entry need, and as whom they are asked for.
import type { Cause, Failure } from "../../runtime/errors.ts";
import { quotedText } from "../../runtime/foreign-text.ts";
import { formsText, registryHost, type RegistryNames } from "../../registry/host-templates.ts";
import type { EntryWith } from "../definition.ts";
import type { AccountIdentity, CloudGrant, GrantIdentity, HostGroup, RenderScope } from "../grant-types.ts";
import {
  anyIdentity,
  defined,
  identityOf,
  invalid,
  isServiceAccount,
  ownerOf,
  renderedField,
  sharedGrant,
} from "../rendering.ts";
import type { googleSettings } from "./settings.ts";

export interface GoogleGrant extends CloudGrant {
  readonly provider: "GCR" | "GAR";
  readonly impersonate?: string;
  readonly workloadIdentityProvider?: string;
  /** Sorted. */
  readonly scopes: readonly string[];
}

type GoogleEntry = EntryWith<"GCR" | "GAR", "google", typeof googleSettings>;

export const googleRegistries: Readonly<Record<GoogleEntry["provider"], RegistryNames>> = {
  // The hosts that Google's own kubelet plugin serves:
  // https://github.com/kubernetes/cloud-provider-gcp/blob/master/pkg/gcpcredential/gcpcredential.go
  GCR: {
    templates: ["gcr.io", "<label>.gcr.io"],
    forms: ["gcr.io", "us.gcr.io", "eu.gcr.io", "asia.gcr.io"],
  },
  // https://cloud.google.com/artifact-registry/docs/reference/regional-endpoints
  GAR: {
    templates: ["<location>-docker.pkg.dev", "docker.<location>.rep.pkg.dev"],
    forms: ["LOCATION-docker.pkg.dev", "docker.REGION.rep.pkg.dev"],
    // A region or a multi-region: https://cloud.google.com/artifact-registry/docs/repositories/repo-locations
    places: { location: "[a-z]+(?:-[a-z]+[0-9]{1,2})?" },
  },
};

export const googleIdentities = anyIdentity;

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
export const googleAnnotations = [emailAnnotation, providerAnnotation];

/** One token serves all hosts: Google's tokens are for whoever may pull, wherever that is. */
export function googleGrants(entry: GoogleEntry, scope: RenderScope): readonly HostGroup<GoogleGrant>[] {
  const { provider } = entry;
  return sharedGrant(entry.hosts, (host) => registryHost(googleRegistries[provider], host) !== undefined, {
    grant: () => grantOf(entry, scope),
    refused: (host) => invalidHost(host, provider),
  });
}

function grantOf(entry: GoogleEntry, scope: RenderScope): GoogleGrant | Failure {
  const asked = identityOf(entry.identity, scope, googleIdentities);
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
    ...defined({ impersonate, workloadIdentityProvider, caSecretName: entry.caSecretName }),
  };
}

/** From the spec, else from the ServiceAccount's annotation; without either, the identity pulls as itself. */
function impersonateOf(
  { google }: GoogleEntry,
  identity: GrantIdentity,
  annotations: Readonly<Record<string, string>>,
  scope: RenderScope,
): string | Failure | undefined {
  const refused = (where: string, text: string, cause: Cause): Failure =>
    invalid(
      "InvalidServiceAccountEmail",
      `${where} ${quotedText(text)}, no email of a Google service account: write ${emailForm}`,
      cause,
    );
  const isEmail = (text: string): boolean => emailSyntax.test(text);
  const inSpec = renderedField(google.impersonate, scope, isEmail, (text, cause) =>
    refused("google.impersonate becomes", text, cause),
  );
  if (inSpec !== undefined) return inSpec;
  const text = annotations[emailAnnotation];
  if (!isServiceAccount(identity) || text === undefined || isEmail(text)) return text;
  return refused(`the annotation ${emailAnnotation} of ${nameOf(identity)} is`, text, ownerOf(identity));
}

/** Only a ServiceAccount's token is exchanged at one; without one, the cluster is GKE's and has its own. */
function providerOf(
  { google }: GoogleEntry,
  identity: GrantIdentity,
  annotations: Readonly<Record<string, string>>,
): string | Failure | undefined {
  const reason = "InvalidWorkloadIdentityProvider";
  const inSpec = google.workloadIdentityProvider;
  if (!isServiceAccount(identity)) {
    if (inSpec === undefined) return undefined;
    return invalid(
      reason,
      `google.workloadIdentityProvider takes tokens of ServiceAccounts, but the entry's identity is ${identity.from}: write identity.from: ServiceAccount with the name of one, or remove it`,
    );
  }
  const text = inSpec ?? annotations[providerAnnotation];
  if (text === undefined || providerSyntax.test(text)) return text;
  const where =
    inSpec === undefined
      ? `the annotation ${providerAnnotation} of ${nameOf(identity)}`
      : "google.workloadIdentityProvider";
  return invalid(
    reason,
    `${where} is ${quotedText(text)}: write ${providerForm}, with the project's number and without anything before it`,
    inSpec === undefined ? ownerOf(identity) : "Platform",
  );
}

function scopesOf({ google }: GoogleEntry): readonly string[] | Failure {
  const scopes = google.scopes ?? [defaultScope];
  const wrong = scopes.find((scope) => !scopeSyntax.test(scope));
  if (wrong === undefined) return [...new Set(scopes)].toSorted();
  return invalid(
    "InvalidScope",
    `google.scopes holds ${quotedText(wrong)}: write a whole scope such as ${defaultScope}, or remove google.scopes`,
  );
}

function nameOf({ namespace, name }: AccountIdentity): string {
  return `the ServiceAccount ${namespace}/${name}`;
}

function invalidHost(host: string, provider: GoogleEntry["provider"]): Failure {
  const other = provider === "GCR" ? "GAR" : "GCR";
  const isOther = registryHost(googleRegistries[other], host) !== undefined;
  return invalid(
    "InvalidHost",
    `"${host}" is no host of provider ${provider}: write ${formsText(googleRegistries[provider])}, without port${isOther ? `, or provider: ${other}` : ""}`,
  );
}
