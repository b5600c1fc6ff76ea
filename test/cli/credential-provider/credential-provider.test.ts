// Tests that the command answers on standard output alone, and prepares what a kubelet reads.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { commandLine } from "../../../src/cli/command-line.ts";
import { anyPod, hub, rawFile, rawPodFile, requestText, tokenOf } from "../../credential-provider/node.ts";
import { testStreams } from "../io-streams.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "regcred-node-"));
  mkdirSync(join(folder, "secrets/hub"), { recursive: true, mode: 0o700 });
  for (const [key, value] of Object.entries({ username: "acme", password: "hunter2" })) {
    writeFileSync(join(folder, "secrets/hub", key), value, { mode: 0o600 });
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

function written(raw: object, name = "regcred.yaml"): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(raw), { mode: 0o600 });
  return path;
}

async function* chunks(text: string): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  yield bytes.subarray(0, 7);
  yield bytes.subarray(7);
}

async function run(args: readonly string[], input = "") {
  const owner = process.getuid?.() ?? 0;
  const around = testStreams({ stdin: () => chunks(input), filesOwner: owner });
  const code = await commandLine(["credential-provider", ...args], around);
  return { code, ...around.output };
}

describe("credential-provider", () => {
  it("answers the kubelet with the login, and says nothing else", async () => {
    const path = written(rawFile([hub]));
    const { code, stdout, stderr } = await run(["--config", path], requestText());
    expect(code).toBe(0);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({ auth: { "docker.io": { username: "acme", password: "hunter2" } } });
  });

  it("writes nothing to standard output where it fails, and the entry with the fix to standard error", async () => {
    chmodSync(join(folder, "secrets/hub/password"), 0o644);
    const path = written(rawFile([hub]));
    const { code, stdout, stderr } = await run(["--config", path], requestText());
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^error: entry hub: \/.*\/password can be read by others than its owner: chmod go-rwx /);
  });

  it("answers emptily a pod that no entry is for, with a note for whoever looks", async () => {
    const path = written(rawPodFile([{ ...hub, pods: { namespaces: { include: ["team-b"] } } }]));
    const { code, stdout, stderr } = await run(
      ["--config", path],
      requestText({ serviceAccountToken: tokenOf({ exp: 4e9 }) }),
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ auth: {} });
    expect(stderr).toMatch(/^note: entry hub: pods.namespaces does not select team-a/);
  });

  it.each([
    [["--config", "/nowhere/regcred.yaml"], requestText(), 1, /^error: \/nowhere\/regcred.yaml does not exist/],
    [[], requestText(), 2, /--config is missing/],
  ])("fails for %j", async (args, input, code, stderr) => {
    expect(await run(args, input)).toEqual({ code, stdout: "", stderr: expect.stringMatching(stderr) });
  });

  it("fails on a request that is cut off, and on one that never ends in what a kubelet sends", async () => {
    const path = written(rawFile([hub]));
    expect(await run(["--config", path], requestText().slice(0, 30))).toMatchObject({ code: 1, stdout: "" });
    const endless = await run(["--config", path], requestText({ image: "x".repeat(2_000_000) }));
    expect(endless).toMatchObject({ code: 1, stdout: "" });
  });

  it("says where its file is no YAML", async () => {
    const path = written({});
    writeFileSync(path, "a: [", { mode: 0o600 });
    const { stderr } = await run(["--config", path], requestText());
    expect(stderr).toMatch(/this is no YAML: /);
  });
});

describe("credential-provider config", () => {
  it("writes the kubelet's configuration for the files of a node", async () => {
    const node = written(rawFile([hub]));
    const pods = written(
      { ...rawPodFile([{ ...hub, pods: anyPod }]), metadata: { name: "regcred-pods" } },
      "regcred-pods.yaml",
    );
    const { code, stdout } = await run(["config", node, pods, "--folder", "/opt/regcred"]);
    expect(code).toBe(0);
    expect(parse(stdout)).toMatchObject({
      kind: "CredentialProviderConfig",
      providers: [
        { name: "regcred", args: ["credential-provider", "--config=/opt/regcred/regcred.yaml"] },
        { name: "regcred-pods", tokenAttributes: { serviceAccountTokenAudience: "pull.example.com" } },
      ],
    });
  });

  it.each([
    ["a file that is called otherwise than its provider", "other.yaml", rawFile([hub]), /must be called regcred.yaml/],
    ["a file that cannot be one", "regcred.yaml", rawFile([{ ...hub, host: "x" }]), /registries\[0\].host: no field/],
  ])("refuses %s", async (_, name, raw, stderr) => {
    const { code, stdout, stderr: printed } = await run(["config", written(raw, name)]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(printed).toMatch(stderr);
  });

  it("refuses two files of one name, one that is not there, and a folder that is none of a node", async () => {
    const path = written(rawFile([hub]));
    expect((await run(["config", path, path])).stderr).toMatch(/two files have the metadata.name regcred/);
    expect((await run(["config", join(folder, "no.yaml")])).stderr).toMatch(/cannot read .*no.yaml/);
    expect((await run(["config", path, "--folder", "etc"])).stderr).toMatch(/--folder is a path from the root/);
  });
});
