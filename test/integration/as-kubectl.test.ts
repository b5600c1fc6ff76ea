// Tests that regcred reaches the API server, as the same user and the same way, exactly where the real kubectl does, side by side.
import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { systemClock } from "../../src/runtime/clock.ts";
import { configFrom } from "../../src/config/config.ts";
import { loadConnection } from "../../src/runtime/client/connection.ts";
import { transport, userAgent } from "../../src/runtime/client/transport.ts";
import { certificateAuthority } from "../cluster/certificates.ts";
import { type ControlPlane, startControlPlane } from "../cluster/control-plane.ts";
import { ensureBinaries } from "../cluster/ensure-binaries.ts";
import { type ConnectProxy, connectProxy } from "../runtime/network/connect-proxy.ts";
import { type SocksProxy, socksProxy } from "../runtime/network/socks-proxy.ts";

let plane: ControlPlane;
let kubectlFile = "";
let proxy: ConnectProxy;
let silent: ConnectProxy;
let socks: SocksProxy;
let port = "";
/** Client certificates, PEM in base64. */
let people: Record<"ann" | "bob", { readonly cert: string; readonly key: string }>;

beforeAll(async () => {
  plane = await startControlPlane();
  ({ kubectl: kubectlFile } = await ensureBinaries(["kubectl"]));
  ({ port } = new URL(plane.server));
  proxy = await connectProxy(Number(port));
  silent = await connectProxy(0, { failure: "is silent" });
  socks = await socksProxy({ port: Number(port) });
  people = { ann: await certificateOf("ann"), bob: await certificateOf("bob") };
});
afterAll(async () => {
  await Promise.all([proxy.close(), silent.close(), socks.close()]);
  await plane.stop();
});

async function certificateOf(name: string): Promise<{ readonly cert: string; readonly key: string }> {
  const file = await plane.kubeconfigFor({ name, groups: ["system:masters"] });
  const { users } = parse(await readFile(file, "utf8")) as { users: { user: Record<string, string> }[] };
  return { cert: users[0]?.user["client-certificate-data"] ?? "", key: users[0]?.user["client-key-data"] ?? "" };
}

interface Case {
  /** Kubeconfigs and other files by name; the first is called `config`. */
  readonly files: Readonly<Record<string, string>>;
  /** Default: KUBECONFIG is `config`. FOLDER stands for where the files are. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** What is compared beside who it was: a file that a plugin has written. */
  readonly written?: string;
}

interface Seen {
  /** The answer to a SelfSubjectReview, or why there is none. */
  readonly user: unknown;
  /** Through which proxies, and to where. */
  readonly ways: readonly string[];
  readonly written?: unknown;
}

type User = Record<string, unknown>;
const ann = (): User => ({ "client-certificate-data": people.ann.cert, "client-key-data": people.ann.key });
const bob = (): User => ({ "client-certificate-data": people.bob.cert, "client-key-data": people.bob.key });
const admin = (): User => ({ token: plane.adminToken });
const here = (more: object = {}): object => ({
  server: plane.server,
  "certificate-authority-data": Buffer.from(plane.ca).toString("base64"),
  ...more,
});
/** By a name that only a proxy knows. */
const afar = (more: object = {}): object =>
  here({ server: `https://api.test:${port}`, "tls-server-name": "localhost", ...more });

interface Parts {
  readonly current?: string;
  readonly clusters?: Readonly<Record<string, object>>;
  readonly users?: Readonly<Record<string, object>>;
  readonly contexts?: Readonly<Record<string, object>>;
}

function config({ current, clusters = {}, users = {}, contexts = {} }: Parts): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    ...(current !== undefined && { "current-context": current }),
    clusters: Object.entries(clusters).map(([name, cluster]) => ({ name, cluster })),
    users: Object.entries(users).map(([name, user]) => ({ name, user })),
    contexts: Object.entries(contexts).map(([name, context]) => ({ name, context })),
  });
}

/** One of each, called `a`. */
function simple(user: object, cluster: object = here()): string {
  return config({
    current: "a",
    clusters: { a: cluster },
    users: { a: user },
    contexts: { a: { cluster: "a", user: "a" } },
  });
}

const exec = (more: object = {}): object => ({
  exec: { apiVersion: "client.authentication.k8s.io/v1", command: "./plugin", interactiveMode: "Never", ...more },
});
const credential = (status: object, version = "v1"): string =>
  JSON.stringify({ kind: "ExecCredential", apiVersion: `client.authentication.k8s.io/${version}`, status });
