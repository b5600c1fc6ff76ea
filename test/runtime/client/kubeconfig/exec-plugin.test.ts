// Tests of exec plugins in a kubeconfig: what one is given, when it is run again, and what is reported of one that fails.
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Connection, type ConnectionOptions, loadConnection } from "../../../../src/runtime/client/connection.ts";
import { certificateAuthority } from "../../../cluster/certificates.ts";
import { fakeClock } from "../../../fake-clock.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "regcred-plugin-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ca = certificateAuthority("ours");
const client = ca.issue({ name: "dev" });
const v1 = "client.authentication.k8s.io/v1";
const credential = (status: object, apiVersion = v1): string =>
  JSON.stringify({ kind: "ExecCredential", apiVersion, status });

interface Stage {
  /** What the shell runs. */
  readonly script: string;
  readonly exec?: object;
  readonly cluster?: object;
  readonly user?: object;
  readonly options?: Partial<ConnectionOptions>;
}

async function connected({ script, exec = {}, cluster = {}, user = {}, options = {} }: Stage): Promise<Connection> {
  await writeFile(join(folder, "plugin"), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, "plugin"), 0o755);
  const plugin = { apiVersion: v1, command: "./plugin", interactiveMode: "IfAvailable", ...exec };
  const kubeconfig = join(folder, "config");
  const text = JSON.stringify({
    "current-context": "a",
    clusters: [{ name: "a", cluster: { server: "https://a.example", ...cluster } }],
    users: [{ name: "a", user: { exec: plugin, ...user } }],
    contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
  });
  await writeFile(kubeconfig, text);
  return loadConnection({ kubeconfig, environment: { PATH: process.env["PATH"], FROM: "outside" }, ...options });
}

const prints = (text: string): string => `cat <<'END'\n${text}\nEND`;
const reported = async (connection: Connection): Promise<string> =>
  connection.credentials({ reread: false }).then(
    () => "nothing",
    (error: Error) => error.message,
  );
const counts = (then: string): string => `echo x >> "$(dirname "$0")/runs"\n${then}`;
const runs = async (): Promise<number> => (await readFile(join(folder, "runs"), "utf8")).length / 2;

describe("a plugin", () => {
  it("gives a token, and is run again when that has ended or was refused", async () => {
    const clock = fakeClock();
    const expirationTimestamp = clock.now().add({ minutes: 5 }).toString();
    const connection = await connected({
      script: counts(prints(credential({ token: "t", expirationTimestamp }))),
      options: { clock },
    });
    const read = async (reread: boolean): Promise<string | undefined> =>
      (await connection.credentials({ reread })).authorization?.reveal();
    expect([await read(false), await read(false)]).toEqual(["Bearer t", "Bearer t"]);
    expect(await runs()).toBe(1);
    await read(true);
    expect(await runs()).toBe(2);
    await clock.advance(Temporal.Duration.from({ minutes: 4, seconds: 59 }));
    await read(false);
    expect(await runs()).toBe(2);
    await clock.advance(Temporal.Duration.from({ seconds: 1 }));
    await read(false);
    expect(await runs()).toBe(3);
  });

  it("gives a client certificate", async () => {
    const status = { clientCertificateData: client.certificate, clientKeyData: client.key };
    const { tls, authorization } = await (
      await connected({ script: prints(credential(status)) })
    ).credentials({ reread: false });
    expect(tls).toEqual({ cert: client.certificate, key: client.key });
    expect(authorization).toBeUndefined();
  });

  it("is not run where the kubeconfig has a token", async () => {
    const connection = await connected({ script: "exit 1", user: { token: "own" } });
    expect((await connection.credentials({ reread: false })).authorization?.reveal()).toBe("Bearer own");
  });

  it("is told of the cluster where it asks for that, and has the environment and its own variables", async () => {
    const connection = await connected({
      script: `${prints(credential({ token: "t" }))}\nprintf '%s\\n' "$KUBERNETES_EXEC_INFO" "$FROM" "$OWN" "$1" > "$(dirname "$0")/given"`,
      exec: { provideClusterInfo: true, args: ["an arg"], env: [{ name: "OWN", value: "inside" }] },
      cluster: {
        "certificate-authority-data": Buffer.from(ca.certificate).toString("base64"),
        "tls-server-name": "inside",
        "proxy-url": "http://proxy.example",
        extensions: [{ name: "client.authentication.k8s.io/exec", extension: { audience: "x" } }],
      },
    });
    await connection.credentials({ reread: false });
    const [info = "", ...rest] = (await readFile(join(folder, "given"), "utf8")).trim().split("\n");
    expect(JSON.parse(info)).toEqual({
      kind: "ExecCredential",
      apiVersion: v1,
      spec: {
        interactive: false,
        cluster: {
          server: "https://a.example",
          "tls-server-name": "inside",
          "certificate-authority-data": Buffer.from(ca.certificate).toString("base64"),
          "proxy-url": "http://proxy.example",
          config: { audience: "x" },
        },
      },
    });
    expect(rest).toEqual(["outside", "inside", "an arg"]);
  });

  it("is told of no cluster unless it asks, and what it says on standard error is passed on", async () => {
    const printed: string[] = [];
    const connection = await connected({
      script: `${prints(credential({ token: "t" }))}\necho "$KUBERNETES_EXEC_INFO" >&2`,
      options: { terminal: { isInteractive: false, stderr: { write: (text) => printed.push(text) } } },
    });
    await connection.credentials({ reread: false });
    expect(JSON.parse(printed.join(""))).toEqual({
      kind: "ExecCredential",
      apiVersion: v1,
      spec: { interactive: false },
    });
  });
});

