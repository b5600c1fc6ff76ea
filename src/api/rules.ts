// Which mistakes does the API server refuse beyond wrong shapes, and what does it tell the author to write?
//
// CEL: https://kubernetes.io/docs/reference/using-api/cel/. Every message says what to write, because whoever reads it has
// just been refused. Several rules may fire at once, so each judges one mistake and is silent about the others'.

import { cloudProviders, formsText, hostPattern, registryTemplates } from "../registry/vendor-hosts.ts";
import { managedByLabel, group } from "./names.ts";
import { labelKeySyntax, placeholderSyntax, tooLongPrefixSyntax } from "./placeholder-syntax.ts";

export interface Rule {
  /** CEL over `self`. */
  readonly rule: string;
  /** What to write. */
  readonly message: string;
}

/** Schema metadata that attaches the rules. */
export const rules = (...list: readonly Rule[]): { readonly "x-kubernetes-validations": readonly Rule[] } => ({
  "x-kubernetes-validations": list,
});

// CEL's raw strings take a regular expression as it is; ours hold single quotes only.
const matches = (syntax: string): string => `self.matches(r"^(${syntax})$")`;

const subdomain = String.raw`[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*`;

// 1 to 65535.
const port = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";

const withPort = (digits: string): string => String.raw`([a-zA-Z]+://)?([^/:]*|\[[^/]*\]):${digits}(/.*)?`;

/** Is it the key of a label or annotation, as the API server takes it? */
const isKey = (text: string): string =>
  `${text}.matches(r"^(${labelKeySyntax})$") && !${text}.matches(r"^${tooLongPrefixSyntax}")`;
const keyForm =
  "such as acme.io/team: a name of at most 63 letters, digits, '-', '_' and '.', and perhaps a DNS name of at most 253 characters and a slash before it";

