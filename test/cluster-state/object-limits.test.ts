// Tests that a record is the same, and small, whether a whole object was read or only what is kept of its kind.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cloudAnnotations } from "../../src/api/cloud-annotations.ts";
import { shapedReader } from "../../src/runtime/client/shaped-json.ts";
import { tokenFromData } from "../../src/cluster/token-wire.ts";
import { kept } from "../../src/cluster/object-limits.ts";
import type { Shape } from "../../src/runtime/client/shape.ts";
import { transformNamespace } from "../../src/cluster/transform/namespace.ts";
import { transformOperatorSecret } from "../../src/cluster/transform/operator-secret.ts";
import { transformPod } from "../../src/cluster/transform/pod.ts";
import { transformSecret } from "../../src/cluster/transform/secret.ts";
import { transformServiceAccount } from "../../src/cluster/transform/service-account.ts";

const maxConfigBytes = 1024;
const labels = ["tier", "acme.io/tenant"];
const cloud: readonly string[] = cloudAnnotations;

interface Kind {
  readonly shape: Shape;
  readonly transform: (raw: unknown) => unknown;
  /** Most characters of a record as JSON. */
  readonly max: number;
}

const kinds: Readonly<Record<string, Kind>> = {
  Namespace: { shape: kept.namespace(labels), transform: transformNamespace(() => labels), max: 600 },
  ServiceAccount: { shape: kept.serviceAccount, transform: transformServiceAccount(), max: 40_000 },
  // What is beyond any content of ours may have any digest but that of one of ours: see the tests of the strip.
  Secret: { shape: kept.secret(maxConfigBytes), transform: transformSecret(() => ""), max: 18_000 },
  OperatorSecret: { shape: kept.operatorSecret, transform: transformOperatorSecret(tokenFromData), max: 20_000 },
  Pod: { shape: kept.pod, transform: transformPod, max: 20_000 },
};

function readAs(shape: Shape, raw: unknown): unknown {
  const reader = shapedReader(shape);
  // As Go writes it: https://pkg.go.dev/encoding/json#Marshal
  reader.write(Buffer.from(JSON.stringify(raw).replaceAll("<", "\\u003c")));
  return reader.end();
}

/** Of all texts, and what JSON writes around them. */
const charactersIn = (record: unknown): number =>
  (JSON.stringify(record) ?? "").replaceAll(String.raw`\u0000`, "0").length;

// Around every limit, in characters of one and of six bytes.
const textOf = fc
  .tuple(
    fc.constantFrom("a", "<", "\u00fc", "\u0000"),
    fc.oneof(
      fc.integer({ min: 0, max: 80 }),
      fc.integer({ min: 240, max: 260 }),
      fc.constantFrom(520, 1100, 2049, 4097),
    ),
  )
  .map(([character, length]) => character.repeat(length));
const known = [
  "app.kubernetes.io/managed-by",
  "regcred.dev/credentials",
  "regcred.dev/references",
  "regcred.dev/ignore",
  ...labels,
  ...cloud,
];
const stringMap = fc
  .tuple(
    fc.dictionary(
      fc.oneof(fc.constantFrom(...known), fc.stringMatching(/^[a-z]{1,9}$/)),
      fc.oneof(fc.constantFrom("regcred", "true", "a,b"), textOf),
    ),
    fc.integer({ min: 0, max: 400 }),
  )
  .map(([named, more]) => ({
    ...Object.fromEntries(Array.from({ length: more }, (_, index) => [`k${index}`, "v"])),
    ...named,
  }));
const many = <T>(item: fc.Arbitrary<T>, ...counts: number[]): fc.Arbitrary<T[]> =>
  fc
    .tuple(fc.array(item, { maxLength: 4 }), item, fc.constantFrom(0, 0, ...counts))
    .map(([first, repeated, count]) => [...Array.from({ length: count }, () => repeated), ...first]);
const owner = fc.record(
  { apiVersion: textOf, kind: textOf, name: textOf, uid: fc.constant("u"), controller: fc.boolean() },
  { requiredKeys: [] },
);
const manager = fc.record(
  {
    manager: fc.oneof(fc.constantFrom("regcred", "helm", "kubectl-client-side-apply"), textOf),
    operation: fc.constantFrom("Apply", "Update"),
    subresource: fc.constantFrom("", "status"),
    fieldsV1: fc.constant({ "f:imagePullSecrets": {} }),
  },
  { requiredKeys: [] },
);
const container = fc.record({
  name: fc.constantFrom("a", "b"),
  image: textOf,
  env: fc.array(textOf, { maxLength: 3 }),
});
const status = fc.record({
  name: fc.constantFrom("a", "b"),
  state: fc.record({ waiting: fc.record({ reason: fc.constantFrom("ErrImagePull", "Other"), message: textOf }) }),
});
const object = fc.record(
  {
    type: fc.oneof(fc.constantFrom("Opaque", "kubernetes.io/dockerconfigjson", "regcred.dev/token"), textOf),
    immutable: fc.boolean(),
    data: stringMap,
    imagePullSecrets: many(fc.record({ name: textOf }), 31, 33, 1002),
    secrets: many(fc.record({ name: textOf })),
    spec: fc.record(
      {
        serviceAccountName: textOf,
        imagePullSecrets: many(fc.record({ name: textOf }), 31, 33),
        containers: many(container, 70),
      },
      { requiredKeys: [] },
    ),
    status: fc.record({ containerStatuses: many(status, 70), phase: textOf }, { requiredKeys: [] }),
    metadata: fc.record(
      {
        labels: stringMap,
        annotations: stringMap,
        ownerReferences: many(owner, 20),
        finalizers: many(textOf),
        managedFields: many(manager, 31, 33),
        deletionTimestamp: fc.constant("2026-01-01T00:00:00Z"),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ["metadata"] },
);
const identity = {
  namespace: "team-a",
  name: "name",
  uid: "11111111-2222-3333-4444-555555555555",
  resourceVersion: "7",
  creationTimestamp: "2026-01-01T00:00:00Z",
};

describe.each(Object.entries(kinds))("the record of a %s", (_kind, { shape, transform, max }) => {
  it("is the same of the whole object and of what is kept of it, and small", () => {
    fc.assert(
      fc.property(object, fc.boolean(), (some, isFirst) => {
        // The API server writes the fields in the order of Go's structs, another one in any.
        const metadata = isFirst ? { ...identity, ...some.metadata } : { ...some.metadata, ...identity };
        const { metadata: _metadata, ...rest } = some;
        const raw = isFirst ? { metadata, ...rest } : { ...rest, metadata };
        const record = transform(raw);
        expect(transform(readAs(shape, raw))).toEqual(record);
        expect(charactersIn(record)).toBeLessThan(max);
      }),
      { numRuns: 50 },
    );
  });
});

describe("a pod of more containers than anybody looks at", () => {
  it.each([
    { at: 0, isSeen: true },
    { at: 63, isSeen: true },
    { at: 64, isSeen: false },
    { at: 99, isSeen: false },
  ])("is stuck by its container $at: $isSeen, however it is read", ({ at, isSeen }) => {
    const containers = Array.from({ length: 100 }, (_, index) => ({ name: `c${index}`, image: `i${index}` }));
    const raw = {
      metadata: identity,
      spec: { containers },
      status: {
        containerStatuses: containers.map(({ name }, index) => ({
          name,
          state: { waiting: { reason: index === at ? "ErrImagePull" : "ContainerCreating" } },
        })),
      },
    };
    expect(transformPod(raw)).toEqual(transformPod(readAs(kept.pod, raw)));
    expect(transformPod(raw) !== undefined).toBe(isSeen);
  });
});
