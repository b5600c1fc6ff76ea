// Tests that every deletion ends, or says who blocks it, with our login out of the Secret, and that what is reported outlives a restart.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operatorWrites } from "./audit-log.ts";
import { credentialsPath, eventually, type RunningOperator, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

const theirs = '"theirs.example.com":{"auth":"eDp5"}';
const none = '{"auths":{}}';
/** What only a person can mend is tried again soon enough for a test. */
const patient = { timing: { slowly: Temporal.Duration.from({ seconds: 1 }) } };
/** By then a deletion is over, or says who holds it. */
const soon = Temporal.Duration.from({ seconds: 30 });

describe("an end", () => {
  let world: TestEnv;
  let running: RunningOperator;

  const path = (name: string): string => `/api/v1/namespaces/${name}/secrets/${name}`;
  const policies = "/apis/admissionregistration.k8s.io/v1";
  const deny = async (name: string, rule: object, expression: string): Promise<void> => {
    await world.admin.create(`${policies}/validatingadmissionpolicies`, {
      metadata: { name },
      spec: {
        matchConstraints: { resourceRules: [rule] },
        matchConditions: [{ name: "here", expression }],
        validations: [{ expression: "false", message: "not here" }],
      },
    });
    await world.admin.create(`${policies}/validatingadmissionpolicybindings`, {
      metadata: { name },
      spec: { policyName: name, validationActions: ["Deny"] },
    });
  };
  const allow = (name: string): Promise<unknown> =>
    Promise.all(
      ["validatingadmissionpolicybindings", "validatingadmissionpolicies"].map((kind) =>
        world.admin.remove(`${policies}/${kind}/${name}`),
      ),
    );
  const configOf = async (name: string): Promise<string | undefined> => {
    const data = (await world.secret(name, name))?.["data"] as Record<string, string> | undefined;
    return data && atob(data[".dockerconfigjson"] ?? "");
  };
  /** A namespace with a Secret of its own into which a credential, all of that name, has merged. */
  const merged = async (name: string, config: string, more: Readonly<Record<string, string>> = {}): Promise<void> => {
    await world.namespaces([name]);
    await world.admin.create(`/api/v1/namespaces/${name}/secrets`, {
      metadata: { name },
      type: "kubernetes.io/dockerconfigjson",
      stringData: { ".dockerconfigjson": config, ...more },
    });
    await served(name, { onConflict: "Merge" });
    expect(await configOf(name)).toContain("ann");
  };
  const served = async (name: string, pullSecret: object = {}): Promise<void> => {
    await world.credential(
      name,
      staticSpec("hub", { namespaces: { include: [name] }, pullSecret: { name, ...pullSecret } }),
    );
    await eventually(`${name} is served`, async () => (await world.status(name)).namespaces?.ready === 1);
  };
  const gone = (name: string): Promise<void> =>
    eventually(
      `${name} is gone`,
      async () => (await world.admin.get(`${credentialsPath}/${name}`)) === undefined,
      soon,
    );
  const blocked = async (name: string): Promise<string> => {
    await eventually(
      `it is told of ${name}`,
      async () => (await world.condition(name, "DrainBlocked")) !== undefined,
      soon,
    );
    return (await world.condition(name, "DrainBlocked"))?.message ?? "";
  };

  beforeAll(async () => {
    world = await testEnv({ auditLog: true });
    await world.source("hub", { username: "ann", password: "first" });
    running = await world.startOperator(patient);
  });
  afterAll(() => world.close());

  it("comes to a Secret that must keep another key: its docker config has no login any more", async () => {
    await merged("further", none, { "ca.crt": "theirs" });
    await world.admin.remove(`${credentialsPath}/further`);
    await gone("further");
    expect(await configOf("further")).toBe(none);
    const secret = await world.secret("further", "further");
    expect(secret?.["data"]).toMatchObject({ "ca.crt": btoa("theirs") });
    expect(secret?.metadata.annotations).toBeUndefined();
  });

  it.each([
    ["list", '{"auths":[]}', none],
    ["marks", undefined, `{"auths":{${theirs}}}`],
  ])(
    "comes to a Secret in which its tenant has made what of ours is in it hard to tell: %s",
    async (name, text, left) => {
      await merged(name, `{"auths":{${theirs}}}`);
      await world.admin.patch(path(name), {
        metadata: { annotations: text ? {} : { "regcred.dev/managed": '{"hosts":[]}' } },
        ...(text && { stringData: { ".dockerconfigjson": text } }),
      });
      await world.admin.remove(`${credentialsPath}/${name}`);
      await gone(name);
      expect(await configOf(name)).toBe(left);
    },
  );

  it("comes though a tenant has made its own Secret immutable, who is named meanwhile", async () => {
    await merged("frozen", `{"auths":{${theirs}}}`);
    await world.admin.patch(path("frozen"), { immutable: true });
    await world.admin.remove(`${credentialsPath}/frozen`);
    expect(await blocked("frozen")).toMatch(/\(frozen\), for the tenant to mend: .*frozen.*immutable/);
    await gone("frozen");
    expect(await configOf("frozen")).toContain(theirs);
  });

  it("is awaited where a policy forbids it, which is named; the login is gone at once", async () => {
    await world.namespaces(["kept"]);
    await served("kept");
    const secrets = { apiGroups: [""], apiVersions: ["v1"], operations: ["DELETE"], resources: ["secrets"] };
    await deny("no-deletes", secrets, "request.namespace == 'kept'");
    await eventually("the policy works", () =>
      world.admin.remove(path("kept"), { dryRun: ["All"] }).then(
        () => false,
        () => true,
      ),
    );
    // First it merely ceases to be selected.
    await world.patchCredential("kept", { spec: { namespaces: { include: ["nobody"] } } });
    await eventually("the login is gone", async () => (await configOf("kept")) === none, soon);
    await eventually("the status tells it", async () =>
      ((await world.status("kept")).failures ?? []).some(
        ({ reason, examples }) => reason === "AdmissionDenied" && examples.includes("kept"),
      ),
    );
    expect(await world.references("kept")).toEqual([]);
    await world.admin.remove(`${credentialsPath}/kept`);
    expect(await blocked("kept")).toMatch(/\(kept\), for the platform to mend: .*kept\/kept.*no-deletes/);
    await allow("no-deletes");
    await gone("kept");
    expect(await world.secret("kept", "kept")).toBeUndefined();
  });

  it("is awaited where a policy keeps the finalizer, which is named", async () => {
    await world.namespaces(["held"]);
    await served("held");
    const credentials = {
      apiGroups: ["regcred.dev"],
      apiVersions: ["*"],
      operations: ["UPDATE"],
      resources: ["registrycredentials"],
    };
    await deny("no-changes", credentials, "request.name == 'held'");
    await eventually("the policy works", () =>
      world.patchCredential("held", { metadata: { labels: { probe: "yes" } } }).then(
        () => false,
        () => true,
      ),
    );
    await world.admin.remove(`${credentialsPath}/held`);
    expect(await blocked("held")).toMatch(/finalizer .*RegistryCredential held.*no-changes/);
    expect(await world.secret("held", "held")).toBeUndefined();
    await allow("no-changes");
    await gone("held");
  });

  describe("of the operator, while something fails", () => {
    const statuses = async (): Promise<readonly unknown[]> =>
      Promise.all(["missing", "foreign"].map((name) => world.status(name)));
    const reported = async (): Promise<number> =>
      (await operatorWrites(world)).filter(({ resource }) => resource === "registrycredentials").length;

    beforeAll(async () => {
      await world.namespaces(["missing", "foreign"]);
      await world.credential("missing", staticSpec("nowhere", { namespaces: { include: ["missing"] } }));
      await world.admin.create("/api/v1/namespaces/foreign/secrets", { metadata: { name: "regcred" }, type: "Opaque" });
      await world.credential("foreign", staticSpec("hub", { namespaces: { include: ["foreign"] } }));
      for (const [name, reason] of [
        ["missing", "SourceMissing"],
        ["foreign", "SecretConflict"],
      ] as const) {
        await eventually(`${name} fails`, async () => (await world.status(name)).failures?.[0]?.reason === reason);
      }
      await world.atRest();
    });

    it("changes nothing that is told, and the next one writes no status", async () => {
      const before = await statuses();
      await running.stop();
      const count = await reported();
      // A time is told in whole seconds.
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      running = await world.startOperator(patient);
      await world.atRest();
      expect(await reported()).toBe(count);
      expect(await statuses()).toEqual(before);
    });

    it("lets nobody make it believe nonsense that was written into a status", async () => {
      const [before] = await statuses();
      await running.stop();
      await world.admin.patch(`${credentialsPath}/missing/status`, {
        status: {
          namespaces: { selected: 7, ready: 7, pending: 7, failed: 7 },
          failures: [
            {
              reason: "SourceMissing",
              cause: "Platform",
              count: 70,
              oldestSince: "2999-01-01T00:00:00Z",
              examples: ["nobody"],
            },
          ],
          conditions: [
            { type: "Ready", status: "False", reason: "X", message: "", lastTransitionTime: "2999-01-01T00:00:00Z" },
          ],
        },
      });
      running = await world.startOperator(patient);
      await eventually("it is mended", async () => (await world.status("missing")).namespaces?.selected === 1);
      const after = JSON.stringify(await world.status("missing"));
      expect(after).not.toContain("2999");
      expect(after).not.toContain("nobody");
      expect((await world.status("missing")).conditions?.map(({ type, reason }) => [type, reason])).toEqual(
        (before as { conditions: { type: string; reason: string }[] }).conditions.map(({ type, reason }) => [
          type,
          reason,
        ]),
      );
    });
  });
});
