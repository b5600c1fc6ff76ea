// Tests of reading one or several kubeconfigs, and of the sentence for each fault in them.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { type Connection, type ConnectionOptions, loadConnection } from "../../../../src/runtime/client/connection.ts";
import { certificateAuthority } from "../../../cluster/certificates.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "regcred-kubeconfig-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ca = certificateAuthority("ours");
const client = ca.issue({ name: "dev", groups: ["developers"] });
const other = ca.issue({ name: "other" });
const base64 = (text: string): string => Buffer.from(text).toString("base64");

interface Parts {
  readonly current?: string;
  readonly clusters?: Readonly<Record<string, object>>;
  readonly users?: Readonly<Record<string, object>>;
  readonly contexts?: Readonly<Record<string, object>>;
}

function config({ current, clusters = {}, users = {}, contexts = {} }: Parts): string {
  return stringify({
    ...(current !== undefined && { "current-context": current }),
    clusters: Object.entries(clusters).map(([name, cluster]) => ({ name, cluster })),
    users: Object.entries(users).map(([name, user]) => ({ name, user })),
    contexts: Object.entries(contexts).map(([name, context]) => ({ name, context })),
  });
}

/** One of each, all called `a`. */
function simple(user: object = { token: "hunter2" }, cluster: object = {}): string {
  return config({
    current: "a",
    clusters: { a: { server: "https://a.example", ...cluster } },
    users: { a: user },
    contexts: { a: { cluster: "a", user: "a" } },
  });
}

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, text);
  return file;
}

async function connected(text: string, options: Partial<ConnectionOptions> = {}): Promise<Connection> {
  return loadConnection({ kubeconfig: await write("config", text), ...options });
}

const authorizationOf = async (connection: Connection): Promise<string | undefined> =>
  (await connection.credentials({ reread: false })).authorization?.reveal();

/** What it says, which never has the token in it. */
async function messageOf(attempt: () => Promise<unknown>): Promise<string> {
  const error = await attempt().then(
    () => undefined,
    (reason: unknown) => reason as Error,
  );
  expect(error?.message).not.toContain("hunter2");
  return error?.message.replaceAll(folder, "FOLDER") ?? "";
}

describe("several kubeconfigs", () => {
  it("are one: of a name in two the first counts, whole, and files that are not there or empty say nothing", async () => {
    const one = config({
      clusters: { a: { server: "https://one.example" } },
      users: { a: { token: "one" } },
      contexts: { x: { cluster: "a", user: "a" } },
    });
    const two = config({
      current: "x",
      clusters: { a: { server: "https://two.example", "insecure-skip-tls-verify": true } },
      users: { a: { token: "two", as: "somebody" }, b: { token: "b" } },
      contexts: { x: { cluster: "a", user: "b" }, z: { cluster: "a", user: "b", namespace: "team-z" } },
    });
    const three = config({ current: "z" });
    const files = ["", join(folder, "nowhere"), await write("empty", ""), await write("one", one)];
    const list = [...files, await write("two", two), await write("three", three)].join(delimiter);
    const connection = loadConnection({ kubeconfigs: list });
    expect(connection).toMatchObject({ server: "https://one.example", context: "x" });
    expect(await authorizationOf(connection)).toBe("Bearer one");
    const { tls, headers } = await connection.credentials({ reread: false });
    expect({ tls, headers }).toEqual({ tls: {}, headers: {} });
    const chosen = loadConnection({ kubeconfigs: list, context: "z" });
    expect(chosen).toMatchObject({ context: "z", namespace: "team-z" });
    expect(await authorizationOf(chosen)).toBe("Bearer b");
  });

  it("have files beside the one that names them", async () => {
    const tokenFile = { tokenFile: "secrets/token" };
    await write("there/secrets/token", "of-there\n");
    await write("there/ca.crt", ca.certificate);
    const there = await write("there/config", simple(tokenFile, { "certificate-authority": "ca.crt" }));
    const connection = loadConnection({ kubeconfigs: [await write("here/config", "{}"), there].join(delimiter) });
    expect(await authorizationOf(connection)).toBe("Bearer of-there");
    expect(String((await connection.credentials({ reread: false })).tls.ca)).toBe(ca.certificate);
  });

  it("that --kubeconfig names are no list: it is one path", async () => {
    const both = [await write("one", simple()), await write("two", simple())].join(delimiter);
    expect(() => loadConnection({ kubeconfig: both })).toThrow("it does not exist");
  });
});

