// Reads the state of the cluster from which a dry run starts. Reads only.
import type { RegistryCredential } from "../../api/registry-credential.ts";
import type { KindName } from "../../cluster/kinds.ts";
import { type ObjectReader } from "../../cluster/object-reader.ts";
import { resources } from "../../cluster/resources.ts";
import { transformCredential } from "../../cluster/transform/credential.ts";

/** What the operator watches, without what a dry run leaves out: it evicts no pods, and the kind is that of its own release. */
export type DryRunKind = Exclude<KindName, "crds" | "pods">;

/**
 * Whole objects as they are on the wire; Namespaces without spec and status. Of Secrets all that bear a pull Secret's name,
 * and those of the operator's namespace and of those that sources are named in.
 */
export type ClusterState = Readonly<Record<DryRunKind, readonly unknown[]>>;

/** @param planned credentials that are not in the cluster as they are meant to be; their Secrets' names count too */
export async function clusterState(
  objects: ObjectReader,
  planned: readonly RegistryCredential[],
  operatorNamespace: string,
): Promise<ClusterState> {
  const [credentials, namespaces, serviceAccounts] = await Promise.all([
    objects.list(resources.credentials),
    objects.listMetadata(resources.namespaces),
    objects.list(resources.serviceAccounts),
  ]);
  const known = [...credentials.map((raw) => transformCredential(raw).credential), ...planned].filter(
    (credential) => credential !== undefined,
  );
  const names = new Set(
    known.flatMap(({ spec, status }) => [
      spec.pullSecret.name,
      ...(status?.secretName === undefined ? [] : [status.secretName]),
      ...(status?.retiring ?? []).map(({ secretName }) => secretName),
    ]),
  );
  const sources = new Set([
    operatorNamespace,
    ...known.flatMap(({ spec }) => spec.registries.flatMap(sourceNamespace)),
  ]);
  const [pullSecrets, operatorSecrets] = await Promise.all([
    Promise.all([...names].map((name) => objects.list(resources.secrets, { fieldSelector: `metadata.name=${name}` }))),
    Promise.all([...sources].map((namespace) => objects.list(resources.secrets, { namespace }))),
  ]);
  return {
    credentials,
    namespaces,
    serviceAccounts,
    pullSecrets: pullSecrets.flat(),
    operatorSecrets: operatorSecrets.flat(),
  };
}

function sourceNamespace(entry: RegistryCredential["spec"]["registries"][number]): string[] {
  return entry.provider === "Static" && entry.static.secretNamespace !== undefined
    ? [entry.static.secretNamespace]
    : [];
}
