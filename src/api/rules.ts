// Rules by which the API server refuses mistakes beyond wrong shapes, with what each tells the author to write.
//
// CEL: https://kubernetes.io/docs/reference/using-api/cel/. Every message says what to write, because whoever reads it has
// just been refused. Several rules may fire at once, so each judges one mistake and is silent about the others'.

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
export const matches = (syntax: string): string => `self.matches(r"^(${syntax})$")`;

const subdomain = String.raw`[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*`;

/** 1 to 65535. */
export const port = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";

const withPort = (digits: string): string => String.raw`([a-zA-Z]+://)?([^/:]*|\[[^/]*\]):${digits}(/.*)?`;

/** Whether it is the key of a label or annotation, as the API server takes it. */
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
  image: {
    // TAG or DIGEST stands after the last slash that is not part of a placeholder.
    rule: matches(`[^/$ ]+/[^ ]*[^/: ](:([^:/ $]|${placeholderSyntax})+|@sha256:[0-9a-f]{64})`),
    message:
      "write a full image reference with registry host and tag or digest, such as registry.example.com/team/app:1; the host is literal",
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
