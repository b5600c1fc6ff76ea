// Where is what the watches tell kept, and as what? A part of the composition root.
import { randomBytes } from "node:crypto";
import type {
  CrdRecord,
  CredentialRecord,
  NamespaceRecord,
  OperatorSecretRecord,
  PodRecord,
  SecretRecord,
  ServiceAccountRecord,
} from "./records.ts";
import { labelsOfMakers } from "./makers.ts";
import { tokenFromData } from "./token-wire.ts";
import type { Log } from "../runtime/observability/log.ts";
import { errorFields } from "../runtime/observability/log-watch.ts";
import { type AskedLabels, askedLabels } from "./watched-labels.ts";
import { keyedDigest } from "./digest.ts";
import { bytesOfPod, bytesOfServiceAccount } from "./record-bytes.ts";
import { type FedStore, store } from "../runtime/watch/store.ts";
import { transformCrd } from "./transform/crd.ts";
import { transformCredential } from "./transform/credential.ts";
import { transformNamespace } from "./transform/namespace.ts";
import { transformOperatorSecret } from "./transform/operator-secret.ts";
import { transformPod } from "./transform/pod.ts";
import { transformSecret } from "./transform/secret.ts";
import { transformServiceAccount } from "./transform/service-account.ts";

export interface ClusterStores {
  readonly stores: {
    readonly crds: FedStore<CrdRecord>;
    readonly credentials: FedStore<CredentialRecord>;
    readonly namespaces: FedStore<NamespaceRecord>;
    readonly serviceAccounts: FedStore<ServiceAccountRecord>;
    readonly pullSecrets: FedStore<SecretRecord>;
    readonly operatorSecrets: FedStore<OperatorSecretRecord>;
    readonly pods: FedStore<PodRecord>;
  };
  /** What is kept of an object; undefined where it is of no interest. */
  readonly transforms: {
    readonly crd: (raw: unknown) => CrdRecord | undefined;
    readonly credential: (raw: unknown) => CredentialRecord | undefined;
    readonly namespace: (raw: unknown) => NamespaceRecord | undefined;
    readonly serviceAccount: (raw: unknown) => ServiceAccountRecord | undefined;
    readonly secret: (raw: unknown) => SecretRecord | undefined;
    readonly operatorSecret: (raw: unknown) => OperatorSecretRecord | undefined;
    readonly pod: (raw: unknown) => PodRecord | undefined;
  };
  /** Which labels of Namespaces are kept. */
  readonly labels: AskedLabels;
  /** Of contents, keyed anew for each process. */
  readonly digest: (values: Readonly<Record<string, string>>) => string;
}

// Twenty thousand sound ServiceAccounts, a few in each namespace, never come near their own 64 KiB, and 10,000 of them in one
// namespace take 4 MiB. A tenant with 500 namespaces takes its 32 MiB at most, and the pool.
const serviceAccountShare = { own: 64 * 1024, max: 5 * 1024 * 1024, pool: 32 * 1024 * 1024 };
const podShare = { own: 16 * 1024, max: 1024 * 1024, pool: 8 * 1024 * 1024 };

/** Keys of Namespaces' labels by which it is told whether a token's former entry would render it still. */
export function labelsAskedByToken(record: OperatorSecretRecord): readonly string[] {
  return record.kind === "token" ? labelsOfMakers(record.token?.makers) : [];
}

/**
 * @param release of this program
 * @param readNamespacesAgain see `AskedLabelsOptions`; left out: all labels of Namespaces are kept
 * @param wentBack see `StoreOptions`
 */
export function clusterStores(
  log: Log,
  release: string,
  readNamespacesAgain?: () => Promise<void> | undefined,
  wentBack: () => void = () => undefined,
): ClusterStores {
  const labels = askedLabels({ readAgain: () => readNamespacesAgain?.() });
  const listenerFailed = (error: unknown): void => log.error("change not taken in", errorFields(error));
  const told = { listenerFailed, wentBack };
  const digest = keyedDigest(randomBytes(32));
  return {
    stores: {
      crds: store<CrdRecord>(told),
      credentials: store<CredentialRecord>(told),
      namespaces: store<NamespaceRecord>(told),
      serviceAccounts: store<ServiceAccountRecord>({
        ...told,
        indexBy: ({ namespace }) => namespace,
        share: { limits: serviceAccountShare, bytesOf: bytesOfServiceAccount },
      }),
      pullSecrets: store<SecretRecord>(told),
      operatorSecrets: store<OperatorSecretRecord>(told),
      pods: store<PodRecord>({
        ...told,
        indexBy: ({ namespace }) => namespace,
        share: { limits: podShare, bytesOf: bytesOfPod },
      }),
    },
    transforms: {
      crd: transformCrd(release),
      credential: transformCredential,
      namespace: transformNamespace(readNamespacesAgain && labels.keys),
      serviceAccount: transformServiceAccount(),
      secret: transformSecret(digest),
      operatorSecret: transformOperatorSecret(tokenFromData),
      pod: transformPod,
    },
    labels,
    digest,
  };
}
