// Tests that a cached record holds what regcred decides by, and nothing that a tenant can make large.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shapedReader } from "../../../src/runtime/client/shaped-json.ts";
import { keyedDigest } from "../../../src/cluster/digest.ts";
import { kept } from "../../../src/cluster/object-limits.ts";
import { transformNamespace } from "../../../src/cluster/transform/namespace.ts";
import { transformSecret } from "../../../src/cluster/transform/secret.ts";
import { transformServiceAccount } from "../../../src/cluster/transform/service-account.ts";
import { anything, obeyedIn } from "../../foreign-texts.ts";

const digest = keyedDigest(new Uint8Array(32));
const large = "x".repeat(900 * 1024);

const namespace = (metadata: object = {}): unknown => ({
  metadata: { name: "team-a", uid: "u1", resourceVersion: "5", ...metadata },
});
const account = ({ metadata = {}, ...rest }: { metadata?: object; imagePullSecrets?: unknown } = {}): unknown => ({
  metadata: { namespace: "team-a", name: "default", uid: "u2", resourceVersion: "6", ...metadata },
  ...rest,
});
const secret = ({
  metadata = {},
  ...rest
}: { metadata?: object; data?: unknown; type?: string; immutable?: boolean } = {}): unknown => ({
  metadata: {
    namespace: "team-a",
    name: "regcred",
    uid: "u3",
    resourceVersion: "7",
    managedFields: [{ manager: large }],
    ...metadata,
  },
  type: "kubernetes.io/dockerconfigjson",
  ...rest,
});

/** Metadata as regcred writes it, for 16 entries of two hosts each. */
const ours = {
  labels: { "app.kubernetes.io/managed-by": "regcred" },
  annotations: {
    "regcred.dev/credentials": "acme,base-images",
    "regcred.dev/entries": JSON.stringify(
      Array.from({ length: 16 }, (_, index) => ({
        name: `registry-${index}`,
        hosts: [`123456789012.dkr.ecr.eu-west-${index}.amazonaws.com`, `registry-${index}.internal.example.com:5000`],
        expiresAt: "2026-01-01T12:00:00Z",
      })),
    ),
    "regcred.dev/managed": JSON.stringify({ labels: ["app.kubernetes.io/managed-by"], annotations: [], hosts: [] }),
  },
};

describe("the record of a Namespace", () => {
  it("holds of its labels only those that are asked for, none that it inherits", () => {
    const transform = transformNamespace(() => ["tier", "constructor", "absent"]);
    const raw = namespace({
      labels: { tier: "gold", ...Object.fromEntries(Array.from({ length: 9000 }, (_, n) => [`l${n}`, "x"])) },
    });
    expect((transform(raw) as { labels: object }).labels).toEqual({ tier: "gold" });
  });

  it("holds its labels, the opt-out, and whether it is going away", () => {
    const transform = transformNamespace();
    expect(
      transform(
        namespace({
          labels: { tier: "gold" },
          annotations: { "regcred.dev/ignore": "true" },
          deletionTimestamp: "2026-01-01T00:00:00Z",
        }),
      ),
    ).toEqual({
      key: "team-a",
      resourceVersion: "5",
      name: "team-a",
      uid: "u1",
      labels: { tier: "gold" },
      optedOut: true,
      terminating: true,
    });
    expect(transform(namespace())).toMatchObject({ labels: {}, optedOut: false, terminating: false });
  });

  it("does not take any other value of the annotation for an opt-out", () => {
    expect(transformNamespace()(namespace({ annotations: { "regcred.dev/ignore": "yes" } }))).toMatchObject({
      optedOut: false,
    });
  });

  it.each([null, "text", {}, { metadata: null }, { metadata: { name: "a" } }])(
    "is refused where there is no Namespace: %j",
    (raw) => {
      expect(() => transformNamespace()(raw)).toThrow(TypeError);
    },
  );

  it("is refused where a label is no string", () => {
    expect(() => transformNamespace()(namespace({ labels: { tier: 1 } }))).toThrow("labels: a value is no string");
  });
});

