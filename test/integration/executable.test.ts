// Tests that the single executable works where there is no Node, as a plugin of the real kubectl and as the operator.
import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { completionScript } from "../../src/cli/completion/completion-scripts.ts";
import { awsServer } from "../providers/servers/aws.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { credentialsPath, eventually, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

const root = join(import.meta.dirname, "../..");

const nodeFile = (name: string, entry: object): string =>
  JSON.stringify({
    apiVersion: "regcred.dev/v1alpha1",
    kind: "NodeCredentials",
    metadata: { name },
    registries: [entry],
  });
const requestFor = (image: string): string =>
  JSON.stringify({
    apiVersion: "credentialprovider.kubelet.k8s.io/v1",
    kind: "CredentialProviderRequest",
    image,
  });

describe("the executable", () => {
  let world: TestEnv;
  /** Holds the program by its three names, and nothing else: there is no Node, and no kubectl. */
  let folder: string;

  beforeAll(async () => {
    world = await testEnv();
    folder = join(world.cluster.folder, "programs");
    mkdirSync(folder);
    // As docs/cli.md says.
    const built = spawnSync("npm", ["run", "executable", "--", `--to=${folder}`], { cwd: root, encoding: "utf8" });
    if (built.status !== 0) throw new Error(`npm run executable: ${built.stderr}`);
    renameSync(join(folder, `kubectl-regcred-${process.platform}-${process.arch}`), join(folder, "kubectl-regcred"));
    for (const name of ["regcred", "kubectl_complete-regcred"]) symlinkSync("kubectl-regcred", join(folder, name));
    chmodSync(folder, 0o555);
  }, 5 * 60_000);
  afterAll(async () => {
    chmodSync(folder, 0o755);
    await world.close();
  });

  const run = (name: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
    spawnSync(join(folder, name), args, {
      env: { PATH: folder, HOME: "/nonexistent", ...environment },
      encoding: "utf8",
    });
  const plugin = (...args: readonly string[]): Promise<string> =>
    kubectl(args, { cluster: world.cluster, path: folder });

  it("knows its version, its help, and what is wrong", () => {
    expect(run("regcred", ["--version"])).toMatchObject({ status: 0, stdout: `${packageJson.version}\n`, stderr: "" });
    expect(run("regcred", ["run", "--help"]).stdout).toMatch(/^Usage: regcred run /);
    expect(run("regcred", ["completion", "zsh"]).stdout).toBe(completionScript("zsh", "regcred"));
    expect(run("regcred", ["status"])).toMatchObject({
      status: 1,
      stdout: "",
      stderr: "error: no cluster: set KUBECONFIG or run in a pod\n",
    });
  });

  it("does not mind what is meant for another Node", () => {
    const ran = run("regcred", ["--version"], { NODE_OPTIONS: "--no-such-option" });
    expect(ran).toMatchObject({ status: 0, stderr: "" });
  });

  it("is the kubelet's credential provider, which says nothing but its answer", () => {
    const secret = join(world.cluster.folder, "secrets/hub");
    mkdirSync(secret, { recursive: true, mode: 0o700 });
    for (const [key, value] of Object.entries({ username: "acme", password: "hunter2" })) {
      writeFileSync(join(secret, key), value, { mode: 0o600 });
    }
    const config = join(world.cluster.folder, "regcred.yaml");
    const hub = { name: "hub", provider: "Static", hosts: ["docker.io"], static: { secretName: "hub" } };
    writeFileSync(config, nodeFile("regcred", hub), { mode: 0o600 });
    // Its files are root's, as on a node: who runs the tests is root in a container, and told so elsewhere.
    const ran = spawnSync(join(folder, "regcred"), ["credential-provider", "--config", config], {
      env: { PATH: folder },
      input: requestFor("docker.io/acme/app"),
      encoding: "utf8",
    });
    const isRoot = process.getuid?.() === 0;
    expect(ran.stderr).toMatch(isRoot ? /^$/ : /^error: .* belongs to the user \d+, who can change it: chown 0:0 /);
    expect(ran.stdout).toBe(
      isRoot
        ? '{"apiVersion":"credentialprovider.kubelet.k8s.io/v1","kind":"CredentialProviderResponse","cacheKeyType":"Registry","cacheDuration":"60s","auth":{"docker.io":{"username":"acme","password":"hunter2"}}}\n'
        : "",
    );
  });

  // Its files are root's, and who is not is told so before any cloud is asked.
  it.skipIf(process.getuid?.() !== 0)(
    "answers a kubelet for ECR in a part of a second of CPU, start-up included",
    async () => {
      const keys = { AKIAIOSFODNN7EXAMPLE: "arn:aws:iam::123456789012:role/node" };
      const aws = await awsServer({ keys });
      onTestFinished(() => aws.close());
      const host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
      const config = join(world.cluster.folder, "ecr.yaml");
      writeFileSync(config, nodeFile("ecr", { name: "images", provider: "ECR", hosts: [host] }), { mode: 0o600 });
      const request = join(world.cluster.folder, "request.json");
      writeFileSync(request, requestFor(`${host}/app`));
      const env = {
        AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
        AWS_SECRET_ACCESS_KEY: "x",
        REGCRED_ECR_ENDPOINT: aws.url,
      };
      const program = `'${join(folder, "regcred")}'`;
      /** Seconds of user and system time, which the shell's second line tells of its children. */
      const spentOn = async (command: string): Promise<number> => {
        const { stdout } = await promisify(execFile)("/bin/sh", ["-c", `${command} >&2; times`], { env });
        const times = [...(stdout.split("\n")[1] ?? "").matchAll(/(\d+)m([\d.]+)s/g)];
        return times.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
      };
      const spent: number[] = [];
      // The least of some: what else the machine does is in each.
      for (let round = 0; round < 9; round += 1) {
        spent.push(await spentOn(`${program} credential-provider --config '${config}' <'${request}'`));
      }
      expect(aws.calls).toHaveLength(spent.length);
      // On a machine with nothing else to do it is less than 0.25; a busy one takes longer over each instruction.
      expect(Math.min(...spent)).toBeLessThan(0.4);
    },
  );

  it("is the operator, too", async () => {
    await world.source("hub", { username: "ann", password: "hunter2" });
    await world.namespaces(["team-a"]);
    await world.credential("acme", staticSpec("hub"));
    const child = spawn(join(folder, "regcred"), ["run"], { env: { KUBECONFIG: world.cluster.kubeconfig } });
    const stderr = text(child.stderr);
    child.stdout.resume();
    const ended = once(child, "exit");
    try {
      await eventually(
        "the credential is Ready",
        async () => (await world.condition("acme", "Ready"))?.status === "True",
      );
    } finally {
      child.kill("SIGTERM");
    }
    expect([await ended, await stderr]).toEqual([[0, null], ""]);
  });

  it("is found by kubectl, and answers through it", async () => {
    expect(await plugin("plugin", "list")).toContain(`${join(folder, "kubectl-regcred")}\n`);
    expect(await plugin("regcred", "--version")).toBe(`${packageJson.version}\n`);
    expect(await plugin("regcred", "status")).toMatch(/^acme +yes +1\/1 /m);
    expect(await plugin("regcred", "explain", "team-a")).toMatch(/^YES: ServiceAccount team-a\/default can pull /);
    const manifest = join(world.cluster.folder, "acme.json");
    writeFileSync(manifest, JSON.stringify(await world.admin.get(`${credentialsPath}/acme`)));
    expect(await plugin("regcred", "plan", "--delete", "-f", manifest)).toMatch(/^Deleting acme would /);
    expect(await plugin("regcred", "refresh", "acme", "--no-wait")).toBe("Asked. See: kubectl regcred status acme\n");
  });

  it("completes commands for kubectl", async () => {
    expect(await plugin("__complete", "regcred", "st")).toMatch(/^status\n:4\n/);
    expect(await plugin("__complete", "regcred", "plan", "-f", "")).toMatch(/^:0\n/);
  });
});
