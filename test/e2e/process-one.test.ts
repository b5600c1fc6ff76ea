// Is the program stopped by a signal that comes before it has done anything, as process 1 of a container?
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, expect, it } from "vitest";
import { bundle } from "../../src/build/bundle.ts";
import { pollUntil } from "../cluster/poll-until.ts";

const limit = Temporal.Duration.from({ seconds: 20 });
// Nobody listens there: tcpmux is dead (RFC 7805).
const kubeconfig = JSON.stringify({
  clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
  users: [{ name: "u", user: {} }],
  contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
  "current-context": "x",
});

let folder: string;
let around: ChildProcess | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "regcred-process-one-"));
  await bundle(join(folder, "regcred.mjs"));
  await writeFile(join(folder, "kubeconfig"), kubeconfig);
  return () => rm(folder, { recursive: true });
}, 120_000);
afterEach(() => void around?.kill("SIGKILL"));

/** The only child of a process. */
async function childOf(pid: number): Promise<number | undefined> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, "utf8")));
  const [first = ""] = lists.join(" ").trim().split(" ");
  return first === "" ? undefined : Number(first);
}

// Runs before the program, and tells when it begins to listen.
const telltale = `data:text/javascript,process.on("newListener",(name)=>name==="SIGTERM"&&process.stderr.write("listens"))`;

it("ends at once, without a second signal", async () => {
  const program = [process.execPath, "--import", telltale, join(folder, "regcred.mjs"), "run"];
  around = spawn("unshare", ["--pid", "--fork", "--kill-child", ...program], {
    env: { KUBECONFIG: join(folder, "kubeconfig") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const parent = around;
  const ended = once(parent, "close");
  const said = { stdout: "", stderr: "" };
  parent.stdout?.on("data", (chunk: Buffer) => (said.stdout += chunk.toString()));
  parent.stderr?.on("data", (chunk: Buffer) => (said.stderr += chunk.toString()));
  await pollUntil(() => said.stderr.includes("listens"), {
    what: "it to listen",
    limit,
    every: Temporal.Duration.from({ milliseconds: 1 }),
  });
  const pid = (parent.pid && (await childOf(parent.pid))) || Number.NaN;
  const before = said.stdout;
  process.kill(pid, "SIGTERM");
  const [code] = (await ended) as [number | null];
  expect([before, code]).toEqual(["", 0]);
  expect(said.stdout).toContain("stopped");
}, 60_000);
