// Tests of what a user sees of an exec plugin for credentials when a command connects to a cluster.
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/runtime/clock.ts";
import { commandLine } from "../../src/cli/command-line.ts";
import { loadConnection } from "../../src/runtime/client/connection.ts";
import { testStreams, type TestStreams } from "./io-streams.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "regcred-login-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Where the API server is, nobody listens: whoever asks it has logged in. */
async function status(
  script: string,
  isInteractive = false,
  more: Readonly<Record<string, string>> = {},
  then?: (around: TestStreams) => void,
) {
  await writeFile(join(folder, "plugin"), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, "plugin"), 0o755);
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "./plugin", interactiveMode: "IfAvailable" };
  await writeFile(
    join(folder, "config"),
    JSON.stringify({
      "current-context": "a",
      clusters: [{ name: "a", cluster: { server: "https://127.0.0.1:1" } }],
      users: [{ name: "a", user: { exec } }],
      contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
    }),
  );
  const environment = { PATH: process.env["PATH"], KUBECONFIG: join(folder, "config"), ...more };
  const around: TestStreams = testStreams({
    environment,
    isInteractive,
    connect: async (options) => {
      const connection = loadConnection(options);
      const credentials: typeof connection.credentials = (how) => {
        const reading = connection.credentials(how);
        then?.(around);
        return reading;
      };
      return { ...connection, credentials };
    },
  });
  const code = await commandLine(["status"], { ...around, clock: systemClock() });
  return { code, ...around.output };
}

const token = `echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"hunter2"}}'`;

describe("a command", () => {
  it("ends with the plugin's own words before it asks anything, and without a report of a bug", async () => {
    const { code, stderr } = await status('echo "your login has ended" >&2; exit 1');
    expect(code).toBe(1);
    expect(stderr).toBe(
      'your login has ended\nerror: the exec plugin "./plugin" of the kubeconfig ended with 1: "your login has ended"\n',
    );
  });

  it("shows what the plugin says, tells it whether it may ask, and never the token", async () => {
    const interactive = `case "$KUBERNETES_EXEC_INFO" in *'"interactive":true'*) echo may ask >&2;; *) echo may not ask >&2;; esac`;
    for (const [isInteractive, words] of [
      [true, "may ask"],
      [false, "may not ask"],
    ] as const) {
      const { stdout, stderr } = await status(`${interactive}\n${token}`, isInteractive);
      expect(stderr).toMatch(new RegExp(`^${words}\nerror: no answer from the API server https://127.0.0.1:1: `));
      expect(stdout + stderr).not.toContain("hunter2");
    }
  });

  it.for([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "that %s stops while the plugin waits for somebody ends with %i and says nothing",
    async ([signal, expected]) => {
      const running = status("exec sleep 2", false, {}, (around) => around.send(signal));
      expect(await running).toMatchObject({ code: expected, stdout: "", stderr: "" });
    },
  );

  it("names a proxy that is none, without its password", async () => {
    const { code, stderr } = await status(token, false, { HTTPS_PROXY: "ftp://me:hunter2@proxy.example" });
    expect(code).toBe(1);
    expect(stderr).toBe(
      "error: HTTPS_PROXY is not the URL of a proxy: write it like http://proxy.example:3128, with http, https or socks5\n",
    );
  });
});
