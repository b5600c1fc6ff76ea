// Tests that each command that `doctor` and `plan` print does what it is printed for, typed by a person as it stands.
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/runtime/clock.ts";
import { ask } from "./ask.ts";
import { credentialsPath, eventually, operatorNamespace, type TestEnv, testEnv, soon, staticSpec } from "./test-env.ts";
import { commandsIn, filled, type Shell, shellIn } from "./shell.ts";

const root = join(import.meta.dirname, "..", "..");
const admission = "/apis/admissionregistration.k8s.io/v1";
const rbac = "/apis/rbac.authorization.k8s.io/v1";
const crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/registrycredentials.regcred.dev";
const secretsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/secrets`;

/** What a person types for the words in capitals. */
const words = {
  HOST: "registry.example.com",
  USER: "ann",
  PASSWORD: "hunter2",
  FILE: "config.json",
  NAME: "login",
  VALUE: "tenant",
  ACCOUNT: "123456789012",
  GUID: "01234567-89ab-cdef-0123-456789abcdef",
};

describe("the commands that are advised", () => {
  let world: TestEnv;
  let folder: string;
  let shell: Shell;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "regcred-advice-"));
    // Where a person types them: in the folder of the release.
    for (const part of ["config", "crds"]) await symlink(join(root, part), join(folder, part));
    await writeFile(
      join(folder, "config.json"),
      JSON.stringify({ auths: { "registry.example.com": { auth: "YTpi" } } }),
    );
    world = await testEnv();
    shell = await shellIn(folder, world.cluster);
  });
  afterAll(async () => {
    await world?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Types all of them, one after the other. */
  const follow = async (commands: readonly string[]): Promise<void> => {
    for (const command of commands) {
      const { code, output } = await shell(filled(command, words));
      expect({ command, code, output }).toMatchObject({ code: 0 });
    }
  };
  const doctor = async (): Promise<string> =>
    (await ask(world.cluster.kubeconfig, ["doctor"], { at: systemClock().now().add({ minutes: 6 }) })).stdout;
  /** The checks that found something, the clock's aside, which is told from later. */
  const troubled = (text: string): readonly string[] =>
    [...text.matchAll(/^(?:BAD {4}|unknown) ([^:]+): /gm)]
      .map(([, check = ""]) => check)
      .filter((each) => each !== "clock");

  it("by doctor, of an installation that is none", async () => {
    await world.admin.patch(crd, { spec: { names: { shortNames: ["regcred", "rc"] } } });
    await eventually("it is seen", async () => (await doctor()).includes("it is of another version than this program"));
    const output = await doctor();
    expect(troubled(output)).toEqual(["RegistryCredential", "rights", "restraint", "audiences", "operator"]);
    expect(new Set(commandsIn(output))).toEqual(
      new Set([
        "kubectl apply -f crds/",
        "kubectl apply -k config/default",
        "kubectl apply -k config/restraint",
        `kubectl get pods -n ${operatorNamespace}`,
      ]),
    );
    await follow(commandsIn(output));
    // No pod of the Deployment runs here.
    await eventually("all is mended", async () => troubled(await doctor()).join() === "operator");
  });

  it("by doctor, of what has gone wrong since", async () => {
    await world.namespaces(["team-a"]);
    const label = "acme.io/tier";
    const arn = `arn:aws:iam::123456789012:role/$(namespace.name)-$(namespace.labels['${label}'])`;
    const hosts = ["123456789012.dkr.ecr.eu-west-1.amazonaws.com"];
    await world.credential("cloud", {
      registries: [{ name: "images", provider: "ECR", hosts, ecr: { roleARN: arn } }],
      namespaces: { include: ["team-*"] },
    });
    await world.admin.create(credentialsPath, {
      apiVersion: "regcred.dev/v1alpha1",
      kind: "RegistryCredential",
      metadata: { name: "ending", finalizers: ["regcred.dev/drain"] },
      spec: staticSpec("hub"),
    });
    await world.admin.remove(`${credentialsPath}/ending`);
    await world.admin.create("/api/v1/nodes", { metadata: { name: "worker" }, spec: { providerID: "aws:///a/i-0" } });
    await world.admin.create(secretsOf("team-a"), {
      metadata: {
        name: "left",
        labels: { "app.kubernetes.io/managed-by": "regcred" },
        annotations: { "regcred.dev/credentials": "gone" },
      },
    });
    const subjects = [{ kind: "Group", name: "tenants", apiGroup: "rbac.authorization.k8s.io" }];
    await world.admin.create(`${rbac}/clusterroles`, {
      metadata: { name: "labellers" },
      rules: [{ apiGroups: [""], resources: ["namespaces"], verbs: ["patch"] }],
    });
    for (const [name, role] of [
      ["labellers", "labellers"],
      ["regcred-drain", "regcred-drain"],
    ]) {
      await world.admin.create(`${rbac}/clusterrolebindings`, {
        metadata: { name, labels: { "app.kubernetes.io/part-of": "regcred" } },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
        subjects,
      });
    }
    const policy = `${admission}/validatingadmissionpolicies/regcred-token-requests`;
    const { spec } = (await world.admin.get(policy)) as unknown as { spec: object };
    const audiences = "['https://kubernetes.default.svc']";
    await world.admin.patch(policy, { spec: { ...spec, variables: [{ name: "audiences", expression: audiences }] } });

    const output = await doctor();
    const found = [
      "audiences",
      "credentials",
      "drain",
      "finalizers",
      "images on nodes",
      "labels",
      "nodes",
      "operator",
      "orphans",
    ];
    expect(new Set(troubled(output))).toEqual(new Set(found));
    const commands = commandsIn(output);
    expect(commands).toEqual(
      expect.arrayContaining([
        "kubectl get validatingadmissionpolicy regcred-token-requests -o yaml",
        expect.stringMatching(/^kubectl delete clusterrolebinding,clusterrole regcred-drain/),
        "kubectl regcred status cloud",
        "kubectl describe regcred ending",
        "kubectl apply -k config/admission/labels",
        expect.stringMatching(/^kubectl patch validatingadmissionpolicy regcred-labels --type=json -p '/),
        "kubectl get nodes -o custom-columns=NAME:.metadata.name,ID:.spec.providerID",
        "kubectl regcred doctor --fix",
      ]),
    );
    // Those two tell by their exit codes, too, that there is something to see.
    await follow(commands.filter((command) => !command.startsWith("kubectl regcred ")));
    for (const command of ["kubectl regcred status cloud", "kubectl regcred doctor --fix"]) {
      expect(await shell(command)).toMatchObject({ code: 3, output: expect.not.stringContaining("error") });
    }
    expect(await world.secret("team-a", "left")).toBeUndefined();
    await eventually("what a command mends is mended", async () => {
      const left = troubled(await doctor());
      return ["drain", "labels", "orphans"].every((check) => !left.includes(check));
    });
    await world.patchCredential("ending", { metadata: { finalizers: null } });
    await world.deleteCredential("cloud");
  });

  const planned = async (
    name: string,
    spec: object,
    { kubeconfig }: Pick<TestEnv["cluster"], "kubeconfig"> = world.cluster,
  ): ReturnType<typeof ask> => {
    const file = join(folder, `${name}.yaml`);
    const object = { apiVersion: "regcred.dev/v1alpha1", kind: "RegistryCredential", metadata: { name }, spec };
    await writeFile(file, stringify(object));
    return await ask(kubeconfig, ["plan", "-f", file, "--source-namespaces", "logins"]);
  };

  const ecr = (changes: object): object => ({
    registries: [
      { name: "main", provider: "ECR", hosts: ["123456789012.dkr.ecr.eu-west-1.amazonaws.com"], ...changes },
    ],
  });
  const docker = { ".dockerconfigjson": JSON.stringify({ auths: { "registry.example.com": { auth: "YTpi" } } }) };
  const rows: readonly {
    readonly reason: string;
    readonly name: string;
    readonly spec: object;
    /** What is there before, but for the namespace. */
    readonly make?: () => Promise<unknown>;
  }[] = [
    { reason: "SourceMissing", name: "source", spec: staticSpec("absent") },
    {
      reason: "SourceMissing",
      name: "elsewhere",
      spec: {
        registries: [
          {
            name: "main",
            provider: "Static",
            hosts: ["registry.example.com"],
            static: { secretName: "absent", secretNamespace: "logins" },
          },
        ],
      },
      make: () => world.namespaces(["logins"]),
    },
    {
      reason: "SourceInvalid",
      name: "type",
      spec: staticSpec("opaque"),
      make: () =>
        world.admin.create(secretsOf(operatorNamespace), { metadata: { name: "opaque" }, stringData: docker }),
    },
    {
      reason: "ServiceAccountMissing",
      name: "role",
      spec: ecr({ identity: { from: "ServiceAccount", name: "puller" } }),
    },
    {
      reason: "ServiceAccountMissing",
      name: "guid",
      spec: {
        registries: [
          {
            name: "main",
            provider: "ACR",
            hosts: ["acmeimages.azurecr.io"],
            identity: { from: "TenantServiceAccount", name: "puller" },
          },
        ],
      },
    },
    {
      reason: "MissingLabel",
      name: "label",
      spec: ecr({ ecr: { roleARN: "arn:aws:iam::123456789012:role/$(namespace.labels['acme.io/role'])" } }),
    },
    {
      reason: "SecretConflict",
      name: "conflict",
      spec: staticSpec("absent", { pullSecret: { name: "conflict", onConflict: "Adopt" } }),
      make: () =>
        world.admin.create(secretsOf("of-conflict"), {
          metadata: { name: "conflict", labels: { "app.kubernetes.io/managed-by": "Helm" } },
          type: "kubernetes.io/dockerconfigjson",
          stringData: docker,
        }),
    },
  ];
  it.each(rows)("by plan, of $reason ($name)", async ({ reason, name, spec, make }) => {
    await world.namespaces([`of-${name}`]);
    await make?.();
    const whole = { pullSecret: { name }, ...spec, namespaces: { include: [`of-${name}`] } };
    const first = await planned(name, whole);
    expect(first.stdout).toContain(`NOT SERVED ${name}: ${reason} in of-${name}: `);
    let { code, stdout } = first;
    for (let round = 0; code !== 0 && round < 4; round += 1) {
      expect(commandsIn(stdout)).not.toEqual([]);
      await follow(commandsIn(stdout));
      ({ code, stdout } = await planned(name, whole));
    }
    expect({ code, stdout }).toMatchObject({ code: 0 });
  });

  it("by plan, of a source that says of no host that it is for it", async () => {
    await world.namespaces(["of-all"]);
    await world.source("any", { username: "ann", password: "hunter2" });
    const { stdout } = await planned("all", staticSpec("any", { hosts: ["*"], namespaces: { include: ["of-all"] } }));
    expect(stdout).toContain("NOT SERVED all: HostMissing");
    expect(commandsIn(stdout)).not.toEqual([]);
    await follow(commandsIn(stdout));
  });

  it.each([
    [{ hosts: ["https://registry.example.com"] }, "remove https://"],
    [{ pullSecret: { name: "any" } }, "write another pullSecret.name"],
    [{ pullSecrets: { name: "other" } }, "unknown field"],
  ])("plan foretells nothing of what the API server refuses: %j", async (changes, message) => {
    await world.credential("there", staticSpec("any"));
    for (const name of ["new", "there"]) {
      const { code, stdout, stderr } = await planned(name, staticSpec("any", changes));
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(/: RegistryCredential (?:new|there): the API server refuses it: /);
      expect(stderr).toContain(message);
    }
    await world.deleteCredential("there");
  });

  it("by plan, for whoever may only read", async () => {
    const user = { name: "reader", groups: ["readers"] };
    const metadata = { name: "readers" };
    const rule = { apiGroups: ["*"], resources: ["*"], verbs: ["get", "list"] };
    await world.admin.create(`${rbac}/clusterroles`, { metadata, rules: [rule] });
    await world.admin.create(`${rbac}/clusterrolebindings`, {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "readers" },
      subjects: [{ kind: "Group", name: "readers", apiGroup: "rbac.authorization.k8s.io" }],
    });
    const kubeconfig = await world.cluster.kubeconfigFor(user);
    const spec = staticSpec("any", { namespaces: { include: ["of-all"] } });
    await expect.poll(() => planned("new", spec, { kubeconfig }), soon).toMatchObject({ code: 0 });
  });

  it("by plan, of a removal that is held: once it is confirmed, applying removes", async () => {
    const teams = Array.from({ length: 12 }, (_, index) => `many-${String(index)}`);
    await world.namespaces(teams);
    await world.source("many", { username: "ann", password: "hunter2" });
    const spec = (include: string): object =>
      staticSpec("many", { pullSecret: { name: "many-login" }, namespaces: { include: [include] } });
    // No cloud is reached.
    await world.startOperator({ routes: {} });
    await world.credential("many", spec("many-*"));
    await eventually("all are served", async () => (await world.status("many")).namespaces?.ready === 12);
    const { stdout } = await planned("many", spec("many-0"));
    expect(stdout).toMatch(/^HELD many: /m);
    await follow(commandsIn(stdout));
    expect((await planned("many", spec("many-0"))).stdout).not.toContain("HELD");
    await world.patchCredential("many", { spec: { namespaces: { include: ["many-0"] } } });
    await eventually("they are gone", async () => {
      return (await world.admin.list("/api/v1/secrets?fieldSelector=metadata.name%3Dmany-login")).length === 1;
    });
  });

  it("by a condition, of CA certificates that are missing", async () => {
    const stringData = {
      accessKeyId: "AKIAIOSFODNN7EXAMPLE",
      secretAccessKey: "hunter2",
    };
    await world.admin.create(secretsOf(operatorNamespace), { metadata: { name: "keys" }, stringData });
    await world.credential("trust", {
      ...ecr({ caSecretName: "company-ca", identity: { from: "Secret", name: "keys" } }),
      pullSecret: { name: "trust" },
      namespaces: { include: ["of-all"] },
    });
    const reported = async (): Promise<string> => JSON.stringify((await world.status("trust")).conditions ?? []);
    await expect.poll(reported, soon).toContain("company-ca");
    const [command = "", ...more] = new Set(commandsIn((await world.condition("trust", "Ready"))?.message ?? ""));
    expect([command, more]).toEqual([expect.stringContaining("create secret generic"), []]);
    await follow([command]);
    await expect.poll(reported, soon).not.toContain("company-ca");
  });

  it("by an Event, of a Secret that somebody has copied", async () => {
    const { metadata, ...rest } = (await world.secret("many-0", "many-login")) ?? { metadata: { name: "" } };
    const { name, labels, annotations } = metadata;
    await world.admin.create(secretsOf("of-all"), { ...rest, metadata: { name, labels, annotations } });
    const notes = async (): Promise<readonly string[]> =>
      (await world.events("of-all")).map((event) => String(event["note"])).filter((note) => note.includes("a copy"));
    await expect.poll(notes, soon).toHaveLength(1);
    const commands = commandsIn((await notes()).join("\n"));
    expect(commands).toHaveLength(1);
    await follow(commands);
    const left = (await world.secret("of-all", "many-login"))?.metadata.annotations ?? {};
    expect(Object.keys(left).filter((key) => key.startsWith("regcred.dev/"))).toEqual([]);
  });
});