describe("the record of a ServiceAccount", () => {
  it("holds its references in order, and what we recorded on it", () => {
    const raw = account({
      metadata: { annotations: { "regcred.dev/references": '["regcred"]' } },
      imagePullSecrets: [{ name: "theirs" }, { name: "regcred" }],
    });
    expect(transformServiceAccount()(raw)).toEqual({
      key: "team-a/default",
      resourceVersion: "6",
      namespace: "team-a",
      name: "default",
      uid: "u2",
      optedOut: false,
      references: ["theirs", "regcred"],
      cloud: {},
      record: '["regcred"]',
      terminating: false,
    });
  });

  it("shares equal lists of references", () => {
    const transform = transformServiceAccount();
    const [one, other] = [
      transform(account({ imagePullSecrets: [{ name: "a" }] })),
      transform(account({ imagePullSecrets: [{ name: "a" }] })),
    ];
    expect(one.references).toBe(other.references);
    expect(transform(account()).references).toBe(transform(account({ imagePullSecrets: [] })).references);
  });

  it("does not keep a list of more than 32 names, unless asked to", () => {
    const raw = account({ imagePullSecrets: Array.from({ length: 33 }, (_, index) => ({ name: `secret-${index}` })) });
    expect(transformServiceAccount()(raw).references).toBeUndefined();
    expect(transformServiceAccount(Infinity)(raw).references).toHaveLength(33);
  });

  it.each([
    ["more names than anybody needs", Array.from({ length: 1001 }, (_, index) => ({ name: `secret-${index}` }))],
    ["a name that no Secret can have", [{ name: "x".repeat(254) }]],
    ["a name of 1.4 MB", [{ name: "x".repeat(1_400_000) }]],
  ])("says that the list is too large where it has %s, but shows it to who asks", (_what, imagePullSecrets) => {
    const raw = account({ imagePullSecrets });
    expect(transformServiceAccount()(raw)).toMatchObject({ references: undefined, tooLarge: true });
    expect(JSON.stringify(transformServiceAccount()(raw)).length).toBeLessThan(300);
    expect(transformServiceAccount(Infinity)(raw).references).toHaveLength(imagePullSecrets.length);
  });

  it("holds the annotations by which clouds know it, none that is longer than any of theirs, and no other", () => {
    const cloud = {
      "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/pull",
      "azure.workload.identity/client-id": "11111111-2222-3333-4444-555555555555",
      "iam.gke.io/gcp-service-account": "pull@acme.iam.gserviceaccount.com",
    };
    const transform = transformServiceAccount();
    const raw = (): unknown =>
      account({ metadata: { annotations: { ...cloud, "eks.amazonaws.com/audience": large, note: "mine" } } });
    expect(transform(raw()).cloud).toEqual(cloud);
    expect(transform(raw()).cloud).toBe(transform(raw()).cloud);
  });

  it("does not keep a record that is longer than any of ours", () => {
    expect(
      transformServiceAccount()(account({ metadata: { annotations: { "regcred.dev/references": large } } })).record,
    ).toBeUndefined();
  });

  it("is refused where imagePullSecrets is no list", () => {
    expect(() => transformServiceAccount()(account({ imagePullSecrets: {} }))).toThrow("imagePullSecrets is no list");
  });
});