const prints = (output: string): string =>
  `#!/bin/sh\nprintf '%s' "$KUBERNETES_EXEC_INFO" > "$(dirname "$0")/info"\ncat <<'END'\n${output}\nEND\n`;
const pem = (base64: string): string => Buffer.from(base64, "base64").toString();
const list = (...names: readonly string[]): Record<string, string> => ({
  KUBECONFIG: names.map((name) => (name === "" ? "" : `FOLDER/${name}`)).join(delimiter),
});

/** Two that contradict each other. */
const pair = (): Readonly<Record<string, string>> => ({
  one: config({ clusters: { a: here() }, users: { a: ann() }, contexts: { a: { cluster: "a", user: "a" } } }),
  two: config({
    current: "b",
    clusters: { a: { server: "https://127.0.0.1:1" } },
    users: { a: bob(), b: bob() },
    contexts: { a: { cluster: "a", user: "b" }, b: { cluster: "a", user: "b" } },
  }),
  three: config({ current: "a" }),
});

const works: Readonly<Record<string, () => Case>> = {
  "a certificate": () => ({ files: { config: simple(ann()) } }),
  "a token": () => ({ files: { config: simple(admin()) } }),
  "a list whose first file is missing": () => ({ files: pair(), environment: list("nowhere", "one", "three") }),
  "a list with empty entries": () => ({ files: pair(), environment: list("", "one", "", "three", "") }),
  "a list with an empty file": () => ({ files: { ...pair(), empty: "" }, environment: list("empty", "one", "three") }),
  "names that are in both: the first wins": () => ({ files: pair(), environment: list("one", "three", "two") }),
  "the current context of the first that sets one": () => ({ files: pair(), environment: list("one", "two", "three") }),
  "a context by flag": () => ({ files: pair(), environment: list("one", "two"), args: ["--context", "a"] }),
  "a kubeconfig by flag": () => ({
    files: { config: simple(ann()), ...pair() },
    environment: list("two"),
    args: ["--kubeconfig", "FOLDER/config"],
  }),
  "a user by flag": () => ({ files: pair(), environment: list("one", "two"), args: ["--context", "a", "--user", "b"] }),
  "a cluster by flag": () => ({
    files: {
      config: config({
        current: "a",
        clusters: { a: { server: "https://127.0.0.1:1" }, b: here() },
        users: { a: ann() },
        contexts: { a: { cluster: "a", user: "a" } },
      }),
    },
    args: ["--cluster", "b"],
  }),
  "no context, but a cluster and a user by flag": () => ({
    files: { config: config({ clusters: { b: here() }, users: { a: ann() } }) },
    args: ["--cluster", "b", "--user", "a"],
  }),
  "files beside the kubeconfig": () => ({
    files: {
      "deep/config": simple(
        { "client-certificate": "pki/a.crt", "client-key": "../a.key" },
        { server: plane.server, "certificate-authority": "./ca.crt" },
      ),
      "deep/pki/a.crt": pem(people.ann.cert),
      "a.key": pem(people.ann.key),
      "deep/ca.crt": plane.ca,
    },
    environment: list("deep/config"),
  }),
  "a token file": () => ({ files: { config: simple({ tokenFile: "token" }), token: `${plane.adminToken}\n` } }),
  "a token file before a token": () => ({
    files: { config: simple({ token: "nonsense", tokenFile: "token" }), token: plane.adminToken },
  }),
  "a token beside a certificate": () => ({ files: { config: simple({ ...ann(), ...admin() }) } }),
  "somebody else by flag": () => ({
    files: { config: simple(ann()) },
    args: ["--as", "eve", "--as-group", "g,1", "--as-group", "g2", "--as-uid", "u"],
  }),
  "somebody else by kubeconfig": () => ({
    files: {
      config: simple({
        ...ann(),
        as: "eve",
        "as-uid": "u",
        "as-groups": ["g1", "g2"],
        "as-user-extra": { "example.com/scope": ["read", "write"], Upper: ["z"] },
      }),
    },
  }),
  "somebody whose name is not ASCII": () => ({
    files: { config: simple(ann()) },
    args: ["--as", "jürgen→", "--as-group", "für"],
  }),
  "somebody else by both": () => ({
    files: { config: simple({ ...ann(), as: "eve", "as-groups": ["g1"] }) },
    args: ["--as", "mallory"],
  }),
  "a plugin with a token": () => ({
    files: { config: simple(exec()), plugin: prints(credential({ token: plane.adminToken })) },
    written: "info",
  }),
  "a plugin of v1beta1": () => ({
    files: {
      config: simple(exec({ apiVersion: "client.authentication.k8s.io/v1beta1" })),
      plugin: prints(credential({ token: plane.adminToken }, "v1beta1")),
    },
    written: "info",
  }),
  "a plugin with a certificate": () => ({
    files: {
      config: simple(exec()),
      plugin: prints(credential({ clientCertificateData: pem(people.ann.cert), clientKeyData: pem(people.ann.key) })),
    },
  }),
  "a plugin that is told of the cluster": () => ({
    files: {
      config: simple(
        exec({ provideClusterInfo: true }),
        here({
          "tls-server-name": "localhost",
          extensions: [{ name: "client.authentication.k8s.io/exec", extension: { audience: "x" } }],
        }),
      ),
      plugin: prints(credential({ token: plane.adminToken })),
    },
    written: "info",
  }),
  "a plugin that is told of a cluster with files": () => ({
    files: {
      config: simple(exec({ provideClusterInfo: true }), {
        server: `${plane.server}/`,
        "certificate-authority": "ca.crt",
      }),
      "ca.crt": plane.ca,
      plugin: prints(credential({ token: plane.adminToken })),
    },
    written: "info",
  }),
  "a plugin that is told of a cluster that it may not check": () => ({
    files: {
      config: simple(exec({ provideClusterInfo: true }), {
        server: plane.server,
        "insecure-skip-tls-verify": true,
        "proxy-url": proxy.url,
      }),
      plugin: prints(credential({ token: plane.adminToken })),
    },
    written: "info",
  }),
  "a plugin that wants to ask, and need not": () => ({
    files: {
      config: simple(exec({ interactiveMode: "IfAvailable" })),
      plugin: prints(credential({ token: plane.adminToken })),
    },
    written: "info",
  }),
  "a plugin that says things": () => ({
    files: { config: simple(exec()), plugin: `${prints(credential({ token: plane.adminToken }))}echo hello >&2\n` },
  }),
  "a token before a plugin": () => ({
    files: { config: simple({ ...admin(), ...exec() }), plugin: "#!/bin/sh\nexit 1\n" },
  }),
  "another name in the certificate": () => ({
    files: { config: simple(ann(), here({ "tls-server-name": "localhost" })) },
  }),
  "no check of the certificate": () => ({
    files: { config: simple(ann(), { server: plane.server, "insecure-skip-tls-verify": true }) },
  }),
  "a server with a slash": () => ({ files: { config: simple(ann(), here({ server: `${plane.server}/` })) } }),
  "a proxy of the cluster": () => ({ files: { config: simple(ann(), afar({ "proxy-url": proxy.url })) } }),
  "a proxy of the cluster, whatever NO_PROXY says": () => ({
    files: { config: simple(ann(), here({ "proxy-url": proxy.url })) },
    environment: { ...list("config"), NO_PROXY: "*", HTTPS_PROXY: "http://127.0.0.1:1" },
  }),
  "a SOCKS proxy of the cluster": () => ({ files: { config: simple(ann(), afar({ "proxy-url": socks.url })) } }),
  "a proxy of the environment": () => ({
    files: { config: simple(ann(), afar()) },
    environment: { ...list("config"), HTTPS_PROXY: proxy.url },
  }),
  "a proxy of the environment, in small letters and without a scheme": () => ({
    files: { config: simple(ann(), afar()) },
    environment: { ...list("config"), https_proxy: new URL(proxy.url).host },
  }),
  "a SOCKS proxy of the environment": () => ({
    files: { config: simple(ann(), afar()) },
    environment: { ...list("config"), HTTPS_PROXY: socks.url },
  }),
  "no proxy for this machine": () => ({
    files: { config: simple(ann()) },
    environment: { ...list("config"), HTTPS_PROXY: "http://127.0.0.1:1" },
  }),
};

