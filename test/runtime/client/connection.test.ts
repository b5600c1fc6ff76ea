// Tests of which cluster is found, with which credentials, and of what is said when there is none.
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadConnection } from "../../../src/runtime/client/connection.ts";
import { certificateAuthority } from "../../cluster/certificates.ts";

const ca = certificateAuthority("one").certificate;
const otherCa = certificateAuthority("other").certificate;
let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "regcred-connection-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, text);
  return file;
}

const kubeconfig = (name: string, user: object, cluster: object = {}): string =>
  JSON.stringify({
    "current-context": name,
    clusters: [
      {
        name,
        cluster: {
          server: `https://${name}.example:6443/`,
          "certificate-authority-data": Buffer.from(ca).toString("base64"),
          ...cluster,
        },
      },
    ],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: "ns" } }],
  });
const nowhere = (): string => join(folder, "nowhere");

describe("a connection", () => {
  it("comes from the kubeconfig, with the context that was asked for", async () => {
    const one = await write("one", kubeconfig("one", { token: "t1" }));
    const two = await write(
      "two",
      kubeconfig("two", { username: "u", password: "p" }, { "tls-server-name": "inside" }),
    );
    const current = loadConnection({ kubeconfigs: [one, two].join(delimiter) });
    expect(current).toMatchObject({ server: "https://one.example:6443", context: "one", namespace: "ns" });
    const { tls, authorization } = await current.credentials({ reread: false });
    expect(authorization?.reveal()).toBe("Bearer t1");
    expect(String(tls.ca)).toBe(ca);
    const other = loadConnection({ kubeconfigs: [one, two].join(delimiter), context: "two" });
    expect(other.server).toBe("https://two.example:6443");
    const credentials = await other.credentials({ reread: false });
    expect(credentials.authorization?.reveal()).toBe(`Basic ${Buffer.from("u:p").toString("base64")}`);
    expect(credentials.tls.servername).toBe("inside");
  });

  it("comes from the pod, and takes a rotated token when asked to read again", async () => {
    await write("sa/token", "first\n");
    await write("sa/ca.crt", ca);
    await write("sa/namespace", "regcred-system");
    const connection = loadConnection({
      inCluster: { host: "fd00::1", port: "443" },
      serviceAccountFolder: join(folder, "sa"),
      home: nowhere(),
    });
    expect(connection).toMatchObject({
      server: "https://[fd00::1]:443",
      context: "in-cluster",
      namespace: "regcred-system",
    });
    expect((await connection.credentials({ reread: false })).authorization?.reveal()).toBe("Bearer first");
    await write("sa/token", "second");
    await write("sa/ca.crt", otherCa);
    const { authorization, tls } = await connection.credentials({ reread: true });
    expect(authorization?.reveal()).toBe("Bearer second");
    expect(String(tls.ca)).toBe(otherCa);
  });

  it("finds a new login in the kubeconfig, in the same context whatever is current by then, and never another server's", async () => {
    const parts = (current: string, token: string, server: string): string =>
      JSON.stringify({
        "current-context": current,
        clusters: [
          { name: "here", cluster: { server } },
          { name: "there", cluster: { server: "https://there.example" } },
        ],
        users: [
          { name: "here", user: { token } },
          { name: "there", user: { token: "of-there" } },
        ],
        contexts: ["here", "there"].map((name) => ({ name, context: { cluster: name, user: name } })),
      });
    const file = await write("config", parts("here", "first", "https://here.example"));
    const connection = loadConnection({ kubeconfig: file });
    const token = async (reread: boolean): Promise<string | undefined> =>
      (await connection.credentials({ reread })).authorization?.reveal();
    expect(await token(false)).toBe("Bearer first");
    await write("config", parts("there", "second", "https://here.example"));
    expect(await token(false)).toBe("Bearer first");
    expect(await token(true)).toBe("Bearer second");
    await write("config", parts("here", "third", "https://elsewhere.example"));
    await expect(token(true)).rejects.toThrow("the kubeconfig names another server by now: start again");
  });

  it("comes from ~/.kube/config last", async () => {
    await write(".kube/config", kubeconfig("home", { token: "t" }));
    expect(
      loadConnection({ home: folder, inCluster: { host: "10.0.0.1", port: "443" }, serviceAccountFolder: nowhere() })
        .context,
    ).toBe("home");
  });

  it("never shows its token", async () => {
    const file = await write("one", kubeconfig("one", { token: "hunter2" }));
    const connection = loadConnection({ kubeconfig: file });
    expect(JSON.stringify([connection, await connection.credentials({ reread: false })])).not.toContain("hunter2");
  });
});

describe("without a usable cluster it says what to set", () => {
  it("when there is no configuration", () => {
    expect(() => loadConnection({ home: nowhere(), serviceAccountFolder: nowhere() })).toThrow(
      "no cluster: set KUBECONFIG or run in a pod",
    );
  });
});