describe("the record of a pull Secret", () => {
  it("holds everything of one that is ours, but a digest instead of the data", () => {
    const data = { ".dockerconfigjson": "e30=" };
    expect(transformSecret(digest)(secret({ metadata: ours, data }))).toEqual({
      key: "team-a/regcred",
      resourceVersion: "7",
      namespace: "team-a",
      name: "regcred",
      uid: "u3",
      type: "kubernetes.io/dockerconfigjson",
      immutable: undefined,
      terminating: false,
      digest: digest(data),
      metadata: ours,
      labelled: true,
      credentials: ["acme", "base-images"],
      controller: undefined,
    });
  });

  it("names the owner that controls it", () => {
    const ownerReferences = [
      { kind: "Thing", name: "other" },
      { kind: "SealedSecret", name: "pull", controller: true },
    ];
    expect(transformSecret(digest)(secret({ metadata: { ownerReferences } })).controller).toBe("SealedSecret pull");
  });

  it("shows nothing of an owner or a type that a terminal obeys", () => {
    fc.assert(
      fc.property(anything, anything, anything, (type, kind, name) => {
        const ownerReferences = [{ apiVersion: "v1", kind, name, uid: "u", controller: true }];
        const record = transformSecret(() => "")({
          metadata: { namespace: "a", name: "regcred", uid: "u", resourceVersion: "1", ownerReferences },
          type,
        });
        expect(obeyedIn(`${record.type}${record.controller}`)).toEqual([]);
      }),
    );
  });

  it("shares equal metadata", () => {
    const transform = transformSecret(digest);
    const copy = (): unknown => secret({ metadata: structuredClone(ours) });
    expect(transform(copy()).metadata).toBe(transform(copy()).metadata);
    expect(transform(copy()).credentials).toBe(transform(copy()).credentials);
  });

  it("shares equal labels where annotations differ", () => {
    const transform = transformSecret(digest);
    const one = transform(secret({ metadata: structuredClone({ ...ours, annotations: { a: "1" } }) }));
    const other = transform(secret({ metadata: structuredClone({ ...ours, annotations: { a: "2" } }) }));
    expect(one.metadata?.labels).toBe(other.metadata?.labels);
  });

  it.each([
    ["data", secret({ data: { blob: large } })],
    ["an annotation", secret({ metadata: { annotations: { blob: large } } })],
    ["a label", secret({ metadata: { labels: { blob: large } } })],
    [
      "our own annotations forged",
      secret({ metadata: { annotations: { "regcred.dev/entries": large, "regcred.dev/credentials": large } } }),
    ],
    [
      "our label and annotations forged",
      secret({ metadata: { ...ours, annotations: { "regcred.dev/credentials": `a,${large}` } } }),
    ],
    ["a type", secret({ type: large })],
    ["an owner", secret({ metadata: { ownerReferences: [{ kind: large, name: large, controller: true }] } })],
  ])("stays small with 900 KiB of %s", (_what, raw) => {
    expect(JSON.stringify(transformSecret(digest)(raw)).length).toBeLessThan(2048);
  });

  it("says that metadata is there but not kept, and keeps it when asked to", () => {
    const raw = secret({ metadata: { annotations: { note: "x".repeat(1100) } } });
    expect(transformSecret(digest)(raw).metadata).toBeUndefined();
    expect(
      transformSecret(digest, { foreign: Infinity, ours: Infinity })(raw).metadata?.annotations["note"],
    ).toHaveLength(1100);
  });

  it.each([{ ownerReferences: [{ kind: "Thing", name: "other" }] }, { finalizers: ["example.com/wait"] }])(
    "does not say that it knows all the metadata where there is also %j",
    (metadata) => {
      expect(transformSecret(digest)(secret({ metadata })).metadata).toBeUndefined();
    },
  );

  it("sees that it is immutable", () => {
    expect(transformSecret(digest)(secret({ immutable: true })).immutable).toBe(true);
    expect(transformSecret(digest)(secret({ immutable: false })).immutable).toBe(false);
  });

  describe.each([8 * 1024, 64 * 1024, 1024 * 1024])(
    "of which only what is kept is read, at most %d bytes of config",
    (max) => {
      const readJson = (json: string): unknown => {
        const reader = shapedReader(kept.secret(max));
        reader.write(Buffer.from(json));
        return reader.end();
      };
      const cut = (raw: unknown): unknown => readJson(JSON.stringify(raw));
      const config = (bytes: number): string => Buffer.alloc(bytes, "x").toString("base64");

      it("is the same for the largest of ours", () => {
        const raw = secret({ metadata: ours, data: { ".dockerconfigjson": config(max) } });
        expect(transformSecret(digest)(cut(raw))).toEqual(transformSecret(digest)(raw));
      });

      it("has another digest than the largest of ours when it goes on longer", () => {
        const longest = { ".dockerconfigjson": config(max) };
        const raw = secret({ data: { ".dockerconfigjson": config(max + 3 * 1024) } });
        expect(transformSecret(digest)(cut(raw)).digest).not.toBe(digest(longest));
      });

      it.each(["x", "<", "ü", "\u0000"])(
        "does not take the rest of a long annotation of %j for all of it",
        (character) => {
          const text = character.repeat(256 * 1024);
          // As Go writes it.
          const json = JSON.stringify(secret({ metadata: { ...ours, annotations: { note: text } } })).replaceAll(
            "<",
            "\\u003c",
          );
          expect(transformSecret(digest)(readJson(json)).metadata).toBeUndefined();
        },
      );
    },
  );
});
