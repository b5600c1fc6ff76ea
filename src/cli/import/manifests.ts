// Manifests of the objects that take over what a docker config holds.
import { longestHost, maxHosts } from "../../api/entry-bounds.ts";
import { group, kind, version } from "../../api/names.ts";
import { dockerConfigKey, dockerConfigType } from "../../registry/docker-config.ts";
import { isLiteralHost } from "../../registry/host.ts";

export interface Import {
  /** Of the RegistryCredential and of its source. */
  readonly name: string;
  readonly hosts: readonly string[];
  /** The docker config. */
  readonly text: string;
  readonly namespaces: object;
  /** Of the Secrets that are to be taken over; the usual one, if absent. */
  readonly secretName?: string;
}

// As the schema bounds it: src/api/spec-schema.ts.
const maxEntries = 16;

/**
 * The source Secret and the RegistryCredential. Hosts beyond what one entry may have go into further entries; where one is
 * a pattern, which no entry may name, a single one takes all hosts of the source.
 */
export function manifests(
  { name, hosts, text, namespaces, secretName }: Import,
  operatorNamespace: string,
): readonly object[] {
  const isListed = hosts.every(mayBeNamed) && hosts.length <= maxHosts * maxEntries;
  const entries = isListed
    ? Array.from({ length: Math.ceil(hosts.length / maxHosts) }, (_, index) =>
        hosts.slice(index * maxHosts, (index + 1) * maxHosts),
      )
    : [["*"]];
  return [
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: operatorNamespace },
      type: dockerConfigType,
      stringData: { [dockerConfigKey]: text },
    },
    {
      apiVersion: `${group}/${version}`,
      kind,
      metadata: { name },
      spec: {
        registries: entries.map((some, index) => ({
          name: index === 0 ? "main" : `more-${index}`,
          provider: "Static",
          hosts: some,
          static: { secretName: name },
        })),
        namespaces,
        // Adopt: the Secrets that are there become regcred's, in place, so that no pull fails. Retain: to go back, delete
        // the RegistryCredential, and every tenant keeps its Secret.
        ...(secretName !== undefined && { pullSecret: { name: secretName, onConflict: "Adopt" } }),
        deletionPolicy: "Retain",
      },
    },
  ];
}

/** The API server takes it for a host of an entry: `textRules.host` in src/api/rules.ts. */
function mayBeNamed(host: string): boolean {
  return isLiteralHost(host) && host.length <= longestHost;
}
