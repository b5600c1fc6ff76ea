// Tests that the program itself, as a process on a real cluster, starts, says what is missing, and stops when asked.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { withFreePort } from "../cluster/free-port.ts";
import { eventually, operatorNamespace, type TestEnv, testEnv, soon, staticSpec } from "./test-env.ts";

const main = join(import.meta.dirname, "..", "..", "src", "main.ts");

interface Started {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  readonly exitCode: Promise<number | null>;
}

describe("regcred run", () => {
  let world: TestEnv;
  const children = new Set<ChildProcess>();

  beforeAll(async () => {
    world = await testEnv();
  }, 120_000);
  afterEach(() => {
    for (const child of children) child.kill("SIGKILL");
    children.clear();
  });
  afterAll(() => world.close());

  const start = (args: readonly string[] = [], kubeconfig = world.cluster.kubeconfig): Started => {
    const child = spawn(process.execPath, [main, "run", ...args], { env: { KUBECONFIG: kubeconfig } });
    children.add(child);
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
    return { child, output, exitCode: once(child, "close").then(([code]) => code as number | null) };
  };
  const failureOf = async (...args: Parameters<typeof start>): Promise<string> => {
    const { output, exitCode } = start(...args);
    expect(await exitCode).toBe(1);
    return output.stderr;
  };

  it("serves until SIGTERM, then ends with 0", async () => {
    await world.source("hub", { username: "ann", password: "hunter2" });
    await world.namespaces(["team-run"]);
    await world.credential("run", staticSpec("hub"));
    const { child, output, exitCode } = start(["--log-level", "debug"]);
    await eventually("the namespace is served", async () => (await world.secret("team-run")) !== undefined);
    child.kill("SIGTERM");
    expect(await exitCode).toBe(0);
    expect(output.stderr).toBe("");
    const lines = output.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    expect(lines.at(0)).toMatchObject({
      level: "info",
      msg: "connecting",
      server: world.cluster.server,
      namespace: operatorNamespace,
    });
    expect(lines.at(-1)).toMatchObject({ level: "info", msg: "stopped" });
    expect(output.stdout).not.toContain("hunter2");
  });

  it("serves metrics where it is told to, and says that another program does so already", async () => {
    await world.source("measured", { username: "ann", password: "hunter2" });
    await world.namespaces(["team-measured"]);
    await world.credential("measured", staticSpec("measured"));
    // The first is told to take a port that is free, the second the same one.
    const [first, port] = await withFreePort(async (free) => [start(["--metrics-address", `127.0.0.1:${free}`]), free]);
    await eventually("the metrics say that the credential is served", async () => {
      const text = await fetch(`http://127.0.0.1:${port}/metrics`).then(
        (answer) => answer.text(),
        () => "",
      );
      return (
        /^regcred_namespaces\{credential="measured",state="ready"\} [1-9]/m.test(text) &&
        /^regcred_token_failing_grants\{credential="measured",entry="[^"]+",provider="Static",reason=""\} 0$/m.test(
          text,
        )
      );
    });
    expect(await failureOf(["--metrics-address", `127.0.0.1:${port}`])).toBe(
      `error: cannot serve metrics on 127.0.0.1:${port}: another program listens there; set --metrics-address to another one\n`,
    );
    await world.deleteCredential("measured");
    await eventually("the metrics have forgotten it", async () => {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return !text.includes("measured");
    });
    first.child.kill("SIGTERM");
    expect(await first.exitCode).toBe(0);
  });

  it("says that its namespace is missing, and the command that makes it", async () => {
    expect(await failureOf(["--namespace", "elsewhere"])).toMatch(
      /^error: the operator's namespace elsewhere does not exist.*: kubectl create namespace elsewhere\n$/,
    );
  });

  it("says which rights are missing, and the command that grants them", async () => {
    const nobody = await world.cluster.kubeconfigFor({ name: "nobody" });
    expect(await failureOf([], nobody)).toMatch(/^error: the operator may not .*: kubectl apply -k config\/default\n$/);
  });

  it("waits for an API server that does not answer, says how to look at it, and stops when asked", async () => {
    const text = await readFile(world.cluster.kubeconfig, "utf8");
    const astray = join(world.cluster.folder, "astray.kubeconfig");
    // Port 1 is free everywhere: tcpmux is dead (RFC 7805).
    await writeFile(astray, text.replaceAll(world.cluster.server, "https://127.0.0.1:1"));
    const { child, output, exitCode } = start([], astray);
    await expect
      .poll(() => output.stdout, soon)
      .toContain(
        "no answer from the API server https://127.0.0.1:1: it refuses the connection (ECONNREFUSED); check that it runs with: kubectl get --raw /readyz",
      );
    expect(child.exitCode).toBeNull();
    child.kill("SIGTERM");
    expect(await exitCode).toBe(0);
    expect(output.stderr).toBe("");
  });

  it("says that the CRD is missing, and the command that installs it", async () => {
    // Nobody runs who would drain it.
    await world.patchCredential("run", { metadata: { finalizers: null } });
    await world.deleteCredential("run");
    const crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/registrycredentials.regcred.dev";
    await world.admin.remove(crd);
    await eventually(
      "the kind is not served",
      async () => (await world.admin.get("/apis/regcred.dev/v1alpha1")) === undefined,
    );
    expect(await failureOf()).toBe("error: RegistryCredential is not installed; install it: kubectl apply -f crds/\n");
  });
});
