// The manifest that the viewer would write for three registries of clouds.
import { parse } from "yaml";
import type { KubeObject } from "../cluster/admin-client.ts";
import { type CloudName, cloudNames, type PlayedClouds, registryHosts } from "./played-clouds.ts";

export interface CloudManifest {
  /** The identities; too long to be shown. */
  readonly secrets: readonly KubeObject[];
  /** Of the RegistryCredential, as it would be given to `kubectl apply -f`. */
  readonly yaml: string;
  readonly credential: KubeObject;
}

export const cloudCredentialName = "regcred-demo-clouds";

const identityNames: Readonly<Record<CloudName, string>> = { ECR: "aws-key", ACR: "azure-app", GCR: "google-key" };

export function cloudManifest(tenants: string, keys: PlayedClouds["keys"]): CloudManifest {
  const entries = cloudNames.map(
    (name) => `\
    - name: ${name.toLowerCase()}
      provider: ${name}
      hosts: ["${registryHosts[name]}"]
      identity: { from: Secret, name: ${identityNames[name]} }
`,
  );
  const yaml = `\
apiVersion: regcred.dev/v1alpha1
kind: RegistryCredential
metadata:
  name: ${cloudCredentialName}
spec:
  registries:
${entries.join("")}\
  namespaces:
    include: ["${tenants}"]
`;
  return {
    secrets: cloudNames.map((name) => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: identityNames[name] },
      stringData: keys[name],
    })),
    yaml,
    credential: parse(yaml) as KubeObject,
  };
}