/** Rules on one piece of text. */
export const textRules = {
  objectName: {
    rule: matches(subdomain),
    message:
      "write a Kubernetes object name: lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit; placeholders are not filled in here",
  },
  namespaceName: {
    rule: matches("[a-z0-9]([-a-z0-9]*[a-z0-9])?"),
    message:
      "write a DNS label: lower-case letters, digits and '-', beginning and ending with a letter or digit; placeholders are not filled in here",
  },
  secretKey: {
    rule: matches("[-._a-zA-Z0-9]+"),
    message: "write a key of the Secret: letters, digits, '-', '_' and '.'",
  },
  labelKey: {
    rule: isKey("self"),
    message: `write a label key, ${keyForm}`,
  },
  glob: {
    rule: matches("[-a-z0-9.*?]+"),
    message:
      "write a name or a glob of lower-case letters, digits, '-', '.', * (any text) and ? (one character), such as team-*",
  },
  literal: {
    rule: "!self.contains('$(')",
    message: "remove the placeholder: $(...) is not filled in here",
  },
  placeholders: {
    rule: matches(`([^$]|${placeholderSyntax})*`),
    message: "write a placeholder as $(namespace.name) or $(namespace.labels['KEY']); $ has no other use here",
  },
  sourceName: {
    rule: matches(`[a-z0-9](([-a-z0-9.]|${placeholderSyntax})*([a-z0-9]|${placeholderSyntax}))?`),
    message:
      "write a Secret name; $(namespace.name) or $(namespace.labels['KEY']) may follow a literal prefix, as in pull-$(namespace.name)",
  },
  roleARN: {
    rule: matches("arn:aws[-a-z]*:iam::[^:]+:role/.+"),
    message: "write the ARN of an IAM role, such as arn:aws:iam::123456789012:role/pull",
  },
  image: {
    // TAG or DIGEST stands after the last slash that is not part of a placeholder.
    rule: matches(`[^/$ ]+/[^ ]*[^/: ](:([^:/ $]|${placeholderSyntax})+|@sha256:[0-9a-f]{64})`),
    message:
      "write a full image reference with registry host and tag or digest, such as registry.example.com/team/app:1; the host is literal",
  },
  exchangeURL: {
    rule: matches(String.raw`https://[-a-zA-Z0-9.]+(:${port})?(/[^\s#@$]*)?`),
    message:
      "write an https:// URL without user, fragment or placeholders, such as https://identity.docker.com/oauth/token",
  },
  headerName: {
    rule: `${matches("[-A-Za-z0-9]+")} && !(self.lowerAscii() in ['authorization', 'content-length', 'content-type', 'cookie', 'host', 'transfer-encoding'])`,
    message:
      "write the name of another header: Authorization comes from auth, Content-Type from body.format, and the transport sets its own",
  },
  jsonPath: {
    rule: matches(String.raw`[-_A-Za-z0-9]+(\.[-_A-Za-z0-9]+)*`),
    message: "write field names joined by dots, such as access_token or data.token",
  },
  exchangeField: {
    rule: "has(self.value) != has(self.valueFrom)",
    message: "write either value or valueFrom",
  },
  exchangeUsername: {
    rule: "!has(self.username) || !has(self.response.usernamePath)",
    message: "write either username or response.usernamePath, or neither with the user name in the identity's Secret",
  },
  tokenServer: {
    rule: matches(String.raw`(${subdomain}|\[[0-9a-f:]+\])(:${port})?`),
    message:
      "write the host of the token server with optional port, in lower case, without https:// and path, such as gitlab.corp.example or auth.corp.example:8443",
  },
  expressionValues: {
    rule: "has(self.values) == (self.operator in ['In', 'NotIn'])",
    message: "write values with operator In or NotIn, and leave them out with Exists or DoesNotExist",
  },
  host: [
    {
      rule: "!self.contains('://')",
      message: "remove https://: write the host alone, such as ghcr.io",
    },
    {
      rule: "!self.endsWith('/')",
      message: "remove the slash at the end",
    },
    {
      // Images of Docker Hub are never named so: https://github.com/distribution/reference/blob/main/normalize.go
      rule: String.raw`!self.matches(r"^(?i)([a-z]+://)?index\.docker\.io(/.*)?$")`,
      message: "write docker.io for Docker Hub, instead of index.docker.io: images are called by that name",
    },
    {
      // A kubelet passes over it: https://github.com/kubernetes/kubernetes/blob/master/pkg/credentialprovider/keyring.go
      rule: String.raw`!self.matches(r"^([a-zA-Z]+://)?[^/]*/v[12](/.*)?$")`,
      message: "remove /v1 or /v2 after the host: that is where a registry's API is, and no part of an image's name",
    },
    {
      rule: String.raw`!self.matches(r"^${withPort("[0-9]+")}$") || self.matches(r"^${withPort(port)}$")`,
      message: "write a port from 1 to 65535, such as registry.example.com:5000",
    },
    {
      // HOST, HOST:PORT or [IPv6]:PORT, then a path of segments with a letter or digit each, which `..` is not; what the
      // rules above judge passes. Letters of both cases: a kubelet compares them one by one.
      rule: matches(
        String.raw`\*|(\*\.)?([a-zA-Z]+://)?([a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(:[0-9]+)?(/[-._]*[a-zA-Z0-9][-a-zA-Z0-9._]*)*/?`,
      ),
      message:
        "write a literal host with optional port and path, such as ghcr.io or registry.example.com:5000/team; no placeholders, and no wildcards but *.dkr.ecr.REGION.amazonaws.com",
    },
  ],
} as const satisfies Record<string, Rule | readonly Rule[]>;

export const identityRules: readonly Rule[] = [
  {
    rule: "self.from == 'Operator' || has(self.name)",
    message: "write identity.name: the name of the Secret or ServiceAccount",
  },
  {
    rule: "self.from != 'Operator' || !has(self.name)",
    message: "remove identity.name, or write identity.from: Secret, ServiceAccount or TenantServiceAccount",
  },
];

/** A block may stand only beside its providers. */
const belongs = (block: string, ...providers: readonly string[]): Rule => ({
  rule: `!has(self.${block}) || self.provider in [${providers.map((name) => `'${name}'`).join(", ")}]`,
  message: `remove ${block}, or write provider: ${providers.join(" or ")}`,
});

/** The registries of a cloud, by a regular expression for one host without path. */
const registryPattern = (provider: (typeof cloudProviders)[number], other?: Readonly<Record<string, string>>): string =>
  `(?i)${hostPattern(registryTemplates(provider), other)}`;

