// Finds whether an entry names the registry of an image, so that it may be asked. Images and logins are what a tenant writes, and the
// machine that asks is somebody else's.
import type { Entry } from "../../api/registry-credential.ts";
import { resources } from "../../cluster/resources.ts";
import { isFailure } from "../../providers/grant.ts";
import { staticGrants } from "../../providers/static/grant.ts";
import type { NamespaceRecord } from "../../cluster/records.ts";
import { selectsNamespace } from "../../entitlement/selection.ts";
import type { ExplainInput } from "../explain/input.ts";
import { there } from "../seen.ts";
import { textOfBase64 } from "../../runtime/base64.ts";
import { configPlaces, parseDockerConfig } from "../../registry/docker-config.ts";
import { canonicalHost, configKey, withFormerNames } from "../../registry/host.ts";
import { parseImageReference } from "../../registry/image-reference.ts";
import { loginsFor } from "../../registry/kubelet-match.ts";
import { seen } from "../reads.ts";
import type { Session } from "../session.ts";

/**
 * The entries that do, of the credentials that select the namespace; one that takes all of its source names the source's hosts.
 */
export async function entriesNaming(
  image: string,
  input: ExplainInput,
  objects: Pick<Session["objects"], "get">,
): Promise<readonly Entry[]> {
  const { operatorNamespace } = input;
  const namespace = there(input.namespace);
  const entries = input.credentials
    .flatMap(({ credential }) => credential ?? [])
    .filter(({ spec }) => !namespace || selectsNamespace(spec.namespaces, namespace, operatorNamespace))
    .flatMap(({ spec }) => spec.registries);
  const names = (host: string): boolean => serves(host, image);
  const found: Entry[] = [];
  for (const entry of entries) {
    const isAll = namespace && entry.provider === "Static" && entry.hosts.includes("*");
    const hosts = isAll
      ? await hostsOfSource(entry, namespace, operatorNamespace, objects)
      : entry.hosts.map((host) => canonicalHost(host) ?? "");
    if (hosts.some(names)) found.push(entry);
  }
  return found;
}

/** As a kubelet matches them, but for its fallback, which gives Docker Hub's login to hosts that are not Docker Hub. */
function serves(host: string, image: string): boolean {
  const parsed = parseImageReference(image);
  if (!parsed.ok || (host === "docker.io" && parsed.image.domain !== host)) return false;
  return loginsFor(image, [[configKey(host), host]]).length > 0;
}

/** None where it may not be read, or is not there. */
async function hostsOfSource(
  entry: Extract<Entry, { provider: "Static" }>,
  namespace: NamespaceRecord,
  operatorNamespace: string,
  objects: Pick<Session["objects"], "get">,
): Promise<readonly string[]> {
  const serviceAccount = (): undefined => undefined;
  const grants = staticGrants(entry, { namespace, operatorNamespace, serviceAccount });
  const hosts: string[] = [];
  for (const { grant } of grants) {
    if (isFailure(grant)) continue;
    const source = await seen(
      objects.get(resources.secrets, { namespace: grant.namespace, name: grant.name }),
      (raw) => raw as { readonly data?: Readonly<Record<string, string>> },
    );
    for (const { key, form } of Object.values(configPlaces)) {
      const parsed = parseDockerConfig(textOfBase64(there(source)?.data?.[key] ?? "") ?? "", form);
      if (parsed.ok) hosts.push(...withFormerNames(parsed.logins).keys());
    }
  }
  return hosts;
}
