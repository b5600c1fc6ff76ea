// Tests of `import`: everything is taken over or reported as left out, and what it writes is within the API server's limits.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { importLogins } from "../../src/cli/import/import-logins.ts";
import type { Session } from "../../src/cli/session.ts";

const auth = btoa("ann:hush");
const ann = { auth };

interface Result {
  readonly code: unknown;
  readonly remarks: readonly string[];
  readonly hosts: readonly (readonly string[])[];
  readonly text: string;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "regcred-import-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function imported(options: object, secrets: readonly object[] = []): Promise<Result> {
  let text = "";
  const session = {
    out: { width: undefined, write: (more: string) => (text += more) },
    operatorNamespace: "regcred-system",
    objects: {
      list: async (_kind: unknown, { fieldSelector }: { fieldSelector: string }) =>
        secrets.filter((each) => `type=${(each as { type: string }).type}` === fieldSelector),
    },
  } as unknown as Session;
  const code = await importLogins(session, [], { name: "imported", namespaces: ["team-*"], ...options });
  const objects = parseAllDocuments(text).map(
    (each) => each.toJS() as { spec?: { registries: { hosts: string[] }[] } },
  );
  return {
    code,
    text,
    remarks: [...text.matchAll(/^# (.*)$/gm)].map(([, remark = ""]) => remark),
    hosts: objects.flatMap((each) => each?.spec?.registries.map(({ hosts }) => hosts) ?? []),
  };
}

async function ofFile(config: object): Promise<Result> {
  const filename = join(folder, "config.json");
  await writeFile(filename, JSON.stringify(config));
  return imported({ filename });
}

describe("import of a docker config", () => {
  it("writes the hosts, and nothing else to say is exit code 0", async () => {
    expect(await ofFile({ auths: { "quay.io": ann, "https://index.docker.io/v1/": ann } })).toMatchObject({
      code: 0,
      remarks: [],
      hosts: [["docker.io", "quay.io"]],
    });
  });

  it("takes the logins that a kubelet reads, in whatever letters their place is named", async () => {
    expect(await ofFile({ auths: { "quay.io": ann }, Auths: { "ghcr.io": { Auth: auth } } })).toMatchObject({
      code: 0,
      remarks: [],
      hosts: [["ghcr.io", "quay.io"]],
    });
  });

  it.each([
    ["an entry without a login", { auths: { "quay.io": ann, "ghcr.io": {} } }, /^would be lost: ghcr\.io /],
    ["a key that names no registry", { auths: { "quay.io": ann, "what is this": ann } }, /^would be lost: entry 2 /],
    ["a store", { auths: { "quay.io": ann }, credsStore: "desktop" }, /^would be lost: .*credsStore/],
    [
      "an entry in a store",
      { auths: { "quay.io": ann, "ghcr.io": {} }, credsStore: "desktop" },
      /^would be lost: ghcr\.io is kept in a credential store/,
    ],
    [
      "a helper",
      { auths: { "quay.io": ann }, credHelpers: { "gcr.io": "gcloud" } },
      /^would be lost: gcr\.io is kept by a credential helper/,
    ],
    [
      "an odd helper",
      { auths: { "quay.io": ann }, credHelpers: { "?": "x" } },
      /^would be lost: 1 entries of credHelpers/,
    ],
    ["a token", { auths: { "quay.io": ann, "gcr.io": { identitytoken: "x" } } }, /^would be lost: gcr\.io has only/],
    [
      "another login of the same host",
      { auths: { "quay.io": ann, "https://quay.io": { auth: btoa("bob:x") } } },
      /^would be lost: quay\.io differs/,
    ],
    ["headers", { auths: { "quay.io": ann }, HttpHeaders: { "X-Meta": "hush" } }, /^would be lost: HttpHeaders/],
  ])("tells of %s, with exit code 3, and no secret in it", async (_what, config, remark) => {
    const { code, remarks, hosts } = await ofFile(config);
    expect(code).toBe(3);
    expect(remarks.some((each) => remark.test(each))).toBe(true);
    expect(remarks.join()).not.toContain("hush");
    expect(hosts).toEqual([["quay.io"]]);
  });

  it("names what is no login, which nobody misses", async () => {
    const { code, remarks } = await ofFile({ auths: { "quay.io": ann }, psFormat: "x", currentContext: "y" });
    expect([code, remarks]).toEqual([0, ["not a login: currentContext, psFormat"]]);
  });

  it.each([
    ["a wildcard", { "*.example.com": ann, "quay.io": ann }],
    [
      "more hosts than entries can name",
      Object.fromEntries(Array.from({ length: 256 }, (_, i) => [`h${i}.example.com:5000/some/path`, ann])),
    ],
  ])("takes all of the source where there is %s", async (_what, auths) => {
    const { code, hosts } = await ofFile({ auths });
    expect(code).toBe(0);
    expect(hosts.flat().every((host) => host === "*" || !host.includes("*"))).toBe(true);
    expect(hosts.length).toBeLessThanOrEqual(16);
  });

  it.each([
    [{ name: "Not A Name" }],
    [{ namespaces: ["Team_*"] }],
    [{ namespaces: Array.from({ length: 65 }, (_, index) => `team-${index}`) }],
  ])("refuses %j, which the API server would refuse", async (options) => {
    await expect(imported({ filename: "x", ...options })).rejects.toThrow(/--name/);
  });
});

describe("import of what tenants have", () => {
  const secret = (namespace: string, name: string, auths: object, more: { type?: string; metadata?: object } = {}) => ({
    type: more.type ?? "kubernetes.io/dockerconfigjson",
    metadata: { namespace, name, uid: `${namespace}-${name}`, resourceVersion: "1", ...more.metadata },
    data: { ".dockerconfigjson": btoa(JSON.stringify({ auths })) },
  });
  const ofSecrets = (...secrets: readonly object[]): Promise<Result> => imported({ secrets: true }, secrets);
  const right = secret("team-a", "login", { "quay.io": ann });

  it.each([
    ["another tool keeps", { metadata: { annotations: { "kapp.k14s.io/identity": "x" } } }, "kapp keeps it"],
    [
      "something owns",
      { metadata: { ownerReferences: [{ kind: "SealedSecret", name: "x" }] } },
      '"SealedSecret x" owns it',
    ],
    ["is of the old type", { type: "kubernetes.io/dockercfg" }, "kubernetes.io/dockercfg"],
  ])("says once of all that %s that they are left out", async (_what, more, why) => {
    const others = ["team-b", "team-c"].map((namespace) => secret(namespace, "old", { "ghcr.io": ann }, more));
    const { code, remarks, hosts } = await ofSecrets(right, ...others);
    expect([code, hosts]).toEqual([3, [["quay.io"]]]);
    expect(remarks).toHaveLength(1);
    expect(remarks[0]).toContain("left out: team-b/old and 1 more: ");
    expect(remarks[0]).toContain(why);
  });

  it("takes one whose owner consents to be adopted", async () => {
    const annotations = { "kapp.k14s.io/identity": "x", "regcred.dev/adopt": "true" };
    expect(await ofSecrets(secret("team-a", "login", { "quay.io": ann }, { metadata: { annotations } }))).toMatchObject(
      {
        code: 0,
        hosts: [["quay.io"]],
      },
    );
  });

  it("counts what is regcred's, and of its namespace", async () => {
    const marked = { metadata: { annotations: { "regcred.dev/credentials": "acme" } } };
    const { code, remarks } = await ofSecrets(
      right,
      secret("team-b", "regcred", { "quay.io": ann }, marked),
      secret("regcred-system", "source", { "quay.io": ann }),
    );
    expect([code, remarks]).toEqual([0, ["2 Secrets are regcred's already"]]);
  });

  it("has first what most namespaces have, then what comes first by its hosts", async () => {
    const { hosts } = await ofSecrets(
      secret("team-a", "one", { "b.example.com": ann }),
      secret("team-a", "two", { "a.example.com": ann }),
      ...["team-a", "team-b"].map((namespace) => secret(namespace, "both", { "z.example.com": ann })),
    );
    expect(hosts).toEqual([["z.example.com"], ["a.example.com"], ["b.example.com"]]);
  });

  it("gives no source the name of a pull Secret, which a RegistryCredential cannot have", async () => {
    const { text } = await ofSecrets(secret("team-a", "imported-quay-io", { "quay.io": ann }));
    const [source] = parseAllDocuments(text).map((each) => each.toJS() as { metadata: { name: string } });
    expect(source?.metadata.name).toBe("imported-quay-io-2");
  });
});
