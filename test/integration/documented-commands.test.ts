// Tests that the API server accepts each command of kubectl that the documents and samples tell a reader to type.
import { globSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blocks, markdownFiles } from "../documents.ts";
import { eventually, type TestEnv, testEnv, soon, staticSpec } from "./test-env.ts";
import { type Shell, shellIn } from "./shell.ts";

const root = join(import.meta.dirname, "..", "..");
const read = ["install", "operations", "providers", "runbook", "security", "tenancy"].map((name) => `docs/${name}.md`);
const samples = globSync("config/{samples,prometheus,default}/**/*.yaml", { cwd: root }).toSorted();

/**
 * Parts of commands; what wants nodes, or kinds of Prometheus' operator, which optional-manifests.test.ts has; what removes the
 * install, which uninstall.test.ts does; and a part of Argo CD's installation, which argocd.test.ts has.
 */
const leftOut =
  /^kubectl (?:logs|top|rollout|apply --server-side --force-conflicts$|.*config\/prometheus|delete (?:regcred --all|-[fk]) |.* argocd-cm )/;

const commands = [
  ...blocks.filter(({ path, language }) => read.includes(path) && language === "sh").map(({ text }) => text),
  ...markdownFiles
    .filter(({ path }) => read.includes(path))
    .flatMap(({ text }) => [...text.matchAll(/`(kubectl [^`]+)`/g)].map(([, command = ""]) => command)),
  ...samples.map((path) => readFileSync(join(root, path), "utf8").replaceAll(/^# {2,}/gm, "")),
]
  .flatMap((text) => text.replaceAll(/\\\n */g, "").split("\n"))
  .filter((line) => line.startsWith("kubectl ") && !line.startsWith("kubectl regcred ") && !leftOut.test(line))
  .map((line) => line.replace(/ +# .*$/, ""));

/** What a person types for the words in capitals. */
const words: Readonly<Record<string, string>> = {
  NAMESPACE: "team-a",
  TEAM: "team-a",
  NAME: "hub",
  NEW: "new",
  SOURCE: "hub",
};
const blank = new RegExp(String.raw`(?<=[ "=:])(?:${Object.keys(words).join("|")})(?=[ "]|:NAME$|$)`, "g");

/** What changes an object is tried; what installs something is done, for others need it. */
function typed(command: string): string {
  const filled = command.replace(blank, (word) => words[word] ?? word);
  return /^kubectl (?:-n \S+ )?(?:annotate|create|patch|set) (?!token)/.test(command)
    ? `${filled} --dry-run=server`
    : filled;
}

describe("what the documents tell to type", () => {
  let world: TestEnv;
  let folder: string;
  let shell: Shell;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "regcred-documented-"));
    for (const part of ["config", "crds"]) await symlink(join(root, part), join(folder, part));
    for (const file of ["FILE", "FILE.pem"]) await writeFile(join(folder, file), "{}");
    await mkdir(join(folder, ".docker"));
    await writeFile(join(folder, ".docker", "config.json"), JSON.stringify({ auths: {} }));
    world = await testEnv();
    shell = await shellIn(folder, world.cluster);
    await shell("kubectl apply -f crds/ && kubectl apply -k config/default");
    await world.startOperator({ settings: { leaderElection: true } });
    await world.source("hub", { username: "ann", password: "hunter2" });
    await world.namespaces(["team-a", "team-b"]);
    await world.admin.create("/api/v1/namespaces/team-b/serviceaccounts", { metadata: { name: "builder" } });
    await world.credential("hub", staticSpec("hub"));
    await eventually("it is served", async () => (await world.status("hub")).namespaces?.ready === 2);
  });
  afterAll(async () => {
    await world?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("is not little", () => {
    expect(commands.length).toBeGreaterThan(30);
  });

  it.each([...new Set(commands)])("%s", async (command) => {
    await expect.poll(() => shell(typed(command)), soon).toMatchObject({ code: 0 });
  });
});
