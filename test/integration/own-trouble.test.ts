// Tests that the trouble of one RegistryCredential stays its own on a real API server, in a Secret that it shares with another.
import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { eventually, type RunningOperator, type TestEnv, testEnv, soon, staticSpec } from "./test-env.ts";

const admission = "/apis/admissionregistration.k8s.io/v1";
const credentials = "/apis/regcred.dev/v1alpha1/registrycredentials";
const minute = Temporal.Duration.from({ minutes: 1 });

describe("beside a RegistryCredential in trouble", () => {
  let world: TestEnv;
  let running: RunningOperator;

  const start = async (): Promise<void> => {
    running = await world.startOperator();
  };
  const hostOf = (name: string): string => `${name}.example.com`;
  const serve = async (name: string, secret: string, spec: object = {}): Promise<void> => {
    await world.source(`${name}-source`, { username: name, password: "first" });
    await world.credential(
      name,
      staticSpec(`${name}-source`, {
        hosts: [hostOf(name)],
        namespaces: { include: [`${secret}-*`] },
        pullSecret: { name: secret },
        ...spec,
      }),
    );
  };
  const passwords = async (namespace: string, secret: string): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries(
      Object.entries((await world.logins(namespace, secret)) ?? {}).map(([host, { password }]) => [host, password]),
    );
  const has = (namespace: string, secret: string, expected: Readonly<Record<string, string>>): Promise<void> =>
    eventually(
      `${namespace} has ${JSON.stringify(expected)}`,
      async () => isDeepStrictEqual(await passwords(namespace, secret), expected),
      minute,
    );
  /** A policy of the cluster that denies the update of this one. */
  const deny = async (name: string, resource: string): Promise<void> => {
    await world.admin.create(`${admission}/validatingadmissionpolicies`, {
      metadata: { name },
      spec: {
        failurePolicy: "Fail",
        matchConstraints: {
          resourceRules: [
            { apiGroups: ["regcred.dev"], apiVersions: ["v1alpha1"], operations: ["UPDATE"], resources: [resource] },
          ],
        },
        matchConditions: [{ name: "it", expression: `request.name == '${name}'` }],
        validations: [{ expression: "false", message: "change control" }],
      },
    });
    await world.admin.create(`${admission}/validatingadmissionpolicybindings`, {
      metadata: { name },
      spec: { policyName: name, validationActions: ["Deny"] },
    });
  };
  const allow = async (name: string): Promise<void> => {
    await world.admin.remove(`${admission}/validatingadmissionpolicybindings/${name}`);
    await world.admin.remove(`${admission}/validatingadmissionpolicies/${name}`);
  };
  /** As it is a moment after it was made: a change is refused. */
  const isInForce = (name: string, resource: string): Promise<void> =>
    eventually(`the policy for ${name} is in force`, async () => {
      const path = `${credentials}/${name}${resource.endsWith("/status") ? "/status" : ""}`;
      const change = { metadata: { labels: { probe: String(performance.now()) } }, status: { mode: "probe" } };
      return world.admin.patch(path, change).then(
        () => false,
        (error: Error) => error.message.includes("change control"),
      );
    });

  beforeAll(async () => {
    world = await testEnv();
    await start();
  });
  afterAll(() => world.close());

  it.each(["registrycredentials", "registrycredentials/status"])(
    "that a policy keeps from being bound (%s), others rotate, and new namespaces get theirs",
    async (resource) => {
      const secret = resource.includes("/") ? "state" : "bound";
      const [late, other] = [`${secret}-late`, `${secret}-other`];
      await world.namespaces([`${secret}-a`]);
      await deny(late, resource);
      await serve(other, secret);
      await has(`${secret}-a`, secret, { [hostOf(other)]: "first" });
      await running.stop();
      await serve(late, secret);
      await isInForce(late, resource);
      await start();
      await world.source(`${other}-source`, { username: other, password: "second" });
      await world.namespaces([`${secret}-b`]);
      for (const namespace of [`${secret}-a`, `${secret}-b`])
        await has(namespace, secret, { [hostOf(other)]: "second" });
      await eventually("the new one refers", async () => (await world.references(`${secret}-b`)).includes(secret));
      await allow(late);
      await eventually("the policy is out of force", async () => {
        await world.patchCredential(late, { metadata: { annotations: { touched: "yes" } } });
        return true;
      });
      for (const namespace of [`${secret}-a`, `${secret}-b`])
        await has(namespace, secret, { [hostOf(other)]: "second", [hostOf(late)]: "first" });
      await expect.poll(() => world.condition(other, "Ready"), soon).toMatchObject({ status: "True" });
    },
  );

  it("that is deleted with Retain, references are kept where it has served, and nowhere else", async () => {
    await world.namespaces(["kept-a", "others-b"]);
    await serve("kept", "shared", { namespaces: { include: ["kept-*"] }, deletionPolicy: "Retain" });
    await serve("others", "shared", { namespaces: { include: ["others-*"] } });
    for (const namespace of ["kept-a", "others-b"])
      await eventually(`${namespace} refers`, async () => (await world.references(namespace)).includes("shared"));
    await world.deleteCredential("kept");
    await world.patchCredential("others", { spec: { references: "None" } });
    await eventually("it refers no more", async () => (await world.references("others-b")).length === 0);
    expect(await world.references("kept-a")).toEqual(["shared"]);
    expect(await passwords("kept-a", "shared")).toEqual({ [hostOf("kept")]: "first" });
  });

  it("that cannot be read after a start, others rotate and leave, and it keeps byte for byte what it had", async () => {
    const crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/registrycredentials.regcred.dev";
    await world.namespaces(["odd-a", "odd-c"]);
    await serve("odd", "odd");
    await serve("even", "odd");
    const [odd, even] = [hostOf("odd"), hostOf("even")];
    for (const namespace of ["odd-a", "odd-c"]) await has(namespace, "odd", { [odd]: "first", [even]: "first" });
    await eventually("they refer", async () => (await world.references("odd-a")).includes("odd"));
    await running.stop();
    const before = (await world.logins("odd-a", "odd"))?.[odd];
    const { spec } = parse(
      await readFile(new URL("../../crds/regcred.dev_registrycredentials.yaml", import.meta.url), "utf8"),
    ) as { spec: { versions: readonly object[] } };
    const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
    const versions = spec.versions.map((version) => ({ ...version, schema: { openAPIV3Schema: anything } }));
    await world.admin.patch(crd, { spec: { versions } });
    await eventually("an odd spec is stored", async () => {
      await world.patchCredential("odd", { spec: { registries: [{ name: 7 }] } });
      return true;
    });
    await start();
    await world.source("even-source", { username: "even", password: "second" });
    await world.namespaces(["odd-b"]);
    await has("odd-a", "odd", { [odd]: "first", [even]: "second" });
    await has("odd-b", "odd", { [even]: "second" });
    await world.patchCredential("even", { spec: { namespaces: { exclude: ["odd-c"] } } });
    await has("odd-c", "odd", { [odd]: "first" });
    expect((await world.logins("odd-a", "odd"))?.[odd]).toEqual(before);
    const account = await world.admin.get("/api/v1/namespaces/odd-c/serviceaccounts/default");
    expect([await world.references("odd-c"), account?.metadata.annotations?.["regcred.dev/references"]]).toEqual([
      ["odd"],
      '["odd"]',
    ]);
    const stored = await world.admin.get(`${credentials}/odd`);
    expect(JSON.stringify(stored?.["status"])).toContain("InvalidSpec");
  });
});