describe("the command line", () => {
  const parts = config({
    current: "a",
    clusters: { a: { server: "https://a.example" }, b: { server: "https://b.example" } },
    users: {
      a: { token: "a", as: "root", "as-groups": ["g"], "as-user-extra": { scopes: ["view"] } },
      b: { token: "b" },
    },
    contexts: { a: { cluster: "a", user: "a" } },
  });

  it("chooses another cluster or user than the context's", async () => {
    const connection = await connected(parts, { cluster: "b", user: "b" });
    expect(connection).toMatchObject({ server: "https://b.example", context: "a" });
    expect(await authorizationOf(connection)).toBe("Bearer b");
  });

  it("impersonates whom it says, else whom the kubeconfig says", async () => {
    const headersOf = async (options: Partial<ConnectionOptions>): Promise<object> =>
      (await (await connected(parts, options)).credentials({ reread: false })).headers;
    const extra = { "Impersonate-Extra-scopes": ["view"] };
    expect(await headersOf({})).toEqual({ "Impersonate-User": "root", "Impersonate-Group": ["g"], ...extra });
    expect(await headersOf({ as: "eve", asGroups: ["x", "y"], asUid: "1" })).toEqual({
      "Impersonate-User": "eve",
      "Impersonate-Group": ["x", "y"],
      "Impersonate-Uid": "1",
      ...extra,
    });
    expect(await messageOf(() => connected(parts, { user: "b", asGroups: ["x"] }))).toContain("without a user");
  });
});

describe("a server", () => {
  it.for([
    ["https://a.example:6443/", {}, "https://a.example:6443"],
    ["https://a.example/k8s/clusters/1", {}, "https://a.example/k8s/clusters/1"],
    ["http://a.example", { "insecure-skip-tls-verify": true }, "http://a.example"],
  ] as const)("%s with %j is %s", async ([server, cluster, expected]) => {
    expect((await connected(simple({}, { server, ...cluster }))).server).toBe(expected);
  });
});

describe("a client certificate", () => {
  const fields = { "client-certificate": "dev.crt", "client-key": "dev.key" };

  it("and its key come from files or from the kubeconfig", async () => {
    await write("dev.crt", client.certificate);
    await write("dev.key", client.key);
    const data = {
      "client-certificate-data": base64(client.certificate),
      "client-key-data": base64(client.key),
    };
    for (const user of [fields, data]) {
      const { tls } = await (await connected(simple(user))).credentials({ reread: false });
      expect({ cert: String(tls.cert), key: String(tls.key) }).toEqual({ cert: client.certificate, key: client.key });
    }
  });

  it.for([
    ["is not there", undefined, client.key, "the client certificate cannot be read from FOLDER/dev.crt (ENOENT)"],
    [
      "has no key",
      client.certificate,
      undefined,
      "the key of the client certificate cannot be read from FOLDER/dev.key (ENOENT)",
    ],
    ["is empty", "", client.key, "the client certificate cannot be used: FOLDER/dev.crt is empty"],
    ["is none", "hunter2", client.key, "the client certificate cannot be used: FOLDER/dev.crt is no PEM certificate"],
    [
      "has a key that is none",
      client.certificate,
      "hunter2",
      "the client certificate cannot be used: FOLDER/dev.key is no PEM private key without a passphrase",
    ],
    [
      "has another's key",
      client.certificate,
      other.key,
      "the client certificate cannot be used: FOLDER/dev.key is not the key of the certificate in FOLDER/dev.crt",
    ],
  ] as const)("that %s is told", async ([, certificate, key, sentence]) => {
    if (certificate !== undefined) await write("dev.crt", certificate);
    if (key !== undefined) await write("dev.key", key);
    const connection = await connected(simple(fields));
    expect(await messageOf(() => connection.credentials({ reread: false }))).toBe(sentence);
  });
});

it.for([
  ["a line break", "hunter2\n"],
  ["a space", "hunter2 hunter2"],
  ["no ASCII", "hünter2"],
] as const)("a token with %s is not sent", async ([, token]) => {
  const connection = await connected(simple({ token }));
  expect(await messageOf(() => connection.credentials({ reread: false }))).toBe(
    "the token of the kubeconfig holds a character that no token has",
  );
});

