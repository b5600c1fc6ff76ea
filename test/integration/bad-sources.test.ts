// Tests of source Secrets that are not as they should be.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  eventually,
  operatorNamespace,
  type RunningOperator,
  type TestEnv,
  testEnv,
  soon,
  staticSpec,
} from "./test-env.ts";

const secrets = `/api/v1/namespaces/${operatorNamespace}/secrets`;
/** In every password of this file: nobody may ever see it but in a Secret. */
const mark = "hush-9f3a";
const password = `${mark}-password`;
const login = { username: "ann", password };
const dockerConfig = (config: object): { type: string; stringData: Record<string, string> } => ({
  type: "kubernetes.io/dockerconfigjson",
  stringData: { ".dockerconfigjson": JSON.stringify(config) },
});

describe("a source Secret", () => {
  let world: TestEnv;
  let running: RunningOperator;
  const logs: RunningOperator["log"][] = [];

  const start = async (): Promise<void> => {
    running = await world.startOperator({ settings: { sourceNamespaces: ["vault"] } });
    logs.push(running.log);
  };
  /** A credential for one namespace of the same name, with a pull Secret of its own. */
  const served = async (
    name: string,
    changes: { readonly hosts?: readonly string[]; readonly static?: object } = {},
  ): Promise<void> => {
    const { hosts = ["registry.example.com"], static: source = { secretName: name } } = changes;
    await world.namespaces([name]);
    await world.credential(name, {
      registries: [{ name: "main", provider: "Static", hosts, static: source }],
      namespaces: { include: [name] },
      pullSecret: { name: "regcred" },
    });
  };
  const put = (name: string, body: object, path = secrets): Promise<unknown> =>
    world.admin.create(path, { metadata: { name }, ...body });
  const entry = async (name: string) => (await world.status(name)).registries?.[0];
  const passwordIn = async (namespace: string, host = "registry.example.com") =>
    (await world.logins(namespace))?.[host]?.password;
  const receives = (namespace: string, wanted = password, host?: string): Promise<void> =>
    eventually(`${namespace} has the password`, async () => (await passwordIn(namespace, host)) === wanted);
  const reports = (name: string, reason: string): Promise<void> =>
    eventually(`${name} says ${reason}`, async () => (await entry(name))?.reason === reason);
  const notes = async (namespace: string): Promise<string> =>
    (await world.events(namespace)).map((event) => `${String(event["reason"])} ${String(event["note"])}`).join("\n");

  beforeAll(async () => {
    world = await testEnv();
    await world.admin.create("/api/v1/namespaces", { metadata: { name: "vault" } });
    await start();
  });
  afterAll(() => world.close());

  it("that is missing is named with the fix, and served as soon as it appears", async () => {
    await served("missing");
    await reports("missing", "SourceMissing");
    const fix = `the source Secret ${operatorNamespace}/missing does not exist; create it: kubectl create secret`;
    for (const type of ["Ready", "TokensFresh", "Distributed", "Stalled"]) {
      await eventually(
        `${type} names the Secret`,
        async () => (await world.condition("missing", type))?.message.includes(fix) === true,
      );
    }
    await expect
      .poll(() => world.condition("missing", "Ready"), soon)
      .toMatchObject({ status: "False", reason: "SourceMissing" });
    await eventually("administrators hear of it", async () => (await notes("default")).includes(fix));
    await eventually("tenants hear of it", async () => (await notes("missing")).includes(fix));
    expect(await world.secret("missing")).toBeUndefined();
    expect(await world.references("missing")).toEqual([]);

    await world.source("missing", login);
    await receives("missing");
    await eventually("all is well", async () => (await world.condition("missing", "Ready"))?.reason === "Served");
    expect(await world.condition("missing", "Stalled")).toBeUndefined();
    expect(await entry("missing")).toMatchObject({ state: "Issued", failing: 0 });
  });

  it.each<[string, object, string, RegExp]>([
    ["empty", { type: "Opaque" }, "SourceInvalid", /lacks the key username and password/],
    ["wrong-key", { type: "Opaque", stringData: { user: "ann", password } }, "SourceInvalid", /static\.usernameKey/],
    ["no-json", { type: "Opaque", stringData: { username: "", password } }, "SourceInvalid", /has no user name/],
    ["no-logins", dockerConfig({ auths: {} }), "SourceInvalid", /holds no credentials/],
    [
      "identity",
      dockerConfig({ auths: { "registry.example.com": { identitytoken: password } } }),
      "SourceInvalid",
      /identity or registry token/,
    ],
    [
      "helper",
      dockerConfig({ auths: {}, credHelpers: { "registry.example.com": "ecr-login" } }),
      "SourceInvalid",
      /credHelpers/,
    ],
    [
      "large",
      { type: "Opaque", stringData: { username: "ann", password, more: "x".repeat(70_000) } },
      "SourceTooLarge",
      /64 KiB/,
    ],
    [
      "tls",
      { type: "example.com/other", stringData: { username: "ann", password } },
      "SourceRefused",
      /name another Secret/,
    ],
  ])(
    "that cannot be used (%s) is named with the fix, and used as soon as it can be",
    async (name, body, reason, message) => {
      await put(name, body);
      await served(name);
      await reports(name, reason);
      const condition = await world.condition(name, "Ready");
      expect(condition).toMatchObject({ status: "False", reason });
      expect(condition?.message).toMatch(message);
      expect(condition?.message).toContain(`${operatorNamespace}/${name}`);
      await eventually("the tenant hears of it", async () => message.test(await notes(name)));
      await world.admin.remove(`${secrets}/${name}`);
      await world.source(name, login);
      await receives(name);
    },
  );

  it("is refused when it is a Secret that regcred wrote", async () => {
    await world.source("self", login);
    await served("self");
    await receives("self");
    const token = (await world.admin.list(secrets)).find(({ metadata }) => metadata.name.startsWith("regcred-token-"));
    await served("from-token", { static: { secretName: token?.metadata.name } });
    await world.credential(
      "own",
      staticSpec("self", { namespaces: { include: [operatorNamespace] }, pullSecret: { name: "ours" } }),
    );
    await receivesOwn();
    await served("from-pull", { static: { secretName: "ours" } });
    for (const name of ["from-token", "from-pull"]) {
      await reports(name, "SourceRefused");
      expect((await entry(name))?.message).toContain("never read back");
      expect(await world.secret(name)).toBeUndefined();
    }
  });
  const receivesOwn = (): Promise<void> =>
    eventually(
      "the operator's namespace has a pull Secret",
      async () => (await world.logins(operatorNamespace, "ours")) !== undefined,
    );

  it("may live elsewhere only where the operator and a label allow it", async () => {
    await world.namespaces(["elsewhere"]);
    await put(
      "abroad",
      { type: "kubernetes.io/basic-auth", stringData: login },
      "/api/v1/namespaces/elsewhere/secrets",
    );
    await served("abroad", { static: { secretName: "abroad", secretNamespace: "elsewhere" } });
    await reports("abroad", "SourceNotAllowed");
    expect((await entry("abroad"))?.message).toContain("--source-namespaces=elsewhere");

    const vault = "/api/v1/namespaces/vault/secrets";
    await put("vaulted", { type: "kubernetes.io/basic-auth", stringData: login }, vault);
    await served("vaulted", { static: { secretName: "vaulted", secretNamespace: "vault" } });
    await reports("vaulted", "SourceMissing");
    expect((await entry("vaulted"))?.message).toContain(
      "kubectl label -n vault secret vaulted regcred.dev/source=true --overwrite",
    );
    await world.admin.patch(`${vault}/vaulted`, { metadata: { labels: { "regcred.dev/source": "true" } } });
    await receives("vaulted");
    await world.admin.patch(`${vault}/vaulted`, { metadata: { labels: { "regcred.dev/source": null } } });
    await reports("vaulted", "SourceMissing");
    expect(await passwordIn("vaulted")).toBe(password);
  });

  it("that breaks or goes after it was served takes nothing from tenants, not even over a restart", async () => {
    const names = ["broken", "deleted", "lost"];
    for (const name of names) await world.source(name, login);
    for (const name of names) await served(name);
    for (const name of names) await receives(name);
    const before = await Promise.all(names.map(async (name) => (await world.secret(name))?.metadata.resourceVersion));

    await world.admin.patch(`${secrets}/broken`, { stringData: { password: "" } });
    await world.admin.remove(`${secrets}/deleted`);
    await world.admin.remove(`${secrets}/lost`);
    await reports("broken", "SourceInvalid");
    await reports("deleted", "SourceMissing");
    await expect
      .poll(() => world.condition("deleted", "TokensFresh"), soon)
      .toMatchObject({ status: "False", reason: "SourceMissing" });
    await expect.poll(() => world.condition("deleted", "Ready"), soon).toMatchObject({ status: "True" });
    expect(await entry("deleted")).toMatchObject({ state: "Failing", failing: 1 });

    await running.stop();
    // Even the stored token goes: then the tenants' Secrets are all that is left.
    const annotations = (await world.secret("lost"))?.metadata.annotations?.["regcred.dev/entries"] ?? "";
    const [{ grant }] = JSON.parse(annotations) as [{ grant: string }];
    await world.admin.remove(`${secrets}/regcred-token-${grant}`);
    await start();
    await reports("broken", "SourceInvalid");
    await reports("deleted", "SourceMissing");
    await eventually(
      "the loss is told",
      async () => (await world.condition("lost", "Ready"))?.reason === "SourceMissing",
    );
    await world.namespaces(["lost-not"]);
    const after = await Promise.all(names.map(async (name) => (await world.secret(name))?.metadata.resourceVersion));
    expect(after).toEqual(before);
    for (const name of names) expect(await world.references(name)).toEqual(["regcred"]);

    for (const name of names) await world.source(name, { ...login, password: `${mark}-next` });
    for (const name of names) await receives(name, `${mark}-next`);
    await eventually("all is well again", async () => (await world.condition("lost", "Ready"))?.reason === "Served");
  });

  it("may say when it ends", async () => {
    const annotate = (value: string): Promise<unknown> =>
      world.admin.patch(`${secrets}/ending`, { metadata: { annotations: { "regcred.dev/expires-at": value } } });
    await world.source("ending", login);
    await annotate("2099-01-31T00:00:00Z");
    await served("ending");
    await receives("ending");
    await eventually("the end is shown", async () => (await world.status("ending")).expires === "2099-01-31T00:00:00Z");
    expect(await entry("ending")).toMatchObject({ expiresAt: "2099-01-31T00:00:00Z", state: "Issued" });

    await annotate("next summer");
    await reports("ending", "SourceInvalid");
    expect((await entry("ending"))?.message).toContain("write it like 2027-01-31T00:00:00Z");
    await annotate("2020-01-31T00:00:00Z");
    await reports("ending", "SourceExpired");
    expect((await entry("ending"))?.message).toContain("move the annotation regcred.dev/expires-at");
    expect(await passwordIn("ending")).toBe(password);

    await world.source("stale", login);
    await world.admin.patch(`${secrets}/stale`, {
      metadata: { annotations: { "regcred.dev/expires-at": "2020-01-31T00:00:00Z" } },
    });
    await served("stale");
    await reports("stale", "SourceExpired");
    expect(await world.secret("stale")).toBeUndefined();
  });

  it("that lacks one of the hosts serves the others, and the missing one is named", async () => {
    await put("partly", dockerConfig({ auths: { "a.example.com": login } }));
    await served("partly", { hosts: ["a.example.com", "b.example.com"] });
    await receives("partly", password, "a.example.com");
    await eventually(
      "the missing host is told",
      async () => (await world.condition("partly", "Distributed"))?.reason === "HostMissing",
    );
    expect((await world.condition("partly", "Distributed"))?.message).toContain("no credentials for b.example.com");
  });

  it("brings a host that another entry has: HostShadowed, and the first one serves it", async () => {
    await world.source("literal", login);
    await put(
      "imported",
      dockerConfig({
        auths: { "shared.example.com": { username: "bea", password: `${mark}-other` }, "more.example.com": login },
      }),
    );
    await world.namespaces(["shadow"]);
    await world.credential("shadow", {
      registries: [
        { name: "literal", provider: "Static", hosts: ["shared.example.com"], static: { secretName: "literal" } },
        { name: "imported", provider: "Static", hosts: ["*"], static: { secretName: "imported" } },
      ],
      namespaces: { include: ["shadow"] },
    });
    await receives("shadow", password, "more.example.com");
    expect(await passwordIn("shadow", "shared.example.com")).toBe(password);
    await eventually(
      "it is told",
      async () => (await world.status("shadow")).failures?.some(({ reason }) => reason === "HostShadowed") === true,
    );
    await expect.poll(() => world.condition("shadow", "Ready"), soon).toMatchObject({ status: "True" });
  });

  it("that makes the merged config larger than 64 KiB adds nothing, and holds up nothing that must go", async () => {
    const many = (prefix: string, count: number): object =>
      dockerConfig({
        auths: Object.fromEntries(
          Array.from({ length: count }, (_, index) => [
            `${prefix}${index}.example.com`,
            { ...login, password: password.padEnd(300, "x") },
          ]),
        ),
      });
    await put("big-a", many("a", 40));
    await put("big-b", many("b", 1));
    await put("big-c", many("c", 40));
    await world.namespaces(["big"]);
    const registries = (...names: readonly string[]): object[] =>
      names.map((name, index) => ({
        name: `entry-${index}`,
        provider: "Static",
        hosts: ["*"],
        static: { secretName: name },
      }));
    await world.credential("big", {
      registries: registries("big-a", "big-b"),
      namespaces: { include: ["big"] },
    });
    const hosts = async (): Promise<readonly string[]> => Object.keys((await world.logins("big")) ?? {});
    const size = async (): Promise<number> => (await hosts()).length;
    await eventually("41 hosts are served", async () => (await size()) === 41);
    await world.admin.replace(`${secrets}/big-b`, { metadata: { name: "big-b" }, ...many("b", 60) });
    await eventually("it is told", async () => (await world.condition("big", "Ready"))?.reason === "ConfigTooLarge");
    expect((await world.condition("big", "Ready"))?.message).toMatch(
      /has \d+ bytes, more than 65536: list fewer hosts, or raise --max-config-bytes/,
    );
    expect(await size()).toBe(41);
    expect(await world.references("big")).toEqual(["regcred"]);
    // The grant of the first entry ends, and its 40 hosts go. What comes in its place fits beside what the second one had.
    await world.patchCredential("big", { spec: { registries: registries("big-c", "big-b") } });
    await eventually("they are gone", async () => !(await hosts()).some((host) => host.startsWith("a")));
    await eventually("it is told", async () => (await world.condition("big", "Ready"))?.reason === "ConfigTooLarge");
    expect(await hosts()).toContain("b0.example.com");
    expect((await hosts()).filter((host) => host.startsWith("c"))).toHaveLength(40);
    expect((await world.condition("big", "Ready"))?.message).toContain("entry entry-1");
    await world.admin.replace(`${secrets}/big-b`, { metadata: { name: "big-b" }, ...many("b", 2) });
    await eventually("42 hosts are served", async () => (await size()) === 42);
  });

  it("is never quoted: not in a status, an Event, a log line, a name or an annotation", async () => {
    const credentials = await world.admin.list("/apis/regcred.dev/v1alpha1/registrycredentials");
    const events = await world.admin.list("/apis/events.k8s.io/v1/events");
    const metadata = (await world.admin.list("/api/v1/secrets")).map((secret) => secret.metadata);
    const seen = JSON.stringify({ credentials, events, metadata, logs });
    expect(credentials.length).toBeGreaterThan(10);
    expect(events.length).toBeGreaterThan(10);
    for (const secret of [
      mark,
      Buffer.from(password).toString("base64"),
      Buffer.from(`ann:${password}`).toString("base64"),
    ]) {
      expect(seen.includes(secret)).toBe(false);
    }
  });
});