const fails: Readonly<Record<string, () => Case>> = {
  "no file of the list there": () => ({ files: {}, environment: list("nowhere") }),
  "a flag with a list": () => ({
    files: pair(),
    environment: {},
    args: ["--kubeconfig", ["FOLDER/one", "FOLDER/three"].join(delimiter)],
  }),
  "a flag with a missing file": () => ({ files: {}, environment: {}, args: ["--kubeconfig", "FOLDER/nowhere"] }),
  "a file that is no YAML": () => ({ files: { config: "a: [b\nc: {" } }),
  "a file that is no kubeconfig, after one that is": () => ({
    files: { config: simple(ann()), other: "clusters: text" },
    environment: list("config", "other"),
  }),
  "a name twice in one file": () => ({
    files: { config: simple(ann()).replace("users:\n", "users:\n  - name: a\n    user: {}\n") },
  }),
  "a token that is a number": () => ({ files: { config: simple({ token: 7 }) } }),
  "a name that YAML takes for yes": () => ({ files: { config: simple(ann()).replaceAll(/\ba$/gm, "y") } }),
  "no current context": () => ({
    files: {
      config: config({ clusters: { a: here() }, users: { a: ann() }, contexts: { a: { cluster: "a", user: "a" } } }),
    },
  }),
  "a context that is missing": () => ({ files: { config: simple(ann()) }, args: ["--context", "x"] }),
  "a cluster that is missing": () => ({ files: { config: simple(ann()) }, args: ["--cluster", "x"] }),
  "a user that is missing": () => ({ files: { config: simple(ann()) }, args: ["--user", "x"] }),
  "a user of the context that is missing": () => ({
    files: { config: simple(ann()).replace("user: a\n", "user: x\n") },
  }),
  "a server without a scheme": () => ({ files: { config: simple(ann(), here({ server: `127.0.0.1:${port}` })) } }),
  "a server of another scheme": () => ({
    files: { config: simple(ann(), here({ server: `ftp://127.0.0.1:${port}` })) },
  }),
  "two CAs": () => ({
    files: { config: simple(ann(), here({ "certificate-authority": "ca.crt" })), "ca.crt": plane.ca },
  }),
  "a CA, and no check": () => ({ files: { config: simple(ann(), here({ "insecure-skip-tls-verify": true })) } }),
  "a CA that is missing": () => ({
    files: { config: simple(ann(), { server: plane.server, "certificate-authority": "ca.crt" }) },
  }),
  "a CA that is none": () => ({
    files: { config: simple(ann(), { server: plane.server, "certificate-authority": "ca.crt" }), "ca.crt": "x" },
  }),
  "a CA of somebody else": () => ({
    files: {
      config: simple(
        ann(),
        here({ "certificate-authority-data": Buffer.from(certificateAuthority("x").certificate).toString("base64") }),
      ),
    },
  }),
  "another name than the certificate's": () => ({
    files: { config: simple(ann(), here({ "tls-server-name": "elsewhere.test" })) },
  }),
  "a certificate without its key": () => ({
    files: { config: simple({ "client-certificate-data": people.ann.cert }) },
  }),
  "a certificate with another's key": () => ({
    files: { config: simple({ "client-certificate-data": people.ann.cert, "client-key-data": people.bob.key }) },
  }),
  "a certificate that is missing": () => ({
    files: { config: simple({ "client-certificate": "a.crt", "client-key": "a.key" }) },
  }),
  "a token and a password": () => ({ files: { config: simple({ ...admin(), username: "u", password: "p" }) } }),
  "a token file that is missing": () => ({ files: { config: simple({ tokenFile: "token" }) } }),
  "a token with a line break": () => ({ files: { config: simple({ token: `${plane.adminToken}\n` }) } }),
  "a name with a line break": () => ({ files: { config: simple(ann()) }, args: ["--as", "eve\nX-Other: 1"] }),
  "groups of nobody": () => ({ files: { config: simple(ann()) }, args: ["--as-group", "g"] }),
  "a plugin that is missing": () => ({ files: { config: simple(exec()) } }),
  "a plugin that fails": () => ({ files: { config: simple(exec()), plugin: "#!/bin/sh\nexit 3\n" } }),
  "a plugin that prints nonsense": () => ({ files: { config: simple(exec()), plugin: "#!/bin/sh\necho nonsense\n" } }),
  "a plugin that gives nothing": () => ({ files: { config: simple(exec()), plugin: prints(credential({})) } }),
  "a plugin that answers in another version": () => ({
    files: { config: simple(exec()), plugin: prints(credential({ token: plane.adminToken }, "v1beta1")) },
  }),
  "a plugin of a version of former times": () => ({
    files: {
      config: simple(exec({ apiVersion: "client.authentication.k8s.io/v1alpha1" })),
      plugin: prints(credential({ token: plane.adminToken }, "v1alpha1")),
    },
  }),
  "a plugin that does not say whether it asks": () => ({
    files: { config: simple(exec({ interactiveMode: "" })), plugin: prints(credential({ token: plane.adminToken })) },
  }),
  "a plugin that must ask, where nobody is": () => ({
    files: {
      config: simple(exec({ interactiveMode: "Always" })),
      plugin: prints(credential({ token: plane.adminToken })),
    },
  }),
  "a plugin beside another provider": () => ({
    files: {
      config: simple({ ...exec(), "auth-provider": { name: "oidc" } }),
      plugin: prints(credential({ token: plane.adminToken })),
    },
  }),
  "a provider of former times": () => ({ files: { config: simple({ "auth-provider": { name: "gcp" } }) } }),
  "a proxy of another kind": () => ({ files: { config: simple(ann(), here({ "proxy-url": "ftp://proxy.test" })) } }),
  "a proxy that is not there": () => ({
    files: { config: simple(ann(), here({ "proxy-url": "http://127.0.0.1:1" })) },
  }),
  "a request that takes longer than it may": () => ({
    files: { config: simple(ann(), afar({ "proxy-url": silent.url })) },
    args: ["--request-timeout", "1s"],
  }),
};

