// Which objects take over what a docker config holds?
import { group, kind, version } from "../../api/names.ts";
import { dockerConfigKey, dockerConfigType } from "../../plan/pull-secret-plan.ts";

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

// As the schema bounds them: src/api/spec-schema.ts.
const mostHosts = 16;
const mostEntries = 16;
const longestHost = 253;

/** The source Secret and the RegistryCredential. Hosts beyond what one entry may have go into further entries. */
export function manifests(
  { name, hosts, text, namespaces, secretName }: Import,
  operatorNamespace: string,
): readonly object[] {
  // Hosts that an entry cannot name, such as those with a wildcard, are served by one that takes all of the source.
  const isSaid = hosts.every(isLiteral) && hosts.length <= mostHosts * mostEntries;
  const entries = isSaid
    ? Array.from({ length: Math.ceil(hosts.length / mostHosts) }, (_, index) =>
        hosts.slice(index * mostHosts, (index + 1) * mostHosts),
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
function isLiteral(host: string): boolean {
  const isIpv4InIpv6 = host.startsWith("[") && host.includes(".", 1) && host.indexOf(".") < host.indexOf("]");
  return (
    host.length <= longestHost && !host.includes("*") && !isIpv4InIpv6 && !host.startsWith("registry.hub.docker.com")
  );
}
