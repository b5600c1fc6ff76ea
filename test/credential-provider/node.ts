// A node for these tests: its file, a pod's token, a request of the kubelet.
import type { NodeFile } from "../../src/credential-provider/node-file.ts";
import type { PodAccount } from "../../src/credential-provider/pod-account.ts";
import type { Asker } from "../../src/credential-provider/choices.ts";
import { parseNodeFile } from "../../src/credential-provider/node-file.ts";

export const audience = "pull.example.com";
export const issuer = "https://issuer.example.com";
export const now = Temporal.Instant.from("2026-01-01T00:00:00Z");

/** Where the Secrets lie. */
export const secrets = "/etc/regcred/secrets";

export const asker = (account: PodAccount | undefined): Asker => ({ account, secrets });

/** An entry whose login lies in files. */
export const hub = {
  name: "hub",
  provider: "Static",
  hosts: ["docker.io"],
  static: { secretName: "hub" },
};

/** As YAML says it; of the node itself, unless an audience is among the changes. */
export function rawFile(registries: readonly object[], changes: object = {}): object {
  return {
    apiVersion: "regcred.dev/v1alpha1",
    kind: "NodeCredentials",
    metadata: { name: "regcred" },
    registries,
    ...changes,
  };
}

/** One that serves pods by their ServiceAccounts. */
export function rawPodFile(registries: readonly object[]): object {
  return rawFile(registries, { serviceAccountToken: { audience } });
}

export const anyPod = { namespaces: { include: ["*"] } };

/** Throws where it is none. */
export function nodeFile(raw: object): NodeFile {
  const read = parseNodeFile(raw);
  if (!read.ok) throw new TypeError(read.problems.join("; "));
  return read.file;
}

export const problemsIn = (raw: unknown): readonly string[] => {
  const read = parseNodeFile(raw);
  return read.ok ? [] : read.problems;
};

/** Claims as the API server writes them into a pod's token; unsigned. */
export function tokenOf(changes: object = {}, bound: object = {}): string {
  const claims = {
    iss: issuer,
    aud: [audience],
    exp: now.epochMilliseconds / 1000 + 3600,
    sub: "system:serviceaccount:team-a:builder",
    "kubernetes.io": { namespace: "team-a", serviceaccount: { name: "builder", uid: "u-1" }, ...bound },
    ...changes,
  };
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "RS256" })}.${part(claims)}.hunter2`;
}

export function requestText(changes: object = {}): string {
  return JSON.stringify({
    kind: "CredentialProviderRequest",
    apiVersion: "credentialprovider.kubelet.k8s.io/v1",
    image: "docker.io/acme/app",
    ...changes,
  });
}
