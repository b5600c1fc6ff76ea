// The doctor on what nodes give by themselves: logins of a kubelet's files, which every pod of the node may use.
import { rawFile } from "../credential-provider/read-node-file.ts";
import { ConfigError } from "../../config/config.ts";
import type { CredentialRecord } from "../../cluster/records.ts";
import { loginsFor } from "../../registry/kubelet-match.ts";
import { configKey } from "../../registry/host.ts";
import { foreignText } from "../../runtime/foreign-text.ts";
import { bad, type Finding, well } from "./finding.ts";
import { limitedCredentials } from "./images-on-nodes.ts";

/** Who on the node has a login for which images. */
type Givers = readonly (readonly [pattern: string, giver: string])[];

/**
 * Of a kubelet's CredentialProviderConfig, or of the config.json of a node. A kubelet tries the pod's pull Secrets first, then
 * that file, then its providers, until a pull succeeds. Throws ConfigError.
 */
export async function nodesGiveNothing(records: readonly CredentialRecord[], path: string): Promise<Finding> {
  const check = "node logins";
  const givers = giversIn(await rawFile(path), path);
  const limited = limitedCredentials(records);
  const voided = records.flatMap(({ name, credential }) =>
    (credential && limited.includes(name) ? credential.spec.registries : []).flatMap((entry) =>
      entry.hosts.flatMap((host) =>
        loginsFor(`${configKey(host).replaceAll("*", "x")}/image`, givers).map(
          (giver) => `${giver} for ${host} (${name}/${entry.name})`,
        ),
      ),
    ),
  );
  if (voided.length === 0) return well(check, `${path} has no login where a credential is for some namespaces only`);
  return bad(
    check,
    `a kubelet with ${path} pulls for any pod, once the pod's own Secrets have failed, by ${[...new Set(voided)].join(", ")}: the limits of ${limited.join(", ")} are void on its nodes; take that right or that pattern from it, or give these tenants nodes of their own`,
  );
}

interface KubeletFile {
  readonly kind?: unknown;
  readonly providers?: readonly {
    readonly name?: unknown;
    readonly matchImages?: readonly unknown[];
    readonly tokenAttributes?: unknown;
  }[];
  readonly auths?: Readonly<Record<string, unknown>>;
}

function giversIn(raw: unknown, path: string): Givers {
  const { kind, providers, auths } = Object(raw) as KubeletFile;
  if (kind === "CredentialProviderConfig" && Array.isArray(providers)) {
    // One that asks for the pod's own token may tell pods apart.
    return providers
      .filter(({ tokenAttributes }: NonNullable<KubeletFile["providers"]>[number]) => tokenAttributes === undefined)
      .flatMap(({ name, matchImages = [] }: NonNullable<KubeletFile["providers"]>[number]) =>
        matchImages.map((pattern) => [String(pattern), `the provider ${foreignText(String(name))}`] as const),
      );
  }
  if (typeof auths === "object" && auths !== null) {
    return Object.keys(auths).map((key) => [key, `config.json (${foreignText(key)})`] as const);
  }
  throw new ConfigError(`${path} is neither a CredentialProviderConfig of a kubelet nor a config.json with auths`);
}