let count = 0;

async function stage({ files, environment = list("config"), args = [] }: Case): Promise<{
  readonly folder: string;
  readonly environment: Record<string, string>;
  readonly args: readonly string[];
}> {
  await mkdir(join(plane.folder, "cases"), { recursive: true });
  const folder = await mkdtemp(join(plane.folder, "cases", `${(count += 1)}-`));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  if ("plugin" in files) await chmod(join(folder, "plugin"), 0o755);
  const placed = (value: string): string => value.replaceAll("FOLDER", folder);
  const own = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, placed(value)]));
  return {
    folder,
    environment: { PATH: process.env["PATH"] ?? "", HOME: folder, ...own },
    args: args.map(placed),
  };
}

/** Who it was and which way it took; each gets files of its own. */
async function seen(one: Case, ask: (staged: Awaited<ReturnType<typeof stage>>) => Promise<unknown>): Promise<Seen> {
  const staged = await stage(one);
  const before = [proxy.tunnels.length, socks.asked.length] as const;
  const user = await ask(staged);
  const ways = [
    ...proxy.tunnels.slice(before[0]),
    ...socks.asked.slice(before[1]).map(({ target }) => `socks ${target}`),
  ];
  const written = one.written && (JSON.parse(await readFile(join(staged.folder, one.written), "utf8")) as unknown);
  await rm(staged.folder, { recursive: true });
  // How many connections are made is each one's own business.
  return { user, ways: [...new Set(ways)], ...(one.written !== undefined && { written }) };
}

