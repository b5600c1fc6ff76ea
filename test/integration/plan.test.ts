// Tests that applying or deleting writes what `plan` has said, and nothing else.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../cluster/admin-client.ts";
import { ask } from "./ask.ts";
import { operatorNamespace, type RunningOperator, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

interface Written {
  readonly secrets: readonly { readonly namespace: string; readonly secret: string; readonly what: string }[];
  readonly accounts: readonly {
    readonly namespace: string;
    readonly serviceAccount: string;
    readonly references: string;
  }[];
}

interface Report {
  readonly secrets: readonly { namespace: string; secret: string; what: string; gained: string[]; lost: string[] }[];
  readonly accounts: readonly { namespace: string; serviceAccount: string; added: string[]; removed: string[] }[];
  readonly unserved: readonly { readonly namespace: string; readonly reason: string }[];
  readonly held: readonly { readonly credential: string; readonly message: string }[];
  readonly underWay: number;
}

describe("plan", () => {
  let world: TestEnv;
  let operator: RunningOperator;
  let folder: string;
  const teams = Array.from({ length: 14 }, (_, index) => `team-${String(index + 10)}`);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "regcred-plan-"));
    world = await testEnv();
    operator = await world.startOperator();
    await world.source("hub", { username: "ann", password: "first" });
    await world.source("quay", { username: "bob", password: "second" });
    await world.namespaces([...teams, "other"]);
    // One tenant has a Secret of its own, one opts out, one has an account of its own.
    const own = { auths: { "registry.own.example": { username: "own", password: "own" } } };
    await world.admin.create("/api/v1/namespaces/team-10/secrets", {
      metadata: { name: "regcred" },
      type: "kubernetes.io/dockerconfigjson",
      stringData: { ".dockerconfigjson": JSON.stringify(own) },
    });
    await world.admin.patch("/api/v1/namespaces/team-11", {
      metadata: { annotations: { "regcred.dev/ignore": "true" } },
    });
    await world.admin.create("/api/v1/namespaces/team-12/serviceaccounts", {
      metadata: { name: "builder" },
      imagePullSecrets: [{ name: "mine" }],
    });
  });
  afterAll(async () => {
    await world?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const spec = (changes: Parameters<typeof staticSpec>[1] = {}): object => staticSpec("hub", changes);
  const object = (name: string, of: object): object => ({
    apiVersion: "regcred.dev/v1alpha1",
    kind: "RegistryCredential",
    metadata: { name },
    spec: of,
  });

  const plan = async (
    wanted: object,
    flags: readonly string[] = [],
  ): Promise<{ code: number; report: Report; text: string }> => {
    const file = join(folder, "credential.yaml");
    await writeFile(file, stringify(wanted));
    const { kubeconfig } = world.cluster;
    const { code, stdout, stderr } = await ask(kubeconfig, ["plan", "-f", file, "-o", "json", ...flags]);
    expect(stderr).toBe("");
    const text = (await ask(kubeconfig, ["plan", "-f", file, ...flags])).stdout;
    for (const password of ["first", "second"]) expect(stdout + text).not.toContain(`"${password}"`);
    return { code, report: JSON.parse(stdout) as Report, text };
  };

  /** All pull Secrets and references, by what a write of them changes. */
  const snapshot = async (): Promise<Map<string, string>> => {
    const secrets = await world.admin.list("/api/v1/secrets");
    const accounts = await world.admin.list("/api/v1/serviceaccounts");
    const found = new Map<string, string>();
    for (const { metadata, ...rest } of secrets) {
      if (metadata.namespace === operatorNamespace || metadata.name === "mine") continue;
      const { labels, annotations } = metadata;
      found.set(`secret/${metadata.namespace}/${metadata.name}`, JSON.stringify([labels, annotations, rest["data"]]));
    }
    for (const account of accounts) {
      found.set(`account/${account.metadata.namespace}/${account.metadata.name}`, JSON.stringify(namesIn(account)));
    }
    return found;
  };

  const written = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Written => {
    const changed = [...new Set([...before.keys(), ...after.keys()])]
      .filter((key) => before.get(key) !== after.get(key))
      .toSorted()
      .map((key) => [...key.split("/"), key] as [string, string, string, string]);
    return {
      secrets: changed
        .filter(([kind]) => kind === "secret")
        .map(([, namespace, secret, key]) => ({
          namespace,
          secret,
          what: before.has(key) ? (after.has(key) ? "change" : "delete") : "create",
        })),
      accounts: changed
        .filter(([kind]) => kind === "account")
        .map(([, namespace, serviceAccount, key]) => ({ namespace, serviceAccount, references: after.get(key) ?? "" })),
    };
  };

  /** Plans, acts, waits until the operator is at rest, and compares. */
  const check = async (
    wanted: object,
    act: () => Promise<unknown>,
    flags: readonly string[] = [],
  ): Promise<{ code: number; report: Report; text: string }> => {
    const before = await snapshot();
    const planned = await plan(wanted, flags);
    expect(planned.report.underWay).toBe(0);
    expect(await snapshot()).toEqual(before);
    await act();
    const after = await atRest();
    const real = written(before, after);
    expect(planned.report.secrets.map(({ namespace, secret, what }) => ({ namespace, secret, what }))).toEqual(
      real.secrets,
    );
    expect(
      planned.report.accounts.map(({ namespace, serviceAccount, added, removed }) => {
        const names = JSON.parse(before.get(`account/${namespace}/${serviceAccount}`) ?? "[]") as string[];
        return {
          namespace,
          serviceAccount,
          references: JSON.stringify([...names.filter((name) => !removed.includes(name)), ...added]),
        };
      }),
    ).toEqual(real.accounts);
    return planned;
  };

  const atRest = async (): Promise<Map<string, string>> => {
    await world.atRest();
    return snapshot();
  };

  it("of a new credential", async () => {
    const { code, report, text } = await check(object("hub", spec()), () => world.credential("hub", spec()));
    expect(code).toBe(3);
    expect(report.unserved).toMatchObject([{ namespace: "team-10", reason: "SecretConflict" }]);
    expect(report.secrets).toHaveLength(12);
    expect(text).toContain(
      "Applying hub would create 12, change 0 and delete 0 Secrets, and change 13 ServiceAccounts",
    );
    expect(text).toMatch(/^team-12 +regcred +create +\+builder \+default +\+registry\.example\.com$/m);
    expect(text).toContain("NOT SERVED hub: SecretConflict in team-10");
  });

  it("of one that is there already: nothing", async () => {
    const { code, text } = await check(object("hub", spec()), () => Promise.resolve());
    expect(text).toMatch(/^Applying hub would write nothing to any namespace\.$/m);
    expect(code).toBe(3);
  });

  it("of a second one, which shares the Secrets and merges into the tenant's own", async () => {
    const second = staticSpec("quay", { hosts: ["quay.example"], namespaces: { include: ["team-1?"] } });
    const { report } = await check(object("quay", second), () => world.credential("quay", second));
    expect(report.secrets.map(({ what }) => what)).toEqual(Array.from({ length: 8 }, () => "change"));
    expect(report.secrets[0]).toMatchObject({ gained: ["quay.example"], lost: [] });
  });

  it("of another host and another way with conflicts", async () => {
    const changed = spec({ hosts: ["registry.new.example"], pullSecret: { name: "regcred", onConflict: "Merge" } });
    const { code, report } = await check(object("hub", changed), () => world.patchCredential("hub", { spec: changed }));
    expect(code).toBe(0);
    expect(report.secrets).toHaveLength(13);
    expect(report.secrets[0]).toMatchObject({ namespace: "team-10", what: "change" });
    expect(report.secrets[1]).toMatchObject({ gained: ["registry.new.example"], lost: ["registry.example.com"] });
  });

  it("of another name of the pull Secret", async () => {
    const renamed = { ...spec({ hosts: ["registry.new.example"] }), pullSecret: { name: "pull", onConflict: "Merge" } };
    const { report } = await check(object("hub", renamed), () => world.patchCredential("hub", { spec: renamed }));
    expect(report.secrets.filter(({ what }) => what === "create")).toHaveLength(13);
  });

  it("of a selection that takes too much away: nothing, but the removal guard's words", async () => {
    const narrow = { ...spec({ hosts: ["registry.new.example"] }), namespaces: { include: ["team-10"] } };
    const file = { ...narrow, pullSecret: { name: "pull", onConflict: "Merge" } };
    const { code, report } = await check(object("hub", file), () => world.patchCredential("hub", { spec: file }));
    expect(code).toBe(3);
    expect(report.secrets).toEqual([]);
    expect(report.held).toMatchObject([{ credential: "hub", message: expect.stringContaining("12 of 13 namespaces") }]);
    await world.patchCredential("hub", { spec: { namespaces: { include: ["team-*"] } } });
    await atRest();
  });

  it("of a deletion", async () => {
    const { report } = await check(object("quay", spec()), () => world.deleteCredential("quay"), ["--delete"]);
    expect(report.secrets.length).toBeGreaterThan(7);
    const last = await check(object("hub", spec()), () => world.deleteCredential("hub"), ["--delete"]);
    expect(last.report.secrets.some(({ what }) => what === "delete")).toBe(true);
    expect(last.report.accounts.length).toBeGreaterThan(12);
    expect([...(await snapshot())].filter(([key]) => key.endsWith("/regcred")).map(([key]) => key)).toEqual([
      "secret/team-10/regcred",
    ]);
  });

  it("needs no operator", async () => {
    await operator.stop();
    const { report } = await plan(object("hub", spec()));
    expect(report.secrets).toHaveLength(12);
  });

  it("says what is wrong with the file", async () => {
    const { kubeconfig } = world.cluster;
    const wrong = async (text: string): Promise<unknown> => {
      const file = join(folder, "wrong.yaml");
      await writeFile(file, text);
      const { code, stderr } = await ask(kubeconfig, ["plan", "-f", file]);
      return { code, stderr: stderr.replaceAll(folder, "") };
    };
    expect(await ask(kubeconfig, ["plan", "-f", join(folder, "none.yaml")])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: cannot read .*none\.yaml/),
    });
    expect(await wrong("{")).toMatchObject({ code: 2, stderr: expect.stringMatching(/is no YAML/) });
    expect(await wrong("kind: ConfigMap")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/holds no RegistryCredential/),
    });
    expect(await wrong(stringify(object("bad", { registries: [] })))).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/RegistryCredential bad: spec\.registries/),
    });
  });
});

function namesIn({ imagePullSecrets }: KubeObject): readonly string[] {
  return ((imagePullSecrets ?? []) as { name: string }[]).map(({ name }) => name);
}