it("a name to impersonate goes out as UTF-8, and not with a line break", async () => {
  const { headers } = await (await connected(simple(), { as: "jürgen" })).credentials({ reread: false });
  expect(headers).toEqual({ "Impersonate-User": Buffer.from("jürgen").toString("latin1") });
  const broken = await connected(simple(), { as: "eve\nX: 1" });
  expect(await messageOf(() => broken.credentials({ reread: false }))).toContain("control character");
});

describe("a file that is being replaced is not taken:", () => {
  it.for([
    ["an empty token", "token", "", "the token file FOLDER/token is empty"],
    ["a token that is gone", "token", undefined, "the token cannot be read from FOLDER/token (ENOENT)"],
    ["an empty CA", "ca.crt", "", "the CA in FOLDER/ca.crt is empty"],
    ["half a CA", "ca.crt", ca.certificate.slice(0, 300), "the CA in FOLDER/ca.crt is no PEM certificate"],
    [
      "a CA that is none",
      "ca.crt",
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      "the CA in FOLDER/ca.crt is no PEM certificate",
    ],
  ] as const)("%s", async ([, name, content, sentence]) => {
    await write("token", "good");
    await write("ca.crt", ca.certificate);
    const connection = await connected(simple({ tokenFile: "token" }, { "certificate-authority": "ca.crt" }));
    expect(await authorizationOf(connection)).toBe("Bearer good");
    if (content === undefined) await rm(join(folder, name));
    else await write(name, content);
    expect(await messageOf(() => connection.credentials({ reread: false }))).toBe(sentence);
    expect(await messageOf(() => connection.credentials({ reread: true }))).toBe(sentence);
  });
});

