// Tests that the previous release goes on with what the next one has left: its kind, its specs, its statuses, its tokens and records.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { customResourceDefinition, type Schema } from "../../src/api/crd.ts";
import { crdName } from "../../src/api/names.ts";
import type { KubeObject } from "../cluster/admin-client.ts";
import { denialStage, type Stage, reportedBy } from "./denial-stage.ts";
import { credentialsPath, eventually, operatorNamespace, staticSpec } from "./test-env.ts";

type Node = { -readonly [K in keyof Schema]: Schema[K] };
const secrets = `/api/v1/namespaces/${operatorNamespace}/secrets`;
const minute = Temporal.Duration.from({ minutes: 1 });

/** The kind as a later release might have it: any field anywhere, and no word that is not allowed. */
function laterDefinition(): object {
  const { metadata, spec } = structuredClone(customResourceDefinition("99.0.0"));
  const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const versions = spec.versions.map((version) => ({ ...version, schema: { openAPIV3Schema: anything as Node } }));
  return { metadata: { annotations: metadata.annotations }, spec: { versions } };
}

describe("a rollback", () => {
  let stage: Stage;
  let before: ReadonlyMap<string, KubeObject>;

  const stored = async (): Promise<ReadonlyMap<string, KubeObject>> =>
    new Map((await stage.world.admin.list(secrets)).map((object) => [object.metadata.name, object]));
  const dataOf = (object: KubeObject): Readonly<Record<string, string>> =>
    object["data"] as Readonly<Record<string, string>>;
  const decoded = (text = ""): string => Buffer.from(text, "base64").toString();
  const encoded = (text: string): string => Buffer.from(text).toString("base64");
  const has = async (namespace: string, host: string): Promise<string | undefined> =>
    (await stage.world.logins(namespace))?.[host]?.password;

  /** What only the later release knows is added to all that is stored, beside what this one reads. */
  const addedTo = async (): Promise<void> => {
    const { admin } = stage.world;
    for (const [name, object] of await stored()) {
      if (name.startsWith("regcred-token-")) {
        const token = JSON.parse(decoded(dataOf(object)["token.json"])) as object;
        const data = {
          "token.json": encoded(JSON.stringify({ ...token, later: { added: [1] } })),
          "beside.json": "e30=",
        };
        await admin.patch(`${secrets}/${name}`, { data });
        await admin.create(secrets, {
          metadata: { name: name.replace("token-", "token-v2-"), labels: object.metadata.labels },
          type: "regcred.dev/token",
          data: { "token.json": encoded('{"version":2}') },
        });
      }
      if (name.startsWith("regcred-members-")) {
        const data = Object.fromEntries(
          Object.entries(dataOf(object)).map(([key, text]) => [
            key,
            encoded(decoded(text).replaceAll("\n", " since=1\n")),
          ]),
        );
        await admin.patch(`${secrets}/${name}`, { data });
      }
    }
  };

  beforeAll(async () => {
    stage = await denialStage();
    const { world } = stage;
    await world.source("hub-c", { username: "c", password: "first" });
    await world.credential("c", staticSpec("hub-c", { hosts: ["c.example.com"] }));
    // It has had another name until a moment ago.
    await world.credential("d", staticSpec("hub-c", { hosts: ["d.example.com"], pullSecret: { name: "former" } }));
    await eventually("d is served", async () => (await world.status("d")).namespaces?.ready === 3);
    await world.patchCredential("d", { spec: { pullSecret: { name: "later" } } });
    await eventually("c and d are served", async () => {
      const [c, d] = [await world.status("c"), await world.status("d")];
      return c.namespaces?.ready === 3 && d.namespaces?.ready === 3 && d.retiring?.[0]?.secretName === "former";
    });
    await stage.world.atRest();
    await stage.stop();
    before = await stored();

    await world.admin.patch(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crdName}`, laterDefinition());
    await addedTo();
    const [entry] = (staticSpec("hub-c", { hosts: ["c.example.com"] }) as { readonly registries: readonly object[] })
      .registries;
    await eventually("a later spec is stored", async () => {
      await world.patchCredential("c", {
        spec: { registries: [{ ...entry, provider: "Vault", vault: { path: "x" } }] },
      });
      await world.patchCredential("b", { spec: { pace: "slow", pullSecret: { name: "regcred", layout: "split" } } });
      const stored = (await world.admin.get(`${credentialsPath}/b`))?.["spec"] as
        | { readonly pace?: string }
        | undefined;
      return stored?.pace === "slow";
    });
    for (const name of ["a", "b", "c", "d"]) {
      const { registries = [] } = await world.status(name);
      await world.admin.patch(`${credentialsPath}/${name}/status`, {
        status: {
          progress: { step: 4 },
          registries: registries.map((each) => ({ ...each, state: "Trusted", since: 3 })),
          conditions: [
            { type: "Trusted", status: "True", reason: "Yes", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" },
          ],
        },
      });
    }
  });
  afterAll(() => stage?.close());

  it("takes nothing from anybody, and serves everybody but of whom it cannot read", async () => {
    const { world } = stage;
    await stage.start();
    await stage.rotate();
    await stage.join("team-late");
    for (const namespace of stage.namespaces) {
      for (const name of ["a", "b"] as const)
        await eventually(`${namespace} has the last of ${name}`, () => stage.has(name, namespace, [stage.password]));
    }
    for (const namespace of ["team-0", "team-1", "team-2"]) expect(await has(namespace, "c.example.com")).toBe("first");
    expect(await has("team-late", "c.example.com")).toBeUndefined();
    await eventually("it is told", async () => (await reportedBy(world, "c")).includes("InvalidSpec"));
    expect(stage.losses()).toEqual([]);
  });

  it("remembers the former name under which a later status has it, and keeps it fresh", async () => {
    const { world } = stage;
    await world.source("hub-c", { username: "c", password: "second" });
    for (const name of ["former", "later"])
      await eventually(
        `${name} is fresh`,
        async () => (await world.logins("team-0", name))?.["d.example.com"]?.password === "second",
      );
    expect(await world.status("d")).toMatchObject({ secretName: "later", retiring: [{ secretName: "former" }] });
  });

  it("mints nothing anew and leaves what it does not know where it is", async () => {
    const now = await stored();
    const ofTokens = [...before.keys()].filter((name) => name.startsWith("regcred-token-"));
    for (const name of ofTokens) {
      expect(dataOf(now.get(name.replace("token-", "token-v2-")) as KubeObject)).toEqual({
        "token.json": encoded('{"version":2}'),
      });
    }
    expect(
      [...now.keys()].filter((name) => name.startsWith("regcred-token-") && !name.includes("-v2-")).toSorted(),
    ).toEqual(ofTokens.toSorted());
  });

  it("keeps the login that it cannot read where the spec is narrowed, and takes it back with the upgrade", async () => {
    const { world } = stage;
    const [entry] = (staticSpec("hub-c", { hosts: ["c.example.com"] }) as { readonly registries: readonly object[] })
      .registries;
    await world.patchCredential("c", { spec: { namespaces: { include: ["team-1"] } } });
    await stage.world.atRest();
    for (const namespace of ["team-0", "team-1", "team-2"]) expect(await has(namespace, "c.example.com")).toBe("first");
    await world.patchCredential("c", {
      spec: { registries: [{ ...entry, vault: null }], namespaces: { include: ["team-1"] } },
    });
    await eventually("it is taken back", async () => (await has("team-0", "c.example.com")) === undefined, minute);
    await eventually("it is fresh", async () => (await has("team-1", "c.example.com")) === "second", minute);
    expect(stage.losses()).toEqual([]);
  });
});
