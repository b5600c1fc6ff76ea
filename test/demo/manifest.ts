// The manifests that the viewer would write to get what the demo shows.
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../cluster/admin-client.ts";

export interface ManifestOptions {
  /** The operator's namespace. */
  readonly system: string;
  /** Of the registry: HOST:PORT. */
  readonly host: string;
  /** Glob of the tenants' names. */
  readonly tenants: string;
  readonly username: string;
  readonly password: string;
}

export interface Manifest {
  /** As it would be given to `kubectl apply -f`. */
  readonly yaml: string;
  readonly source: KubeObject;
  readonly credential: KubeObject;
}

export const sourceName = "registry-login";
export const credentialName = "regcred-demo";

/** The objects are read from the text, so that what is shown is what is applied. */
export function manifest({ system, host, tenants, username, password }: ManifestOptions): Manifest {
  const yaml = `\
apiVersion: v1
kind: Secret                     # the login, kept once
metadata:
  name: ${sourceName}
  namespace: ${system}
type: kubernetes.io/basic-auth
stringData:
  username: ${username}
  password: ${password}
---
apiVersion: regcred.dev/v1alpha1
kind: RegistryCredential         # and who may pull with it
metadata:
  name: ${credentialName}
spec:
  registries:
    - name: local
      provider: Static
      hosts: ["${host}"]
      static:
        secretName: ${sourceName}
  namespaces:
    include: ["${tenants}"]
`;
  const [source, credential] = parseAllDocuments(yaml).map((document) => document.toJS() as KubeObject);
  if (!source || !credential) throw new Error("the demo's manifest has two documents");
  return { yaml, source, credential };
}
