// Tests that `status` shows what is there, as a process on a real cluster.
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asking } from "./ask.ts";
import { program } from "./program.ts";
import { eventually, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

describe("regcred status", () => {
  let world: TestEnv;

  beforeAll(async () => {
    world = await testEnv();
    await world.startOperator();
    await world.source("hub", { username: "ann", password: "hunter2" });
    await world.namespaces(["team-a", "team-b"]);
    await world.admin.create("/api/v1/namespaces/team-b/secrets", { metadata: { name: "regcred" } });
    await world.credential("acme", staticSpec("hub"));
    await world.credential("broken", staticSpec("nobody", { pullSecret: { name: "other" } }));
    await eventually(
      "the status tells of the conflict and of the missing source",
      async () =>
        (await world.status("acme")).namespaces?.failed === 1 &&
        (await world.condition("broken", "Ready"))?.reason === "SourceMissing",
    );
  });
  afterAll(() => world?.close());

  const status = (args: readonly string[] = [], columns?: number): ReturnType<typeof program> =>
    program(["status", ...args], {
      kubeconfig: world.cluster.kubeconfig,
      ...(columns !== undefined && { columns }),
    });

  it("shows in a pipe every credential and who must fix what", async () => {
    const { code, stdout, stderr } = await status();
    expect({ code, stderr }).toEqual({ code: 3, stderr: "" });
    expect(stdout).toMatch(/^CREDENTIAL {3}READY/);
    expect(stdout).toMatch(/^acme +yes +1\/2 +main +Static +Issued +never expires +registry\.example\.com$/m);
    expect(stdout).toMatch(/^acme +SecretConflict +the tenant +\S+ +team-b$/m);
    expect(stdout).toMatch(/^broken is not ready \(SourceMissing\): /m);
    expect(stdout).not.toContain("\u001B");
    expect(stdout).not.toContain("hunter2");
  });

  it.each([80, 200])("fits into a terminal of %i columns, in colours", async (columns) => {
    const { code, stdout } = await status([], columns);
    expect(code).toBe(3);
    expect(stdout).toContain("\u001B[32myes\u001B[39m");
    const lines = stripVTControlCharacters(stdout).split("\n");
    const table = lines.slice(
      0,
      lines.findIndex((line) => line === ""),
    );
    expect(table.length).toBeGreaterThan(2);
    // Sentences break between words, and a command or path that is longer than the line stays whole.
    expect(lines.filter((line) => line.length > columns && line.trim().includes(" "))).toEqual([]);
    expect(table[0]?.includes("HOSTS")).toBe(columns === 200);
  });

  it("says the same to machines", async () => {
    const { code, stdout } = await status(["acme", "-o", "json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      credentials: [
        {
          name: "acme",
          ready: true,
          namespaces: { selected: 2, ready: 1, failed: 1 },
          entries: [{ name: "main", state: "Issued" }],
          failures: [{ reason: "SecretConflict", cause: "Tenant", count: 1, examples: ["team-b"] }],
        },
      ],
    });
    expect((await status(["-o", "yaml"])).stdout).toMatch(/^credentials:\n {2}- name: acme\n/);
  });

  it("goes on with -w, in a pipe only when something has changed, until it is interrupted", async () => {
    const watching = asking(world.cluster.kubeconfig, ["status", "acme", "-w"]);
    const screen = asking(world.cluster.kubeconfig, ["status", "acme", "-w"], { columns: 80 });
    const tables = (): number => watching.output.stdout.split("CREDENTIAL   READY").length - 1;
    await eventually("the first table", async () => tables() === 1);
    await world.namespaces(["team-c"]);
    await eventually("the second one", async () => watching.output.stdout.includes("2/3"));
    // ECMA-48 cursor home: the table is drawn in its own place.
    await eventually("the screen follows", async () => screen.output.stdout.split("\u001B[H").length > 2);
    watching.interrupt();
    screen.interrupt();
    expect([await watching.ended, await screen.ended]).toEqual([0, 0]);
    await world.admin.remove("/api/v1/namespaces/team-c");
    await eventually("it is left", async () => (await world.status("acme")).namespaces?.selected === 2);
  });

  it("says that a credential is not there", async () => {
    expect(await status(["nobody"])).toMatchObject({
      code: 3,
      stdout: "There is no RegistryCredential nobody: kubectl get regcred lists those that are there\n",
    });
  });

  it("says which right is missing", async () => {
    const kubeconfig = await world.cluster.kubeconfigFor({ name: "nobody", groups: [] });
    expect(await program(["status"], { kubeconfig })).toMatchObject({
      code: 1,
      stderr:
        "error: you may not list registrycredentials.regcred.dev: ask an administrator of the cluster for that right, or choose another --context\n",
    });
  });
});