const named = 'the exec plugin "./plugin" of the kubeconfig';
const failures: readonly (readonly [what: string, stage: Stage, sentence: string])[] = [
  [
    "is missing",
    { script: "", exec: { command: "regcred-no-such-program", installHint: "get it from example.com" } },
    'the exec plugin "regcred-no-such-program" of the kubeconfig is not installed: no such program is in PATH: get it from example.com',
  ],
  [
    "may not be run",
    { script: "", exec: { command: "./config" } },
    'the exec plugin "./config" of the kubeconfig cannot be run (EACCES)',
  ],
  [
    "ends with an error, in its own words",
    { script: 'echo "login has expired, run: cloud login" >&2; exit 3' },
    `${named} ended with 3: "login has expired, run: cloud login"`,
  ],
  ["says nothing", { script: "exit 1" }, `${named} ended with 1`],
  ["is killed", { script: "kill -9 $$" }, `${named} ended with SIGKILL`],
  [
    "says too much",
    {
      script:
        'echo "token=hunter2 Bearer hunter2hunter2 https://me:hunter2@x eyJhbGciOiJIUzI1NiJ9.hunter2" >&2; exit 1',
    },
    `${named} ended with 1: "token=… Bearer … https://…@x …"`,
  ],
  ["prints nonsense", { script: "echo hunter2" }, `${named} printed something that is no ExecCredential with a status`],
  [
    "prints no status",
    { script: prints(JSON.stringify({ kind: "ExecCredential", apiVersion: v1 })) },
    `${named} printed something that is no ExecCredential with a status`,
  ],
  [
    "answers in another version",
    { script: prints(credential({ token: "t" }, `${v1}beta1`)) },
    `${named} answered in "${v1}beta1", and the kubeconfig asks for ${v1}`,
  ],
  ["gives nothing", { script: prints(credential({})) }, `${named} gave neither a token nor a certificate with its key`],
  [
    "gives a certificate without its key",
    { script: prints(credential({ clientCertificateData: client.certificate })) },
    `${named} gave a certificate that cannot be used: clientKeyData is empty`,
  ],
  [
    "gives an end that is none",
    { script: prints(credential({ token: "t", expirationTimestamp: "soon" })) },
    `${named} gave an end that is no time: "soon"`,
  ],
  [
    "must ask somebody, and nobody is there",
    { script: "exit 0", exec: { interactiveMode: "Always" } },
    `${named} asks questions (interactiveMode: Always), and there is no terminal to ask at`,
  ],
];

describe("a plugin that", () => {
  it.for(failures)("%s is told so", async ([, stage, sentence]) => {
    const message = await reported(await connected(stage));
    expect(message).toBe(sentence);
    expect(message).not.toContain("hunter2");
  });

  it("speaks without end is cut, at its last words", async () => {
    const message = await reported(
      await connected({ script: "i=0; while [ $i -lt 9000 ]; do echo word$i >&2; i=$((i+1)); done; exit 1" }),
    );
    expect(message.length).toBeLessThan(700);
  });
});
