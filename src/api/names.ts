// Names of the API group, labels, annotations and finalizers that users and regcred write on objects.

export const group = "regcred.dev";
export const version = "v1alpha1";
export const plural = "registrycredentials";
export const kind = "RegistryCredential";
export const shortName = "regcred";

/** Where the operator, sources and tokens live unless it is said otherwise: the one of config/default. */
export const defaultOperatorNamespace = "regcred-system";

export const crdName = `${plural}.${group}`;
/** On the CustomResourceDefinition: the release of regcred that it is of. */
export const releaseAnnotation = "regcred.dev/release";

/** Keeps a RegistryCredential until what it wrote to tenants is gone. */
export const finalizer = "regcred.dev/drain";

/** The value of `app.kubernetes.io/managed-by` on every object that is ours; also the field manager. */
export const managedBy = "regcred";
export const managedByLabel = "app.kubernetes.io/managed-by";

/** On a pull Secret: names of the contributing RegistryCredentials, sorted, joined by commas. */
export const credentialsAnnotation = "regcred.dev/credentials";
/** On a pull Secret, for the tenant to read: JSON list of entries with their hosts and expiry. */
export const entriesAnnotation = "regcred.dev/entries";
/** On a pull Secret: JSON record of the labels, annotations and (under Merge) hosts that we set. */
export const managedAnnotation = "regcred.dev/managed";
/** On a ServiceAccount: JSON list of the references that we added. */
export const referencesAnnotation = "regcred.dev/references";

/**
 * On a pull Secret: Argo CD neither calls an Application out of sync for it nor prunes it, whatever tracking metadata a tenant's
 * charts copy onto it. https://argo-cd.readthedocs.io/en/stable/user-guide/compare-options/ and .../sync-options/
 */
export const argoAnnotations: Readonly<Record<string, string>> = {
  "argocd.argoproj.io/compare-options": "IgnoreExtraneous",
  "argocd.argoproj.io/sync-options": "Prune=false",
};

/** On a Namespace or ServiceAccount: `"true"` opts out. */
export const ignoreAnnotation = "regcred.dev/ignore";
/** On a pod: names that the policy on pods has added to its `imagePullSecrets`, joined by spaces. */
export const addedReferencesAnnotation = "regcred.dev/added-references";
/** On a foreign Secret: its owner's consent to be adopted. */
export const adoptAnnotation = "regcred.dev/adopt";
/** On a RegistryCredential: mint now. */
export const refreshAnnotation = "regcred.dev/refresh";
/** On a RegistryCredential: `GENERATION-COUNT` lets a held removal go on. */
export const allowRemovalAnnotation = "regcred.dev/allow-removal";
/** On a RegistryCredential in deletion: `"true"` gives up on what blocks the drain. */
export const forceFinalizeAnnotation = "regcred.dev/force-finalize";

/** On a source Secret outside the operator's namespace: `"true"` offers it as a source. */
export const sourceLabel = "regcred.dev/source";
/** On a static source: RFC 3339 time at which the credential ends. */
export const expiresAtAnnotation = "regcred.dev/expires-at";

/** Type of the Secrets that hold minted tokens in the operator's namespace. */
export const tokenSecretType = "regcred.dev/token";
/** Type of the Secrets of the operator's namespace that say which namespaces hold a login of a RegistryCredential. */
export const membersSecretType = "regcred.dev/members";

/** The one pull Secret name that charts and pods may name. */
export const defaultPullSecretName = "regcred";
