// The names in the world of the failure test: few, so that histories meet in the same objects.

export const systemNamespaces = ["regcred-system", "regcred-moved"] as const;
export type SystemNamespace = (typeof systemNamespaces)[number];

export const namespaces = ["a-1", "a-2", "b-1", "b-2"] as const;
export type NamespaceName = (typeof namespaces)[number];

export const credentials = ["a", "b", "c"] as const;
export type CredentialName = (typeof credentials)[number];

export const secretNames = ["regcred", "regcred-b"] as const;
export type SecretName = (typeof secretNames)[number];

export const accounts = ["default", "app"] as const;
export type AccountName = (typeof accounts)[number];

/** Of the operator's namespace: the identity that entries name. */
export const puller = "puller";

export const sources = ["src-1", "src-2", "src-x", "src-y"] as const;
export type SourceName = (typeof sources)[number];

/** What a template becomes is `src-x` or `src-y`, by the namespace's label. */
export const teams = ["x", "y"] as const;
export type Team = (typeof teams)[number];
export const teamLabel = "team";
export const teamTemplate = `$(namespace.labels['${teamLabel}'])`;

export const hosts = ["one.example.com", "two.example.com", "111111111111.dkr.ecr.eu-west-1.amazonaws.com"] as const;
export type Host = (typeof hosts)[number];
export const cloudHost: Host = hosts[2];

export const roleArn = (role: string): string => `arn:aws:iam::111111111111:role/${role}`;
export const roleAnnotation = "eks.amazonaws.com/role-arn";

/** Somebody else's registry, in Secrets that regcred does not own. */
export const foreignHost = "foreign.example.com";
export const foreignReference = "their-own";
