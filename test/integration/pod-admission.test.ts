// Tests that the API server gives each pod the references that the operator would, by the same rules, without the operator.
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addedReferencesAnnotation } from "../../src/api/names.ts";
import { selectsNamespace, selectsServiceAccount } from "../../src/entitlement/selection.ts";
import { parseRegistryCredential } from "../../src/api/parse-registry-credential.ts";
import { transformNamespace } from "../../src/cluster/transform/namespace.ts";
import type { KubeObject } from "../cluster/admin-client.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { credentialsPath, eventually, operatorNamespace, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

const folder = join(import.meta.dirname, "..", "..", "config", "admission", "pods");
const policies = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies";

/** What may stand in `namespaces` and `serviceAccounts`, one credential each. */
const selections: readonly object[] = [
  { namespaces: { include: ["*"] } },
  { namespaces: { include: ["team-?"] } },
  { namespaces: { include: ["kube-system", "team-a"] } },
  { namespaces: { include: ["*"], exclude: ["team-b", "k*"] } },
  { namespaces: { include: ["t*m-*", operatorNamespace] } },
  { namespaces: { selector: { matchLabels: { tier: "gold" } } } },
  { namespaces: { include: ["team-*"], selector: { matchLabels: { tier: "gold", "acme.io/pull": "yes" } } } },
  { namespaces: { selector: { matchExpressions: [{ key: "tier", operator: "In", values: ["silver", "gold"] }] } } },
  { namespaces: { selector: { matchExpressions: [{ key: "tier", operator: "NotIn", values: ["gold"] }] } } },
  { namespaces: { selector: { matchExpressions: [{ key: "acme.io/pull", operator: "Exists" }] } } },
  { namespaces: { selector: { matchExpressions: [{ key: "acme.io/pull", operator: "DoesNotExist" }] } } },
  { namespaces: { include: ["*"] }, serviceAccounts: { include: ["def*"], exclude: ["b?"] } },
  { namespaces: { include: ["*"] }, serviceAccounts: { include: ["ci.build", "x.*"] } },
  { namespaces: { include: ["*"] }, serviceAccounts: { include: ["*"], exclude: ["default"] } },
];
const namespaces: Readonly<
  Record<string, { readonly labels?: Record<string, string>; readonly annotations?: Record<string, string> }>
> = {
  "team-a": {},
  "team-b": { labels: { tier: "gold" } },
  "team-long": { labels: { tier: "gold", "acme.io/pull": "yes" } },
  other: { labels: { tier: "silver", "acme.io/pull": "" } },
  "opted-out": { annotations: { "regcred.dev/ignore": "true" } },
  "not-out": { annotations: { "regcred.dev/ignore": "false" } },
};
const accounts = ["default", "ci.build", "cixbuild", "bx"];

