// Tests that credentials reach every selected namespace, and stay there.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../cluster/admin-client.ts";
import { operatorWrites } from "./audit-log.ts";
import { history, secretsCalled } from "./history.ts";
import {
  eventually,
  type Login,
  loginsIn,
  operatorNamespace,
  type TestEnv,
  testEnv,
  soon,
  staticSpec,
} from "./test-env.ts";

// All that are used here: the operator is installed for these.
const pullSecretNames = `
  again busy extra hand lone long named opt pick-by-a-glob pick-by-a-glob-and-labels pick-by-doesnotexist
  pick-by-exists pick-by-in pick-by-labels-alone pick-by-notin pick-by-several-globs pick-less-the-excluded
  pick-of-the-system-by-name pick-of-the-system-by-no-wildcard pick-that-opted-out-not-even-by-name refer
  regcred swap-one swap-two tag turn`
  .trim()
  .split(/\s+/);

const host = "registry.example.com";

/** A login as the kubelet finds it in a pull Secret. */
function login(username: string, password: string): Login & { readonly auth: string } {
  return { username, password, auth: Buffer.from(`${username}:${password}`).toString("base64") };
}

describe("a credential on a real cluster", () => {
  let world: TestEnv;

  const account = (namespace: string, name = "default"): string =>
    `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`;
  /** Waits until the status speaks of the present spec and counts so many namespaces, all of them ready. */
  const served = (name: string, count: number): Promise<void> =>
    eventually(`${name} is served in ${count}`, async () => {
      const { metadata } = (await world.admin.get(`/apis/regcred.dev/v1alpha1/registrycredentials/${name}`)) ?? {};
      const { observedGeneration, namespaces } = await world.status(name);
      return (
        observedGeneration === metadata?.generation && namespaces?.selected === count && namespaces.ready === count
      );
    });
  const password = async (namespace: string, name: string, key = host): Promise<string | undefined> =>
    (await world.logins(namespace, name))?.[key]?.password;
  const hosts = async (namespace: string, name: string): Promise<readonly string[]> =>
    Object.keys((await world.logins(namespace, name)) ?? {});
  const referred = (namespace: string, names: readonly string[], serviceAccount?: string): Promise<void> =>
    eventually(
      `${serviceAccount ?? "default"} of ${namespace} refers to ${names.join()}`,
      async () => (await world.references(namespace, serviceAccount)).join() === names.join(),
    );
  const annotate = (path: string, value: string | null): Promise<KubeObject> =>
    world.admin.patch(path, { metadata: { annotations: { "regcred.dev/ignore": value } } });
  const label = (namespace: string, labels: Readonly<Record<string, string | null>>): Promise<KubeObject> =>
    world.admin.patch(`/api/v1/namespaces/${namespace}`, { metadata: { labels } });
  const ownSource = (name: string, body: object): Promise<KubeObject> =>
    world.admin.create(`/api/v1/namespaces/${operatorNamespace}/secrets`, { metadata: { name }, ...body });
  const entry = (name: string, secretName: string, entryHosts: readonly string[] = [host]): object => ({
    name,
    provider: "Static",
    hosts: entryHosts,
    static: { secretName },
  });

  beforeAll(async () => {
    world = await testEnv({ install: { pullSecretNames }, auditLog: true });
    await world.startOperator();
    await world.source("hub", { username: "ann", password: "first" });
  });
  afterAll(() => world.close());

  it("gives every selected namespace its Secret and its reference", async () => {
    await world.namespaces(["team-a", "team-b", "other"]);
    await world.credential("hub", staticSpec("hub"));
    await served("hub", 2);
    expect(await world.logins("team-a")).toEqual({ [host]: login("ann", "first") });
    expect((await world.secret("team-a"))?.["type"]).toBe("kubernetes.io/dockerconfigjson");
    expect(await world.references("team-b")).toEqual(["regcred"]);
    expect(await world.secret("other")).toBeUndefined();
    await expect.poll(() => world.condition("hub", "Ready"), soon).toMatchObject({ status: "True" });
  });

  describe.concurrent("selects namespaces", () => {
    const among = ["pick-web", "pick-db", "pick-old", "pick-mute", "kube-public", operatorNamespace];

    beforeAll(async () => {
      await world.namespaces(["pick-web"], { labels: { tier: "web", stage: "live" } });
      await world.namespaces(["pick-db"], { labels: { tier: "db" } });
      await world.namespaces(["pick-old"], { labels: { tier: "web", stage: "old" } });
      await world.namespaces(["pick-mute"], { labels: { tier: "web", stage: "live" } });
      await annotate("/api/v1/namespaces/pick-mute", "true");
      // It was made just now, by nobody who waits for its account: one that has none is served without a reference.
      await eventually(
        "the operator's namespace has an account",
        async () =>
          (await world.admin.get(`/api/v1/namespaces/${operatorNamespace}/serviceaccounts/default`)) !== undefined,
        Temporal.Duration.from({ minutes: 2 }),
      );
    });

    const expression = (key: string, operator: string, values?: readonly string[]): object => ({
      include: ["pick-*"],
      selector: { matchExpressions: [{ key, operator, ...(values && { values }) }] },
    });
    it.each<[string, object, readonly string[]]>([
      ["by a glob", { include: ["pick-*"] }, ["pick-web", "pick-db", "pick-old"]],
      ["by several globs", { include: ["pick-?b", "*-old"] }, ["pick-db", "pick-old"]],
      ["less the excluded", { include: ["pick-*"], exclude: ["pick-o?d", "*-db"] }, ["pick-web"]],
      ["by labels alone", { selector: { matchLabels: { tier: "web", stage: "live" } } }, ["pick-web"]],
      [
        "by a glob and labels",
        { include: ["*-old", "*-db"], selector: { matchLabels: { tier: "web" } } },
        ["pick-old"],
      ],
      ["by In", expression("tier", "In", ["db", "cache"]), ["pick-db"]],
      ["by NotIn", expression("stage", "NotIn", ["old"]), ["pick-web", "pick-db"]],
      ["by Exists", expression("stage", "Exists"), ["pick-web", "pick-old"]],
      ["by DoesNotExist", expression("stage", "DoesNotExist"), ["pick-db"]],
      ["of the system by no wildcard", { include: ["kube-*", "regcred-*", "kube-publi?", "pick-web"] }, ["pick-web"]],
      ["of the system by name", { include: ["kube-public", operatorNamespace] }, ["kube-public", operatorNamespace]],
      ["that opted out not even by name", { include: ["pick-mute", "pick-db"] }, ["pick-db"]],
    ])("%s", async (title, namespaces, expected) => {
      const name = `pick-${title.replaceAll(" ", "-").toLowerCase()}`;
      await world.credential(name, staticSpec("hub", { namespaces, pullSecret: { name } }));
      await served(name, expected.length);
      const found = await Promise.all(
        among.map(async (namespace) => ({
          namespace,
          secret: (await world.secret(namespace, name)) !== undefined,
          reference: (await world.references(namespace)).includes(name),
        })),
      );
      expect(found).toEqual(
        among.map((namespace) => ({
          namespace,
          secret: expected.includes(namespace),
          reference: expected.includes(namespace),
        })),
      );
    });
  });

  it("lets a Namespace and a ServiceAccount opt out and in again", async () => {
    await world.namespaces(["opt-a", "opt-b"]);
    await world.credential(
      "opt",
      staticSpec("hub", { namespaces: { include: ["opt-*"] }, pullSecret: { name: "opt" } }),
    );
    await served("opt", 2);
    await annotate("/api/v1/namespaces/opt-a", "true");
    await annotate(account("opt-b"), "true");
    await eventually("the Secret leaves", async () => (await world.secret("opt-a", "opt")) === undefined);
    await referred("opt-a", []);
    await referred("opt-b", []);
    await served("opt", 1);
    expect(await hosts("opt-b", "opt")).toEqual([host]);
    await annotate("/api/v1/namespaces/opt-a", null);
    await annotate(account("opt-b"), null);
    await referred("opt-a", ["opt"]);
    await referred("opt-b", ["opt"]);
  });

  it("refers from the chosen ServiceAccounts, from late ones too, or from none", async () => {
    const spec = { namespaces: { include: ["refer-*"] }, pullSecret: { name: "refer" } };
    await world.namespaces(["refer-a"]);
    const add = (name: string): Promise<KubeObject> =>
      world.admin.create("/api/v1/namespaces/refer-a/serviceaccounts", { metadata: { name } });
    for (const name of ["robot-1", "robot-2", "person"]) await add(name);
    await world.credential(
      "refer",
      staticSpec("hub", { ...spec, serviceAccounts: { include: ["default", "robot-*"], exclude: ["*-2"] } }),
    );
    await served("refer", 1);
    await add("robot-3");
    await referred("refer-a", ["refer"], "robot-3");
    for (const [name, expected] of Object.entries({ default: 1, "robot-1": 1, "robot-2": 0, person: 0 })) {
      expect(await world.references("refer-a", name)).toHaveLength(expected);
    }

    await world.patchCredential("refer", { spec: { serviceAccounts: { include: ["person"], exclude: null } } });
    await referred("refer-a", ["refer"], "person");
    for (const name of ["default", "robot-1", "robot-3"]) await referred("refer-a", [], name);
    await world.patchCredential("refer", { spec: { references: "None" } });
    await referred("refer-a", [], "person");
    expect(await password("refer-a", "refer")).toBe("first");
    await world.patchCredential("refer", { spec: { references: "ServiceAccounts" } });
    await referred("refer-a", ["refer"], "person");
  });

  it("adds itself to a list of 600, whose order stays", async () => {
    const theirs = Array.from({ length: 600 }, (_, index) => `their-secret-${600 - index}`);
    await world.namespaces(["long-a"]);
    await world.admin.patch(account("long-a"), { imagePullSecrets: theirs.map((name) => ({ name })) });
    await world.credential(
      "long",
      staticSpec("hub", { namespaces: { include: ["long-*"] }, pullSecret: { name: "long" } }),
    );
    await referred("long-a", [...theirs, "long"]);
    await served("long", 1);
    await world.deleteCredential("long");
    expect(await world.references("long-a")).toEqual(theirs);
  });

  it("serves a namespace that is deleted and made again", async () => {
    await world.namespaces(["again-a"]);
    await world.credential(
      "again",
      staticSpec("hub", { namespaces: { include: ["again-*"] }, pullSecret: { name: "again" } }),
    );
    await referred("again-a", ["again"]);
    await world.admin.remove("/api/v1/namespaces/again-a");
    await eventually("it is gone", async () => (await world.admin.get("/api/v1/namespaces/again-a")) === undefined);
    await world.namespaces(["again-a"]);
    await referred("again-a", ["again"]);
    expect(await password("again-a", "again")).toBe("first");
  });

  it("adds further references in order, and takes away none but its own", async () => {
    await world.namespaces(["extra-a"]);
    await world.admin.patch(account("extra-a"), {
      imagePullSecrets: [{ name: "zoo" }, { name: "mine" }, { name: "ant" }],
    });
    const pullSecret = { name: "extra", extraReferences: ["one", "mine", "two"] };
    await world.credential("extra", staticSpec("hub", { namespaces: { include: ["extra-*"] }, pullSecret }));
    await referred("extra-a", ["zoo", "mine", "ant", "extra", "one", "two"]);
    await world.patchCredential("extra", { spec: { pullSecret: { extraReferences: ["two", "three"] } } });
    await referred("extra-a", ["zoo", "mine", "ant", "extra", "two", "three"]);
    await world.patchCredential("extra", { spec: { pullSecret: { extraReferences: null } } });
    await referred("extra-a", ["zoo", "mine", "ant", "extra"]);
    await world.patchCredential("extra", { spec: { pullSecret: { extraReferences: ["one"] } } });
    await referred("extra-a", ["zoo", "mine", "ant", "extra", "one"]);
    await world.deleteCredential("extra");
    expect(await world.references("extra-a")).toEqual(["zoo", "mine", "ant"]);
  });

  describe.concurrent("takes the logins of a source", () => {
    const base64 = (text: string): string => Buffer.from(text).toString("base64");
    const imported = {
      auths: {
        "https://index.docker.io/v1/": { auth: base64("hubber:s:1") },
        "https://ghcr.io/v2/": { username: "git", password: "two" },
        "quay.io/acme": { username: "quay", password: "three" },
      },
    };
    const whole = {
      "https://index.docker.io/v1/": login("hubber", "s:1"),
      "ghcr.io": login("git", "two"),
      "quay.io/acme": login("quay", "three"),
    };
    const annAt = (...keys: readonly string[]): object =>
      Object.fromEntries(keys.map((key) => [key, login("ann", "pä:ss")]));
    const json = {
      type: "kubernetes.io/dockerconfigjson",
      stringData: { ".dockerconfigjson": JSON.stringify(imported) },
    };
    const legacy = { type: "kubernetes.io/dockercfg", stringData: { ".dockercfg": JSON.stringify(imported.auths) } };
    const plain = { username: "ann", password: "pä:ss" };
    const odd = { type: "Opaque", stringData: { user: "ann", token: "pä:ss", username: "no", password: "no" } };

    it.each<[string, object, object, object]>([
      [
        "basic-auth",
        { type: "kubernetes.io/basic-auth", stringData: plain },
        { hosts: ["a.io", "b.io:5000/x"] },
        annAt("a.io", "b.io:5000/x"),
      ],
      ["opaque", { type: "Opaque", stringData: plain }, { hosts: ["docker.io"] }, annAt("https://index.docker.io/v1/")],
      ["custom keys", odd, { hosts: ["a.io"], static: { usernameKey: "user", passwordKey: "token" } }, annAt("a.io")],
      ["whole dockerconfigjson", json, { hosts: ["*"] }, whole],
      ["whole dockercfg", legacy, { hosts: ["*"] }, whole],
      ["listed dockerconfigjson", json, { hosts: ["quay.io/acme"] }, { "quay.io/acme": whole["quay.io/acme"] }],
      ["listed dockercfg", legacy, { hosts: ["docker.io"] }, { "https://index.docker.io/v1/": login("hubber", "s:1") }],
    ])("%s", async (title, source, { static: keys, ...own }: { static?: object }, expected) => {
      const name = `of-${title.replaceAll(" ", "-")}`;
      await ownSource(name, source);
      await world.namespaces([name]);
      await world.credential(name, {
        registries: [{ name: "main", provider: "Static", ...own, static: { secretName: name, ...keys } }],
        namespaces: { include: [name] },
      });
      await served(name, 1);
      expect(await world.logins(name)).toEqual(expected);
    });

    it("of several entries in one Secret, whichever of them may be missing", async () => {
      await ownSource("several-config", json);
      await world.namespaces(["several-a"]);
      await world.credential("several", {
        registries: [
          entry("own", "hub", ["ghcr.io", host]),
          entry("config", "several-config", ["*"]),
          entry("late", "several-late", ["late.example.com"]),
        ],
        namespaces: { include: ["several-*"] },
      });
      await eventually("what is there is served", async () => (await hosts("several-a", "regcred")).length === 4);
      expect(await world.logins("several-a")).toEqual({
        ...whole,
        "ghcr.io": login("ann", "first"),
        [host]: login("ann", "first"),
      });
      await eventually("the missing one is told", async () =>
        ((await world.status("several")).registries ?? []).some(
          ({ name, reason }) => name === "late" && reason === "SourceMissing",
        ),
      );
      await eventually("the host that two entries claim is told", async () =>
        ((await world.status("several")).failures ?? []).some(
          ({ reason, count }) => reason === "HostShadowed" && count === 1,
        ),
      );
      await world.source("several-late", { username: "lea", password: "late" });
      await eventually(
        "it is served when it comes",
        async () => (await password("several-a", "regcred", "late.example.com")) === "late",
      );
    });
  });

  it("follows the source in place, with the same bytes everywhere, and writes nothing without a change", async () => {
    const namespaces = Array.from({ length: 8 }, (_, index) => `turn-${index}`);
    await world.source("turn-source", { username: "ann", password: "first" });
    await world.namespaces(namespaces);
    await world.credential(
      "turn",
      staticSpec("turn-source", { namespaces: { include: ["turn-*"] }, pullSecret: { name: "turn" } }),
    );
    await served("turn", 8);
    const secrets = (): Promise<readonly (KubeObject | undefined)[]> =>
      Promise.all(namespaces.map((namespace) => world.secret(namespace, "turn")));
    const before = await secrets();

    await world.source("turn-source", { username: "ann", password: "second" });
    for (const namespace of namespaces) {
      await eventually(`${namespace} follows`, async () => (await password(namespace, "turn")) === "second");
    }
    const after = await secrets();
    expect(after.map((secret) => secret?.metadata.uid)).toEqual(before.map((secret) => secret?.metadata.uid));
    expect(new Set(after.map((secret) => JSON.stringify(secret?.["data"]))).size).toBe(1);

    await served("turn", 8);
    const source = `/api/v1/namespaces/${operatorNamespace}/secrets/turn-source`;
    await world.admin.patch(source, { metadata: { annotations: { touched: "yes" } } });
    for (const namespace of namespaces) await label(namespace, { touched: "yes" });
    await world.patchCredential("turn", { metadata: { labels: { touched: "yes" } } });
    await world.atRest();
    const versions = (found: readonly (KubeObject | undefined)[]): readonly unknown[] =>
      found.map((secret) => secret?.metadata.resourceVersion);
    expect(versions(await secrets())).toEqual(versions(after));
    const references = (await operatorWrites(world)).filter(
      (write) => write.resource === "serviceaccounts" && write.namespace?.startsWith("turn-"),
    );
    expect(references).toHaveLength(8);
  });

  it("serves a new namespace in the middle of a rotation", async () => {
    const namespaces = Array.from({ length: 120 }, (_, index) => `busy-${index}`);
    await world.source("busy-source", { username: "ann", password: "first" });
    await world.namespaces(namespaces);
    await world.credential(
      "busy",
      staticSpec("busy-source", { namespaces: { include: ["busy-*"] }, pullSecret: { name: "busy" } }),
    );
    await served("busy", 120);
    await using seen = await history(world, secretsCalled("busy"));
    await world.source("busy-source", { username: "ann", password: "second" });
    await eventually("the rotation has begun", () => Promise.resolve(seen.versions.length > 0));
    await world.namespaces(["busy-new"]);
    await referred("busy-new", ["busy"]);
    expect(await password("busy-new", "busy")).toBe("second");
    await eventually("all follow", () => Promise.resolve(seen.versions.length === 121));
    expect(new Set(seen.versions.map(({ object }) => JSON.stringify(object["data"]))).size).toBe(1);
  });

  it("is ready for a changed spec only once every namespace has what it asks for", async () => {
    const other = "other.example.com";
    await world.patchCredential("busy", { spec: { registries: [entry("main", "busy-source", [other])] } });
    await served("busy", 121);
    const secrets = await world.admin.list("/api/v1/secrets?fieldSelector=metadata.name%3Dbusy");
    expect(secrets.map((secret) => Object.keys(loginsIn(secret) ?? {}))).toEqual(secrets.map(() => [other]));
  });

  it("gains and loses namespaces that are labelled anew", async () => {
    await world.namespaces(["swap-a"], { labels: { swap: "one" } });
    for (const swap of ["one", "two"]) {
      const namespaces = { selector: { matchLabels: { swap } } };
      await world.credential(`swap-${swap}`, staticSpec("hub", { namespaces, pullSecret: { name: `swap-${swap}` } }));
    }
    await referred("swap-a", ["swap-one"]);
    await label("swap-a", { swap: "two" });
    await referred("swap-a", ["swap-two"]);
    await eventually("the other Secret is gone", async () => (await world.secret("swap-a", "swap-one")) === undefined);
    expect(await password("swap-a", "swap-two")).toBe("first");
    await label("swap-a", { swap: null });
    await referred("swap-a", []);
    await eventually("both are gone", async () => (await world.secret("swap-a", "swap-two")) === undefined);
  });

  describe("fills in placeholders", () => {
    const spec = (name: string, secretName: string): object => ({
      registries: [entry("own", secretName, ["tenant.example.com"]), entry("shared", "hub")],
      namespaces: { include: [`${name}-*`] },
      pullSecret: { name },
    });
    const tenantPassword = (namespace: string, name: string): Promise<string | undefined> =>
      password(namespace, name, "tenant.example.com");

    it("with the namespace's name", async () => {
      await world.source("named-of-named-a", { username: "ann", password: "of a" });
      await world.source("named-of-named-b", { username: "bea", password: "of b" });
      await world.namespaces(["named-a", "named-b"]);
      await world.credential("named", spec("named", "named-of-$(namespace.name)"));
      await served("named", 2);
      expect(await tenantPassword("named-a", "named")).toBe("of a");
      expect(await tenantPassword("named-b", "named")).toBe("of b");
    });

    it("with a label, whose absence fails that namespace and that entry alone", async () => {
      await world.source("tag-acme", { username: "ann", password: "of acme" });
      await world.namespaces(["tag-acme", "tag-acme-2"], { labels: { tenant: "acme" } });
      await world.namespaces(["tag-none"]);
      await world.namespaces(["tag-empty"], { labels: { tenant: "" } });
      await world.namespaces(["tag-odd"], { labels: { tenant: "A_b" } });
      await world.namespaces(["tag-soon"], { labels: { tenant: "soon" } });
      await world.credential("tag", spec("tag", "tag-$(namespace.labels['tenant'])"));
      await expect
        .poll(async () => (await world.status("tag")).namespaces, soon)
        .toMatchObject({ ready: 2, failed: 4 });
      for (const namespace of ["tag-acme", "tag-acme-2"])
        expect(await tenantPassword(namespace, "tag")).toBe("of acme");
      for (const namespace of ["tag-none", "tag-empty", "tag-odd", "tag-soon"]) {
        expect(await hosts(namespace, "tag")).toEqual([host]);
        expect(await world.references(namespace)).toEqual(["tag"]);
      }
      expect((await world.status("tag")).failures).toMatchObject([
        { reason: "MissingLabel", cause: "Tenant", count: 2, examples: ["tag-empty", "tag-none"] },
        { reason: "InvalidSecretName", cause: "Tenant", count: 1, examples: ["tag-odd"] },
        { reason: "SourceMissing", cause: "Tenant", count: 1, examples: ["tag-soon"] },
      ]);
      await expect.poll(() => world.condition("tag", "Ready"), soon).toMatchObject({ status: "True" });
      await expect.poll(() => world.condition("tag", "Distributed"), soon).toMatchObject({ status: "False" });
      await eventually("the tenant is told", async () =>
        (await world.events("tag-none")).some(
          ({ reason, note }) =>
            reason === "MissingLabel" && String(note).includes("kubectl label namespace tag-none tenant="),
        ),
      );

      await label("tag-none", { tenant: "acme" });
      await eventually(
        "it is served once it is labelled",
        async () => (await tenantPassword("tag-none", "tag")) === "of acme",
      );
      await world.source("tag-soon", { username: "sue", password: "of soon" });
      await eventually(
        "it is served once the source is there",
        async () => (await tenantPassword("tag-soon", "tag")) === "of soon",
      );
    });

    it("anew when the namespace changes hands: the former login never outlives the change", async () => {
      for (const tenant of ["a", "b"])
        await world.source(`hand-${tenant}`, { username: tenant, password: `of ${tenant}` });
      await world.namespaces(["hand-over", "hand-out"], { labels: { tenant: "a" } });
      await world.credential("hand", spec("hand", "hand-$(namespace.labels['tenant'])"));
      await served("hand", 2);
      await using seen = await history(world, secretsCalled("hand"));
      await label("hand-over", { tenant: "b" });
      await label("hand-out", { tenant: "nobody" });
      await eventually("both have changed", () =>
        Promise.resolve(
          ["hand-over", "hand-out"].every((name) =>
            seen.versions.some(({ object }) => object.metadata.namespace === name),
          ),
        ),
      );
      await eventually("the successor is there", async () => (await tenantPassword("hand-over", "hand")) === "of b");
      await world.atRest();
      const passwords = (namespace: string): readonly unknown[] =>
        seen.versions
          .filter(({ object }) => object.metadata.namespace === namespace)
          .map(({ object }) => loginsIn(object)?.["tenant.example.com"]?.password);
      // The successor comes with the same write or, if its first token is still on its way, with the next one.
      expect(passwords("hand-over").filter((found) => found !== undefined)).toEqual(["of b"]);
      expect(passwords("hand-out")).toEqual([undefined]);
      expect(await hosts("hand-out", "hand")).toEqual([host]);
    });

    it("anew where nothing else is in the Secret: it leaves with its references", async () => {
      await world.source("lone-a", { username: "ann", password: "of a" });
      await world.namespaces(["lone-x"], { labels: { tenant: "a" } });
      await world.credential(
        "lone",
        staticSpec("lone-$(namespace.labels['tenant'])", {
          namespaces: { include: ["lone-*"] },
          pullSecret: { name: "lone" },
        }),
      );
      await referred("lone-x", ["lone"]);
      await label("lone-x", { tenant: null });
      await eventually("the Secret is gone", async () => (await world.secret("lone-x", "lone")) === undefined);
      expect(await world.references("lone-x")).toEqual([]);
      await label("lone-x", { tenant: "a" });
      await referred("lone-x", ["lone"]);
    });
  });
});