// What is wrong with a scheme or with "*" alone is for other rules to say.
const cloudRules: readonly Rule[] = cloudProviders.flatMap((provider) => [
  {
    rule: `self.provider != '${provider}' || has(self.registry) || self.hosts.all(host, host == '*' || host.matches(r"^([a-zA-Z]+://)?${registryPattern(provider)}(/.*)?$"))`,
    message: `write hosts of ${provider}: ${formsText(provider)}, without port; for a name of your own, write that registry in registry`,
  },
  {
    rule: `self.provider != '${provider}' || !has(self.registry) || self.registry.matches(r"^${registryPattern(provider, { accounts: "[0-9]{12}" })}$")`,
    message: `write the host of the ${provider} registry itself in registry, without port and path, and in hosts the names of your own that lead to it`,
  },
]);

/** Rules on one item of `spec.registries`. */
export const entryRules: readonly Rule[] = [
  ...cloudRules,
  belongs("registry", ...cloudProviders),
  {
    rule: "!self.hosts.exists(host, host.startsWith('*.')) || (self.provider == 'ECR' && !has(self.registry))",
    message:
      "write the hosts one by one: only provider ECR has a token for all accounts of a region, at AWS's own names without registry",
  },
  belongs("ecr", "ECR", "ECRPublic"),
  belongs("acr", "ACR"),
  belongs("google", "GCR", "GAR"),
  belongs("ocir", "OCIR"),
  belongs("icr", "ICR"),
  belongs("static", "Static"),
  belongs("tokenExchange", "TokenExchange"),
  {
    rule: "self.provider != 'Static' || has(self.static)",
    message: "write static.secretName: provider Static reads that Secret",
  },
  {
    rule: "self.provider != 'TokenExchange' || has(self.tokenExchange)",
    message: "write tokenExchange.url: provider TokenExchange asks there",
  },
  {
    rule: "self.provider != 'Static' || self.identity.from == 'Operator'",
    message: "remove identity: provider Static has none, its Secret is the credential",
  },
  {
    rule: "!self.hosts.exists(host, host == '*') || (self.hosts.size() == 1 && self.provider == 'Static')",
    message: 'write the hosts one by one: "*" stands alone, and only with provider Static',
  },
  {
    rule: "!has(self.verify) || self.hosts.exists(host, host.startsWith('*') || self.verify.image.startsWith(host + '/'))",
    message: "write a verify.image that begins with one of this entry's hosts, such as HOST/REPOSITORY:TAG",
  },
];

const reserved = `key.startsWith('${group}/') || key == '${managedByLabel}'`;

/** Rules on the object and on larger parts of its spec. */
export const credentialRules = {
  object: [
    {
      // The name is the value of labels and part of other names.
      rule: "self.metadata.name.size() <= 63",
      message: "write a metadata.name of at most 63 characters",
    },
  ],
  spec: [
    {
      rule: "self.registries.all(entry, entry.hosts.all(host, host == '*' || self.registries.exists_one(other, host in other.hosts)))",
      message: "write each host in one entry only: two entries of registries claim the same one",
    },
    {
      rule: "!self.registries.exists(entry, has(entry.static) && entry.static.secretName == self.pullSecret.name || entry.identity.from == 'Secret' && entry.identity.name == self.pullSecret.name)",
      message: "write another pullSecret.name: a source Secret (static.secretName or identity.name) has this one",
    },
  ],
  namespaces: {
    rule: "has(self.include) || has(self.selector)",
    message: 'write namespaces.include or namespaces.selector; include: ["*"] selects every namespace',
  },
  selector: {
    rule: "has(self.matchLabels) || has(self.matchExpressions)",
    message: "write matchLabels or matchExpressions: an empty selector would select every namespace",
  },
  labelKeys: {
    rule: `self.all(key, ${isKey("key")})`,
    message: `write label keys ${keyForm}`,
  },
  annotationKeys: {
    rule: `self.all(key, ${isKey("key")})`,
    message: `write annotation keys ${keyForm}`,
  },
  reservedLabels: {
    rule: `!self.exists(key, ${reserved})`,
    message: `write other label keys: ${group}/... and ${managedByLabel} are set by the operator`,
  },
  reservedAnnotations: {
    rule: `!self.exists(key, ${reserved})`,
    message: `write other annotation keys: ${group}/... and ${managedByLabel} are set by the operator`,
  },
  extraReferences: {
    rule: "!has(self.extraReferences) || !(self.name in self.extraReferences)",
    message: "remove pullSecret.name from extraReferences: it is referenced anyway",
  },
} as const satisfies Record<string, Rule | readonly Rule[]>;