describe("pods", () => {
  let world: TestEnv;

  const reference = (name: string): { readonly name: string } => ({ name });
  /** Of a pod as it would be created. */
  const given = async (namespace: string, spec: object = {}, metadata: object = {}): Promise<readonly string[]> => {
    const pod = await world.admin.create(`/api/v1/namespaces/${namespace}/pods?dryRun=All`, {
      metadata: { name: "web", ...metadata },
      spec: { containers: [{ name: "web", image: "registry.example.com/app:1" }], ...spec },
    });
    const { imagePullSecrets = [] } = pod["spec"] as {
      readonly imagePullSecrets?: readonly { readonly name: string }[];
    };
    return imagePullSecrets.map(({ name }) => name);
  };

  beforeAll(async () => {
    world = await testEnv();
    const { admin } = world;
    await kubectl(["apply", "--validate=strict", "--kustomize", folder], { cluster: world.cluster });
    // As it is installed, a mistake in it would only show in what it does not do.
    for (const policy of ["regcred-pods", "regcred-pods-accounts"])
      await admin.patch(`${policies}/${policy}`, { spec: { failurePolicy: "Fail" } });
    await world.namespaces(Object.keys(namespaces));
    for (const [name, metadata] of Object.entries(namespaces))
      await admin.patch(`/api/v1/namespaces/${name}`, { metadata });
    for (const namespace of [...Object.keys(namespaces), "kube-system", operatorNamespace]) {
      for (const name of accounts.slice(1))
        await admin.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } });
    }
    for (const [index, selection] of selections.entries())
      await world.credential(`c-${index}`, staticSpec("hub", { ...selection, pullSecret: { name: `pull-${index}` } }));
    await eventually("the policy is in force", async () => (await given("team-a")).includes("pull-0"));
    await eventually("the last one is known to it", async () =>
      (await given("team-a", { serviceAccountName: "bx" })).includes("pull-13"),
    );
  });
  afterAll(() => world?.close());

  it.each([...Object.keys(namespaces), "kube-system", operatorNamespace])(
    "in %s as src/entitlement/selection.ts says",
    async (name) => {
      const record = transformNamespace()(await world.admin.get(`/api/v1/namespaces/${name}`));
      const credentials = (await world.admin.list(credentialsPath)).map(parsed);
      for (const account of accounts) {
        const wanted = credentials
          .filter(
            ({ spec }) =>
              selectsNamespace(spec.namespaces, record, operatorNamespace) &&
              selectsServiceAccount(spec.serviceAccounts, account),
          )
          .map(({ spec }) => spec.pullSecret.name);
        expect({ account, given: (await given(name, { serviceAccountName: account })).toSorted() }).toEqual({
          account,
          given: wanted.toSorted(),
        });
      }
    },
  );

  it("adds to what the pod and its ServiceAccount have, and nothing twice", async () => {
    const only = { namespaces: { include: ["other"] } };
    for (const name of ["one", "two"])
      await world.credential(
        name,
        staticSpec("hub", { ...only, pullSecret: { name: "same", extraReferences: ["mine"] } }),
      );
    await eventually("both are known", async () => (await given("other")).includes("same"));
    const all = (await given("other")).length;
    const own = await given("other", { imagePullSecrets: [reference("mine"), reference("own")] });
    expect(own.slice(0, 2)).toEqual(["mine", "own"]);
    expect(own).toHaveLength(all + 1);
    await world.admin.patch("/api/v1/namespaces/other/serviceaccounts/default", {
      imagePullSecrets: [reference("first")],
    });
    await eventually("the ServiceAccount's come first", async () => (await given("other"))[0] === "first");
    expect(new Set(await given("other")).size).toBe(all + 1);
  });

  it("gives none of a credential that writes no references or is being deleted, and goes on with a suspended one", async () => {
    for (const name of ["silent", "ending", "paused"])
      await world.credential(name, staticSpec("hub", { namespaces: { include: ["team-a"] }, pullSecret: { name } }));
    await eventually("all are known", async () => (await given("team-a")).includes("paused"));
    await world.patchCredential("silent", { spec: { references: "None" } });
    await world.patchCredential("paused", { spec: { suspend: true } });
    await world.patchCredential("ending", { metadata: { finalizers: ["example.com/hold"] } });
    await world.admin.remove(`${credentialsPath}/ending`);
    await eventually("it is heard of", async () => {
      const names = await given("team-a");
      return !names.includes("silent") && !names.includes("ending");
    });
    expect(await given("team-a")).toContain("paused");
    await world.patchCredential("ending", { metadata: { finalizers: null } });
  });

  it("leaves a pod alone that opts out, for whoever compares it with a template", async () => {
    expect(await given("team-a", {}, { annotations: { "regcred.dev/ignore": "true" } })).toEqual([]);
    expect(await given("team-a", {}, { annotations: { "regcred.dev/ignore": "false" } })).not.toEqual([]);
  });

  it("of a ServiceAccount that opts out get none, though one of them refers to nothing by an empty name", async () => {
    await world.admin.create("/api/v1/namespaces/other/serviceaccounts", {
      metadata: { name: "out", annotations: { "regcred.dev/ignore": "true" } },
    });
    const account = { serviceAccountName: "out" };
    await eventually("it is known", async () => (await given("other", account)).length === 0);
    expect((await given("other", { ...account, imagePullSecrets: [{}] })).filter(Boolean)).toEqual([]);
  });

  describe("of a ServiceAccount that enforces mountable secrets", () => {
    const enforced = { "kubernetes.io/enforce-mountable-secrets": "true" };
    const account = (
      name: string,
      references: readonly string[],
      annotations: object = enforced,
    ): Promise<KubeObject> =>
      world.admin.create("/api/v1/namespaces/other/serviceaccounts", {
        metadata: { name, annotations },
        imagePullSecrets: references.map(reference),
      });

    it("are created while it has no reference yet, in whatever order the policies are called", async () => {
      await account("enforced", []);
      await eventually(
        "it is known",
        async () => (await given("other", { serviceAccountName: "enforced" }).catch(() => ["refused"])).length === 0,
      );
      for (let round = 0; round < 12; round += 1) {
        // The API server sorts its policies anew, by chance, whenever one changes.
        const labels = { round: String(round) };
        await world.admin.patch(`${policies}/regcred-pods`, { metadata: { labels } });
        await world.admin.patch(`${policies}/regcred-pods-accounts`, { metadata: { labels } });
        await delay(1_100);
        expect(await given("other", { serviceAccountName: "enforced" }, { annotations: { own: "1" } })).toEqual([]);
      }
    });

    it("get what it has, and keep what they name of it", async () => {
      await account("listed", ["pull-0", "own"]);
      await eventually(
        "it is known",
        async () => (await given("other", { serviceAccountName: "listed" }).catch(() => ["refused"])).length === 2,
      );
      const named = await given("other", { serviceAccountName: "listed", imagePullSecrets: [reference("own")] });
      // By the order of the policies it has the account's other one, too, which it may have.
      expect(named[0]).toBe("own");
      expect(["pull-0", "own"]).toEqual(expect.arrayContaining([...named]));
      await expect(
        given("other", { serviceAccountName: "listed", imagePullSecrets: [reference("else")] }),
      ).rejects.toThrow(/does not reference that imagePullSecret/);
    });

    it("get it as others do where the annotation says no", async () => {
      await account("free", [], { "kubernetes.io/enforce-mountable-secrets": "false" });
      expect(await given("other", { serviceAccountName: "free" })).not.toEqual([]);
    });
  });

  describe("of a ServiceAccount that opts out", () => {
    beforeAll(async () => {
      await world.admin.create("/api/v1/namespaces/other/serviceaccounts", {
        metadata: { name: "ignored", annotations: { "regcred.dev/ignore": "true" } },
        imagePullSecrets: [reference("listed"), reference("pull-0")],
      });
      await world.admin.create("/api/v1/namespaces/other/serviceaccounts", {
        metadata: { name: "asked", annotations: { "regcred.dev/ignore": "no" } },
      });
      await eventually(
        "it is known",
        async () => (await given("other", { serviceAccountName: "ignored" })).length === 2,
      );
    });

    it("get what it lists and what they name, and nothing else, in whatever order the policies are called", async () => {
      const spec = { serviceAccountName: "ignored" };
      const own = { ...spec, imagePullSecrets: [reference("own")] };
      for (let round = 0; round < 12; round += 1) {
        // The API server sorts its policies anew, by chance, whenever one changes.
        const labels = { round: String(round) };
        await world.admin.patch(`${policies}/regcred-pods`, { metadata: { labels } });
        await world.admin.patch(`${policies}/regcred-pods-accounts`, { metadata: { labels } });
        await delay(1_100);
        expect(await given("other", spec)).toEqual(["listed", "pull-0"]);
        // By the order of the policies it has the account's other one, too, which it may have.
        expect((await given("other", own)).filter((name) => name !== "pull-0")).toEqual(["own"]);
      }
    });

    it("get it as others do where the annotation says no", async () => {
      expect(await given("other", { serviceAccountName: "asked" })).toContain("pull-0");
    });
  });

  it("says on the pod what it has added, of several credentials", async () => {
    const added = async (namespace: string, annotations: object): Promise<unknown> => {
      const { metadata } = await world.admin.create(`/api/v1/namespaces/${namespace}/pods?dryRun=All`, {
        metadata: { name: "web", annotations },
        spec: { containers: [{ name: "web", image: "registry.example.com/app:1" }] },
      });
      return metadata.annotations?.[addedReferencesAnnotation];
    };
    const names = await given("team-a");
    expect(
      String(await added("team-a", { own: "1" }))
        .split(" ")
        .toSorted(),
    ).toEqual(names.toSorted());
    expect(await added("opted-out", {})).toBeUndefined();
  });

  it("is patched once for each reference that it lacks, and not at all where it has them: a patch is what costs", async () => {
    const patches = async (): Promise<number> => {
      const counted = (await world.cluster.metricsText()).matchAll(
        /^apiserver_mutating_admission_policy_check_total\{[^}]*policy="regcred-pods"[^}]*\} (\d+)$/gm,
      );
      return [...counted].reduce((sum, [, count]) => sum + Number(count), 0);
    };
    const spent = async (present: readonly string[]): Promise<number> => {
      const before = await patches();
      await given("team-a", { imagePullSecrets: present.map(reference) });
      return (await patches()) - before;
    };
    const all = (await world.admin.list(credentialsPath)).map((object) => parsed(object).spec.pullSecret.name);
    expect(await patches()).toBeGreaterThan(0);
    expect(await spent(all)).toBe(0);
    expect(await spent(all.filter((name) => name !== "pull-0" && name !== "pull-1"))).toBe(2);
  });

  it("leaves the kubelet's own pods alone, for NodeRestriction refuses them with a Secret", async () => {
    const annotations = { "kubernetes.io/config.mirror": "checksum" };
    expect(await given("team-a", { nodeName: "worker" }, { annotations })).toEqual([]);
    expect(await given("team-a", { nodeName: "worker" })).not.toEqual([]);
  });
});

function parsed(object: KubeObject) {
  const result = parseRegistryCredential(object);
  if (!result.ok) throw new Error(`${object.metadata.name} does not parse`);
  return result.credential;
}
