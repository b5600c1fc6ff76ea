// Tests of what is left of an install that is removed without draining it, in the wrong order, or all at once.
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { crdName, finalizer } from "../../src/api/names.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { markdownFiles } from "../documents.ts";
import { operatorKubeconfig } from "./installed.ts";
import {
  credentialsPath,
  eventually,
  operatorNamespace,
  type RunningOperator,
  type TestEnv,
  testEnv,
  staticSpec,
} from "./test-env.ts";

const root = join(import.meta.dirname, "..", "..");
const [defaults, crds] = [join(root, "config", "default"), join(root, "crds")];
const installDocument = markdownFiles.find(({ path }) => path === "docs/install.md")?.text ?? "";
const hub = "registry.example.com";
const mode = { pullSecretNames: ["regcred"], watchNamespaces: [], podRecovery: false };

describe("an install that serves a tenant", () => {
  let world: TestEnv;
  let operator: RunningOperator;

  const run = (...args: string[]): Promise<string> => kubectl(args, { cluster: world.cluster });
  const start = async (): Promise<void> => {
    operator = await world.startOperator({
      kubeconfig: await operatorKubeconfig(world),
      settings: { mode, leaderElection: true },
    });
  };
  const isServed = async (password: string): Promise<boolean> =>
    (await world.logins("team-a"))?.[hub]?.password === password &&
    (await world.references("team-a")).join() === "regcred" &&
    (await world.condition("hub", "Ready"))?.status === "True";
  /** Everything of the cluster that is being deleted and still there. */
  const terminating = async (): Promise<readonly string[]> => {
    const kinds = (await run("api-resources", "--verbs=list", "--output=name")).trim().split("\n");
    const listed = await run("get", kinds.join(), "--all-namespaces", "--output=json");
    const { items } = JSON.parse(listed) as {
      readonly items: readonly { kind: string; metadata: { name: string; deletionTimestamp?: string } }[];
    };
    return items
      .filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
      .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  };

  beforeAll(async () => {
    world = await testEnv();
    await run("apply", "-f", crds);
    await run("apply", "-k", defaults);
    await start();
    await world.namespaces(["team-a"]);
    await world.source("hub", { username: "ann", password: "first" });
    await world.credential("hub", staticSpec("hub"));
    await eventually("it is served", () => isServed("first"));
  }, 180_000);
  afterAll(() => world.close());

  it("leaves tenants their logins, and nothing Terminating, when config/default is deleted without a drain", async () => {
    await run("delete", "-k", defaults, "--timeout=60s");
    // The pods have some seconds after their rights are gone.
    await operator.stop();
    expect(await terminating()).toEqual([]);
    expect(await world.admin.get(`/api/v1/namespaces/${operatorNamespace}`)).toBeUndefined();
    expect((await world.admin.get(`${credentialsPath}/hub`))?.metadata.finalizers).toEqual([finalizer]);
    expect((await world.logins("team-a"))?.[hub]?.password).toBe("first");
    expect(await world.references("team-a")).toEqual(["regcred"]);
  });

  it("is taken up by the next one", async () => {
    await run("apply", "-k", defaults);
    await start();
    await world.source("hub", { username: "ann", password: "second" });
    await eventually("it is served again", () => isServed("second"));
    expect(await terminating()).toEqual([]);
  });

  it("is cleaned up when the kind is deleted while the operator is there", async () => {
    await run("delete", "-f", crds, "--timeout=60s");
    expect(await terminating()).toEqual([]);
    expect(await world.secret("team-a")).toBeUndefined();
    expect(await world.references("team-a")).toEqual([]);
    await operator.stop();
  });

  describe("of which everything is deleted in one command, RegistryCredentials and their kind with it", () => {
    let everything: string;

    const releasing = [`CustomResourceDefinition ${crdName}`, "RegistryCredential hub"];
    const deleteEverything = async (): Promise<void> => {
      await run("apply", "-f", crds);
      await run("wait", "--for=condition=Established", `crd/${crdName}`);
      await run("apply", "-k", everything);
      await start();
      await world.source("hub", { username: "ann", password: "third" });
      await eventually("it is served", () => isServed("third"));
      await operator.stop();
      await expect(run("delete", "-k", everything, "--timeout=1s")).rejects.toThrow("timed out");
      await eventually(
        "the namespace is gone",
        async () => (await world.admin.get(`/api/v1/namespaces/${operatorNamespace}`)) === undefined,
      );
      expect(await terminating()).toEqual(releasing);
      expect(await world.references("team-a")).toEqual(["regcred"]);
    };

    beforeAll(async () => {
      everything = join(world.cluster.folder, "everything");
      await mkdir(everything);
      const credential = { apiVersion: "regcred.dev/v1alpha1", kind: "RegistryCredential", metadata: { name: "hub" } };
      const file = "regcred.dev_registrycredentials.yaml";
      await copyFile(join(crds, file), join(everything, file));
      await writeFile(join(everything, "hub.yaml"), stringify({ ...credential, spec: staticSpec("hub") }));
      const resources = [relative(everything, defaults), file, "hub.yaml"];
      await writeFile(join(everything, "kustomization.yaml"), stringify({ resources }));
    });

    it("is released, and tenants are cleaned up, when the operator is installed again", async () => {
      await deleteEverything();
      await run("apply", "-k", defaults);
      await start();
      await eventually("nothing is left", async () => (await terminating()).length === 0);
      expect(await world.secret("team-a")).toBeUndefined();
      expect(await world.references("team-a")).toEqual([]);
      await operator.stop();
    });

    it("is released, and tenants keep what they have, by the command for a finalizer without an operator", async () => {
      await deleteEverything();
      const words = commandWith("patch regcred NAME").replace("NAME", "hub").split(" ").slice(1);
      await run(...words.map((word) => word.replaceAll("'", "")));
      await eventually("nothing is left", async () => (await terminating()).length === 0);
      expect(await world.references("team-a")).toEqual(["regcred"]);
    });
  });
});

/** In code style somewhere in docs/install.md. */
function commandWith(text: string): string {
  const [, command = ""] = new RegExp(`\`(kubectl [^\`]*${text}[^\`]*)\``).exec(installDocument) ?? [];
  return command;
}
