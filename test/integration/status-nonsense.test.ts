// Tests that a status that somebody has edited into nonsense changes nothing for tenants, and is written anew.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../cluster/admin-client.ts";
import { denialStage, names, type Stage } from "./denial-stage.ts";
import { credentialsPath, type CredentialStatus, eventually, staticSpec } from "./test-env.ts";

const past = "1970-01-01T00:00:00Z";
const future = "9999-12-31T23:59:59Z";
const never = { lastTransitionTime: future, observedGeneration: 77, reason: "Nonsense", message: "nonsense" };
const condition = (type: string, status: string): object => ({ ...never, type, status });
const failure = { reason: "Nonsense", cause: "Tenant", count: 999_999, oldestSince: future, examples: ["team-0"] };

const rows: Readonly<Record<string, object>> = {
  "no conditions": { conditions: [] },
  "conditions upside down": {
    conditions: ["Ready", "TokensFresh", "Distributed"].map((type) => condition(type, "False")),
  },
  "conditions that hold everything": {
    conditions: ["Ready", "RemovalHeld", "DrainBlocked", "CRDOutdated", "Stalled"].map((type) =>
      condition(type, "True"),
    ),
  },
  "conditions of no kind": { conditions: [condition("Nonsense", "Unknown")] },
  "an entry that has ended": {
    registries: [{ name: "main", identities: 0, failing: 9, state: "Expired", expiresAt: past, refreshedAt: future }],
  },
  "wrong numbers, ends and failures, and entries that are not there": {
    observedGeneration: 4_000,
    registries: [{ name: "nobody", identities: 7, failing: 7, state: "Expired", expiresAt: past, refreshedAt: future }],
    namespaces: { selected: 0, ready: 999_999, pending: 1, failed: 7 },
    namespacesReady: "many",
    expires: past,
    failures: [failure, { ...failure, oldestSince: past }],
    mode: "nonsense",
  },
  "another install": { operatorNamespace: "elsewhere" },
  "an install without a name": { operatorNamespace: "" },
  "no install": { operatorNamespace: null },
  "the name of a tenant's own Secret": { secretName: "own" },
  "the name of another credential's Secret": { secretName: "other" },
  "no name": { secretName: null },
  "a tenant's own Secret as a former name": { retiring: [{ secretName: "own", until: past }] },
  "another credential's Secret as a former name": { retiring: [{ secretName: "other", until: past }] },
  "its own name as a former one": { retiring: [{ secretName: "regcred", until: past }] },
  "former names for ever": {
    retiring: ["own", "other", "nothing"].map((secretName) => ({ secretName, until: future })),
  },
  "a tenant's own reference as one of ours": { extraReferences: ["own", "regcred", "nothing"] },
  nothing: Object.fromEntries(
    [
      "observedGeneration",
      "conditions",
      "registries",
      "namespaces",
      "namespacesReady",
      "expires",
      "operatorNamespace",
      "secretName",
      "failures",
      "retiring",
      "mode",
    ].map((field) => [field, null]),
  ),
};

describe("a status that is edited by hand", () => {
  let stage: Stage;

  /** All that tenants have, as it is stored. */
  const ofTenants = async (): Promise<readonly (readonly [string, string | undefined])[]> => {
    const { admin } = stage.world;
    const isTenants = ({ metadata: { namespace = "" } }: KubeObject): boolean => namespace.startsWith("team-");
    const objects = [...(await admin.list("/api/v1/secrets")), ...(await admin.list("/api/v1/serviceaccounts"))];
    return objects
      .filter(isTenants)
      .map(({ metadata: { namespace, name, resourceVersion } }) => [`${namespace}/${name}`, resourceVersion] as const);
  };
  /** But for the times, and for former names, of which nobody can say that they have not been. */
  const reported = async (name: string): Promise<unknown> => {
    const { conditions = [], retiring: _names, ...others } = await stage.world.status(name);
    return {
      ...others,
      conditions: conditions.map(({ type, status, reason, message }) => ({ type, status, reason, message })),
    };
  };
  const retiringOf = async (name: string): Promise<CredentialStatus["retiring"] & object> =>
    (await stage.world.status(name)).retiring ?? [];
  const edit = (status: object): Promise<unknown> =>
    Promise.all(names.map((name) => stage.world.admin.patch(`${credentialsPath}/${name}/status`, { status })));
  const reverted = async (before: ReadonlyMap<string, unknown>): Promise<void> => {
    const inAnHour = Temporal.Now.instant().add({ hours: 1, minutes: 1 });
    for (const name of names) {
      await eventually(
        `the status of ${name} is repaired`,
        async () =>
          JSON.stringify(await reported(name)) === JSON.stringify(before.get(name)) &&
          (await retiringOf(name)).every(({ until }) => Temporal.Instant.compare(until, inAnHour) < 0),
      );
    }
  };
  const statuses = async (): Promise<ReadonlyMap<string, unknown>> =>
    new Map(await Promise.all(names.map(async (name) => [name, await reported(name)] as const)));

  beforeAll(async () => {
    stage = await denialStage();
    const { world } = stage;
    for (const namespace of stage.namespaces) {
      await world.admin.create(`/api/v1/namespaces/${namespace}/secrets`, {
        metadata: { name: "own" },
        type: "kubernetes.io/dockerconfigjson",
        stringData: { ".dockerconfigjson": '{"auths":{"own.example.com":{"username":"own","password":"own"}}}' },
      });
      await world.admin.patch(`/api/v1/namespaces/${namespace}/serviceaccounts/default`, {
        imagePullSecrets: [{ name: "regcred" }, { name: "own" }],
      });
    }
    const spec = staticSpec("hub-a", { hosts: ["other.example.com"], pullSecret: { name: "other" } });
    await world.credential("other", spec);
    await eventually("the other one is served", async () => (await world.status("other")).namespaces?.ready === 3);
    await eventually("all references stand", async () => {
      const all = await Promise.all(stage.namespaces.map((namespace) => world.references(namespace)));
      return all.every((references) => references.toSorted().join() === "other,own,regcred");
    });
    await stage.world.atRest();
  });
  afterAll(() => stage?.close());

  it.each(Object.entries(rows))("to %s changes nothing for tenants, and is repaired", async (_what, status) => {
    const [reported, before] = [await statuses(), await ofTenants()];
    await edit(status);
    await reverted(reported);
    await stage.world.atRest();
    expect(await ofTenants()).toEqual(before);
  });

  it("while no operator runs, in all fields at once, changes nothing for tenants, and is repaired", async () => {
    const [reported, before] = [await statuses(), await ofTenants()];
    for (const last of ["no name", "the name of another credential's Secret", "another install"]) {
      await stage.stop();
      await edit(Object.assign({}, ...Object.values(rows), rows["former names for ever"], rows[last]));
      await stage.start();
      await reverted(reported);
      await stage.world.atRest();
      expect(await ofTenants()).toEqual(before);
    }
  });

  it("is no reason to leave anything behind, or to take anything else along, when the credentials go", async () => {
    await edit(Object.assign({}, ...Object.values(rows), rows["former names for ever"]));
    for (const name of names) await stage.world.deleteCredential(name);
    for (const namespace of stage.namespaces) {
      expect(await stage.world.secret(namespace)).toBeUndefined();
      expect(Object.keys((await stage.world.logins(namespace, "other")) ?? {})).toEqual(["other.example.com"]);
      expect(Object.keys((await stage.world.logins(namespace, "own")) ?? {})).toEqual(["own.example.com"]);
      expect((await stage.world.references(namespace)).toSorted()).toEqual(["other", "own"]);
    }
  });
});