async function byKubectl({ args, environment }: Awaited<ReturnType<typeof stage>>): Promise<unknown> {
  const command = ["auth", "whoami", "-o", "json", ...args];
  const child = spawn(kubectlFile, command, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", resolve);
  });
  const [output, words, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0) return { failed: words };
  return (JSON.parse(output) as { status: { userInfo: User } }).status.userInfo;
}

/** As the command line does it: src/cli/session.ts. */
async function byUs({ args, environment }: Awaited<ReturnType<typeof stage>>): Promise<unknown> {
  const flags: Record<string, string> = {};
  for (let index = 0; index < args.length; index += 2) {
    const [flag = "", value = ""] = args.slice(index, index + 2);
    flags[flag] = flags[flag] === undefined ? value : `${flags[flag]}\n${value}`;
  }
  const clock = systemClock();
  const { cluster, requestTimeout } = configFrom(flags, environment);
  try {
    const connection = loadConnection({ ...cluster, environment, clock, home: environment["HOME"] ?? "" });
    const api = transport({ connection, clock, random: Math.random, userAgent: userAgent("test"), requestTimeout });
    try {
      const body = JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" });
      const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
      const answer = (await api.request({ method: "POST", path, body })).json();
      return (answer as { status: { userInfo: unknown } }).status.userInfo;
    } finally {
      await api.close();
    }
  } catch (error) {
    return { failed: error instanceof Error ? error.message : "" };
  }
}

describe("as kubectl does it, regcred gets through with", () => {
  it.for(Object.keys(works))("%s", async (name) => {
    const one = works[name] as () => Case;
    const [theirs, ours] = [await seen(one(), byKubectl), await seen(one(), byUs)];
    expect(theirs.user).toHaveProperty("username");
    expect(ours).toEqual(theirs);
  });
});

describe("as kubectl does it, regcred does not get through with", () => {
  it.for(Object.keys(fails))("%s", async (name) => {
    const one = fails[name] as () => Case;
    const [theirs, ours] = [await seen(one(), byKubectl), await seen(one(), byUs)];
    expect([theirs.user, ours.user]).toEqual([
      { failed: expect.any(String) as string },
      { failed: expect.any(String) as string },
    ]);
  });
});
