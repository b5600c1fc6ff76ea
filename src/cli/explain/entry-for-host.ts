// Finds an entry of a RegistryCredential that may take one more host, so that the API server does not refuse it.
import { longestHost, maxHosts } from "../../api/entry-bounds.ts";
import type { Entry, RegistryCredential } from "../../api/registry-credential.ts";
import { isLiteralHost } from "../../registry/host.ts";
import { registryHost } from "../../registry/host-templates.ts";
import { providers } from "../../providers/index.ts";
import { isCloud, kindOf } from "../../providers/kinds.ts";

/**
 * The index of the entry: one of the cloud that runs the registry, else one whose provider serves any. Undefined where
 * there is none, or where the host may stand in no spec.
 */
export function entryForHost({ spec }: Pick<RegistryCredential, "spec">, host: string): number | undefined {
  if (!isLiteralHost(host) || host.length > longestHost) return undefined;
  const { registries } = spec;
  const ofCloud = registries.findIndex((entry) => hasRoom(entry) && isOfItsCloud(entry, host));
  const any = registries.findIndex((entry) => hasRoom(entry) && !isCloud(providers, entry.provider));
  return [ofCloud, any].find((index) => index >= 0);
}

function hasRoom({ hosts }: Entry): boolean {
  return hosts.length < maxHosts && !hosts.includes("*");
}

/** Where the entry names its registry, any host leads there, and this one may not. */
function isOfItsCloud({ provider, registry }: Entry, host: string): boolean {
  const { registries } = kindOf(providers, provider);
  return registry === undefined && registries !== undefined && registryHost(registries, host) !== undefined;
}