const two = (key: string): object => ({ [key]: "f", [`${key}-data`]: base64(client.certificate) });
const faults: readonly (readonly [what: string, text: string, sentence: RegExp])[] = [
  [
    "is no YAML",
    "a: [hunter2\nb: {",
    /^cannot use the kubeconfig FOLDER\/config: it is no YAML \(line \d+: [A-Z_]+\)$/,
  ],
  ["is something else", "- hunter2", /^cannot use the kubeconfig FOLDER\/config: it is no kubeconfig \(the whole: /],
  ["has a list that is none", "clusters: hunter2", /it is no kubeconfig \(clusters: /],
  ["has a token that is no text", simple({ token: 7 }), /it is no kubeconfig \(users\.0\.user\.token: /],
  [
    "has data that is no base64",
    simple({ "client-key-data": "hunter2!" }),
    /it is no kubeconfig \(users\.0\.user\.client-key-data: /,
  ],
  ["has a name twice", "users: [{name: a}, {name: a}]", /it has "a" twice among its users$/],
  [
    "has no current context",
    config({ contexts: { x: {} } }),
    /^the kubeconfig has no current context: choose one with --context, of "x"$/,
  ],
  ["says nothing", "", /^the kubeconfig has no current context: choose one with --context, of none$/],
  [
    "names a context that is missing",
    config({ current: "x" }),
    /^the kubeconfig has no usable context "x"; it has: none$/,
  ],
  [
    "names a cluster that is missing",
    config({ current: "x", contexts: { x: { cluster: "c", user: "u" } } }),
    /^the kubeconfig has no cluster "c", which is asked for; it has: none$/,
  ],
  [
    "names a user that is missing",
    simple().replace("user: a", "user: u"),
    /^the kubeconfig has no user "u", which is asked for; it has: "a"$/,
  ],
  ["names no server", simple({}, { server: "" }), /^its cluster names no server$/],
  ...["a.example/path", "ftp://a.example", "a.example:8080", "10.0.0.1:6443"].map((server): (typeof faults)[number] => [
    `names the server ${server}`,
    simple({}, { server, "certificate-authority-data": base64(ca.certificate) }),
    /^the server "[^"]+" is no URL with https: write it like https:\/\/api.example:6443$/,
  ]),
  [
    "names a server without TLS",
    simple({}, { server: "http://a.example" }),
    /^the server "http:\/\/a.example" is reached without TLS: write https:\/\/, or set insecure-skip-tls-verify$/,
  ],
  [
    "has a login in the server",
    simple({}, { server: "https://me:hunter2@a.example" }),
    /^the server's URL holds a login/,
  ],
  [
    "has a proxy that is none",
    simple({}, { "proxy-url": "ftp://me:hunter2@proxy.example" }),
    /^its proxy-url is not the URL of a proxy: write it like http:\/\/proxy.example:3128/,
  ],
  [
    "has two CAs",
    simple({}, two("certificate-authority")),
    /^certificate-authority and certificate-authority-data are both set/,
  ],
  [
    "trusts all, and one CA",
    simple({}, { "insecure-skip-tls-verify": true, "certificate-authority": "f" }),
    /^a CA is set, and insecure-skip-tls-verify beside it/,
  ],
  [
    "has two certificates",
    simple({ ...two("client-certificate"), "client-key": "f" }),
    /^client-certificate and client-certificate-data are both set/,
  ],
  [
    "has a certificate without key",
    simple({ "client-certificate": "f" }),
    /^a client certificate is set, but no client-key/,
  ],
  [
    "has two keys",
    simple({ "client-certificate": "f", ...two("client-key") }),
    /^client-key and client-key-data are both set/,
  ],
  [
    "has a token and a password",
    simple({ token: "hunter2", username: "me", password: "hunter2" }),
    /^a token and a password are both set/,
  ],
  [
    "has a provider of former times",
    simple({ "auth-provider": { name: "gcp" } }),
    /^the auth-provider "gcp" is known no more: use its exec plugin/,
  ],
  [
    "has a plugin without command",
    simple({ exec: { apiVersion: "client.authentication.k8s.io/v1" } }),
    /^exec names no command/,
  ],
  [
    "has a plugin of former times",
    simple({ exec: { command: "x", apiVersion: "client.authentication.k8s.io/v1alpha1" } }),
    /^exec has the apiVersion "client.authentication.k8s.io\/v1alpha1": it must be/,
  ],
  [
    "has a plugin that may or may not ask",
    simple({ exec: { command: "x", apiVersion: "client.authentication.k8s.io/v1" } }),
    /^exec needs an interactiveMode: Never, IfAvailable, Always/,
  ],
  [
    "has a plugin of a mode that is none",
    simple({ exec: { command: "x", apiVersion: "client.authentication.k8s.io/v1", interactiveMode: "Maybe" } }),
    /^exec has the interactiveMode "Maybe"/,
  ],
];

describe("a kubeconfig that", () => {
  it.for(faults)("%s is refused in a sentence", async ([, text, sentence]) => {
    expect(await messageOf(() => connected(text))).toMatch(sentence);
  });

  it("cannot be read is told with the path", async () => {
    expect(await messageOf(() => Promise.resolve().then(() => loadConnection({ kubeconfig: folder })))).toBe(
      "cannot read the kubeconfig FOLDER (EISDIR)",
    );
    expect(
      await messageOf(() => Promise.resolve().then(() => loadConnection({ kubeconfigs: join(folder, "x") }))),
    ).toBe("no cluster: none of the files that KUBECONFIG names exists (FOLDER/x)");
  });
});

describe("where nothing is named", () => {
  const inCluster = { host: "10.0.0.1", port: "443" };

  it("an operator takes the pod first, a person's command ~/.kube/config, as kubectl does", async () => {
    await write(".kube/config", simple());
    await write("sa/token", "of the pod");
    await write("sa/ca.crt", ca.certificate);
    const options = { home: folder, inCluster, serviceAccountFolder: join(folder, "sa") };
    expect(loadConnection({ ...options, podFirst: true }).context).toBe("in-cluster");
    expect(loadConnection(options).context).toBe("a");
    await rm(join(folder, ".kube"), { recursive: true });
    expect(loadConnection(options).context).toBe("in-cluster");
  });

  it("the pod is asked past the proxy of the environment", async () => {
    await write("sa/token", "of the pod");
    const environment = { HTTPS_PROXY: "http://proxy.example:3128" };
    const serviceAccountFolder = join(folder, "sa");
    expect(loadConnection({ home: folder, inCluster, serviceAccountFolder, environment }).proxy).toBeUndefined();
  });
});

describe("the proxy", () => {
  const environment = { HTTPS_PROXY: "http://env.example:3128", NO_PROXY: ".exempt.example" };

  it.for([
    ["that of the environment", "https://a.example", "", "env.example:3128"],
    ["none where NO_PROXY exempts the server", "https://a.exempt.example", "", undefined],
    ["that of the cluster before all", "https://a.exempt.example", "socks5://own.example:1080", "own.example:1080"],
    ["that of the cluster over https", "https://a.example", "https://own.example", "own.example"],
  ] as const)("is %s", async ([, server, proxyUrl, host]) => {
    const connection = await connected(simple({}, { server, "proxy-url": proxyUrl }), { environment });
    expect(connection.proxy?.url.host).toBe(host);
  });
});
