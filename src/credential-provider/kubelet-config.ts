// The kubelet's configuration for the files of a node: which images it asks for, and with whose token.
//
// https://kubernetes.io/docs/reference/config-api/kubelet-config.v1/#kubelet-config-k8s-io-v1-CredentialProviderConfig
import { cloudAnnotations } from "../api/cloud-annotations.ts";
import type { NodeFile } from "./node-file.ts";
import { exchangeVersion } from "./request.ts";

export interface KubeletConfig {
  readonly apiVersion: "kubelet.config.k8s.io/v1";
  readonly kind: "CredentialProviderConfig";
  readonly providers: readonly KubeletProvider[];
}

interface KubeletProvider {
  readonly name: string;
  readonly apiVersion: typeof exchangeVersion;
  readonly matchImages: readonly string[];
  /** Where an answer names none, which ours always does. */
  readonly defaultCacheDuration: "0s";
  readonly args: readonly string[];
  readonly tokenAttributes?: {
    readonly serviceAccountTokenAudience: string;
    readonly cacheType: "Token" | "ServiceAccount";
    readonly requireServiceAccount: true;
    readonly optionalServiceAccountAnnotationKeys?: readonly string[];
  };
}

/** @param folder where the files lie on the node */
export function kubeletConfig(files: readonly NodeFile[], folder: string): KubeletConfig {
  return {
    apiVersion: "kubelet.config.k8s.io/v1",
    kind: "CredentialProviderConfig",
    providers: files.map((file) => providerOf(file, folder)),
  };
}

function providerOf(file: NodeFile, folder: string): KubeletProvider {
  const { name, audience, entries } = file;
  return {
    name,
    apiVersion: exchangeVersion,
    // The kubelet compares host parts one by one, as it does with the keys of a docker config: the hosts are patterns.
    matchImages: [...new Set(entries.flatMap(({ entry }) => entry.hosts))].toSorted(),
    defaultCacheDuration: "0s",
    args: ["credential-provider", `--config=${folder.replace(/\/$/, "")}/${name}.yaml`],
    ...(audience === undefined ? {} : { tokenAttributes: tokenAttributes(file, audience) }),
  };
}

function tokenAttributes({ entries }: NodeFile, audience: string): NonNullable<KubeletProvider["tokenAttributes"]> {
  // What an endpoint gives for a token may end with the pod that the token is bound to.
  const isExchanged = entries.some(({ entry }) => entry.provider === "TokenExchange");
  const tenants = entries.some(({ entry }) => entry.identity.from === "TenantServiceAccount");
  const keys = [...(tenants ? cloudAnnotations : []), ...entries.flatMap(({ pods }) => pods?.annotations ?? [])];
  return {
    serviceAccountTokenAudience: audience,
    cacheType: isExchanged ? "Token" : "ServiceAccount",
    requireServiceAccount: true,
    // None is required: the kubelet would refuse every pod that lacks one that only another entry wants.
    ...(keys.length > 0 && { optionalServiceAccountAnnotationKeys: [...new Set(keys)].toSorted() }),
  };
}
