// The fields of the operator's watched objects that a tenant can make large, and how large the API server accepts them.
import type { AdminClient } from "../cluster/admin-client.ts";

/** An object of the name with about so many bytes in the field. */
export type Make = (name: string, bytes: number) => object;

export interface Makers {
  readonly kind: string;
  /** Where they are created. */
  readonly path: string;
  readonly makers: Readonly<Record<string, Make>>;
}

const largest = 1_500_000;

const text = (bytes: number): string => "x".repeat(bytes);
const many = <T>(bytes: number, each: number, item: (index: number) => T): T[] =>
  Array.from({ length: Math.floor(bytes / each) }, (_, index) => item(index));
const map = (bytes: number): Record<string, string> =>
  Object.fromEntries(many(bytes, 20, (index) => [`key-${index}`, "value"]));
const owner = (index: number): object => ({ apiVersion: "v1", kind: "Thing", name: `n${index}`, uid: `u${index}` });

/** The metadata of every kind. */
const ofMetadata: Readonly<Record<string, Make>> = {
  labels: (name, bytes) => ({ metadata: { name, labels: map(bytes) } }),
  annotations: (name, bytes) => ({ metadata: { name, annotations: map(bytes) } }),
  annotation: (name, bytes) => ({ metadata: { name, annotations: { note: text(bytes) } } }),
  finalizers: (name, bytes) => ({
    metadata: { name, finalizers: many(bytes, 30, (index) => `example.com/f${index}`) },
  }),
  owners: (name, bytes) => ({ metadata: { name, ownerReferences: many(bytes, 70, owner) } }),
  owner: (name, bytes) => ({
    metadata: {
      name,
      ownerReferences: [{ apiVersion: "v1", kind: text(bytes), name: "n", uid: "u", controller: true }],
    },
  }),
};

const pod =
  (spec: (bytes: number) => object): Make =>
  (name, bytes) => ({
    metadata: { name },
    spec: { containers: [{ name: "app", image: "registry.example.com/app" }], ...spec(bytes) },
  });

/** Of all that tenants can write and the operator watches. Pods have no node, and so stay Pending. */
export function makersOf(namespace: string): readonly Makers[] {
  const inNamespace = (resource: string): string => `/api/v1/namespaces/${namespace}/${resource}`;
  const references = (bytes: number): object[] => many(bytes, 20, (index) => ({ name: `n${index}` }));
  const ofPod = Object.fromEntries(
    Object.entries(ofMetadata).map(([field, make]): [string, Make] => [
      field,
      (name, bytes) => ({ ...pod(() => ({}))(name, bytes), ...make(name, bytes) }),
    ]),
  );
  const image = "registry.example.com/app";
  return [
    { kind: "Namespace", path: "/api/v1/namespaces", makers: ofMetadata },
    {
      kind: "ServiceAccount",
      path: inNamespace("serviceaccounts"),
      makers: {
        ...ofMetadata,
        imagePullSecret: (name, bytes) => ({ metadata: { name }, imagePullSecrets: [{ name: text(bytes) }] }),
        imagePullSecrets: (name, bytes) => ({ metadata: { name }, imagePullSecrets: references(bytes) }),
        secrets: (name, bytes) => ({ metadata: { name }, secrets: references(bytes) }),
        record: (name, bytes) => ({ metadata: { name, annotations: { "regcred.dev/references": text(bytes) } } }),
        role: (name, bytes) => ({ metadata: { name, annotations: { "eks.amazonaws.com/role-arn": text(bytes) } } }),
      },
    },
    {
      kind: "Pod",
      path: inNamespace("pods"),
      makers: {
        ...ofPod,
        image: pod((bytes) => ({ containers: [{ name: "app", image: text(bytes) }] })),
        containers: pod((bytes) => ({ containers: many(bytes, 400, (index) => ({ name: `c${index}`, image })) })),
        imagePullSecrets: pod((bytes) => ({ imagePullSecrets: references(bytes) })),
        environment: pod((bytes) => ({
          containers: [{ name: "app", image, env: [{ name: "A", value: text(bytes) }] }],
        })),
      },
    },
  ];
}

/** The same for a Secret that is there already: patches of it. */
export const ofSecret: Readonly<Record<string, (bytes: number) => object>> = {
  labels: (bytes) => ({ metadata: { labels: map(bytes) } }),
  annotations: (bytes) => ({ metadata: { annotations: map(bytes) } }),
  credentials: (bytes) => ({ metadata: { annotations: { "regcred.dev/credentials": "c,".repeat(bytes / 2) } } }),
  entries: (bytes) => ({ metadata: { annotations: { "regcred.dev/entries": text(bytes) } } }),
  finalizers: (bytes) => ({ metadata: { finalizers: many(bytes, 30, (index) => `example.com/f${index}`) } }),
  owners: (bytes) => ({ metadata: { ownerReferences: many(bytes, 70, owner) } }),
  data: (bytes) => ({ data: { blob: text(bytes - (bytes % 4)) } }),
  keys: (bytes) => ({ data: Object.fromEntries(many(bytes, 20, (index) => [`key-${index}`, "eHg="])) }),
};

/** Calls with ever fewer bytes until the API server takes them, and says how many it took. */
export async function largestTakenBy(call: (bytes: number) => Promise<unknown>): Promise<number> {
  let lastError: unknown;
  for (let bytes = largest; bytes > largest / 20; bytes = Math.floor(bytes * 0.85)) {
    try {
      await call(bytes);
      return bytes;
    } catch (error) {
      lastError = error;
    }
  }
  throw new Error("the API server takes no such object at all", { cause: lastError });
}

/** Creates it as large as the API server takes it. */
export async function largestTaken(admin: AdminClient, path: string, name: string, make: Make): Promise<number> {
  return largestTakenBy((bytes) => admin.create(path, make(name, bytes)));
}
