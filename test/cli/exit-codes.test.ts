// Tests of the exit code of each command by what it found, also where only one of two subjects is not well.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { customResourceDefinition } from "../../src/api/crd.ts";
import { clusterCommands } from "../../src/cli/all-commands.ts";
import { commandLine } from "../../src/cli/command-line.ts";
import { defaultNames } from "../../src/cli/doctor/install-names.ts";
import { guardrailPolicies } from "../../src/cli/doctor/guardrails.ts";
import { json, type LocalServer, localServer } from "../runtime/client/local-server.ts";
import { statusError } from "../operator/api-server.ts";
import type { Faults } from "../operator/played-pools.ts";
import { ops, type Replica, type Fixture, fixture } from "../operator/fixture.ts";
import { parseAllDocuments } from "yaml";
import packageJson from "../../package.json" with { type: "json" };
import { testStreams, type TestStreams } from "./io-streams.ts";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

// Not in the time that passes in a test.
beforeAll(async () => {
  await Promise.all([import("../../src/cli/session.ts"), ...clusterCommands.map(({ load }) => load())]);
});

const running: (readonly [Fixture, Replica])[] = [];
afterEach(async () => {
  for (const [on, replica] of running.splice(0)) await on.stop(replica, 1);
});

/** A cluster in which the operator serves acme, for docker.io or another host, to team-a and team-b. */
async function served(host = "docker.io"): Promise<Fixture & { readonly operator: Replica }> {
  const on = fixture({ namespaces: ["team-a", "team-b"] });
  on.addCredential("acme", {}, { host });
  const operator = on.run("a");
  running.push([on, operator]);
  await on.pass(3);
  return { ...on, operator };
}

/** One that has no source, so that it serves nobody. */
const addBroken = async (on: Fixture, name = "beta"): Promise<void> => {
  on.addCredential(name, {}, { host: "ghcr.io", source: "missing" });
  await on.pass(3);
};

function streamsOf(on: Fixture): TestStreams {
  return { ...testStreams({ connect: async () => on.connection }), clock: on.clock };
}

/** Time passes in steps until the command has ended. */
async function type(on: Fixture, args: readonly string[], around = streamsOf(on), step = 500): Promise<Ended> {
  const ended: number[] = [];
  void commandLine(args, around).then((code) => ended.push(code));
  for (;;) {
    await on.clock.advance(Temporal.Duration.from({ milliseconds: step }));
    const [code] = ended;
    if (code !== undefined) return { code, ...around.output };
  }
}

const may = (on: Fixture, faults: Faults): void =>
  on.setFaults((call) => (call.by === "person" ? faults(call) : undefined));
const mayNotRead =
  (resource: string): Faults =>
  (call) =>
    call.method === "GET" && call.resource === resource
      ? statusError(
          403,
          "Forbidden",
          {},
          `User "ada" cannot get resource "${resource}" in API group "" at the cluster scope`,
        )
      : undefined;

describe("status", () => {
  it.each([
    ["all are ready", [], 0],
    ["the one asked about is, and another is not", ["acme"], 0],
    ["there is none of that name", ["gone"], 3],
  ])("where %s", async (_where, args, code) => {
    const on = await served();
    if (args.length > 0) await addBroken(on);
    expect((await type(on, ["status", ...args])).code).toBe(code);
  });

  it.each([[[]], [["-o", "json"]], [["-o", "yaml"]], [["beta"]]])("where one of two is not ready: %j", async (args) => {
    const on = await served();
    await addBroken(on);
    expect((await type(on, ["status", ...args])).code).toBe(3);
  });

  it("that is watched until a signal comes", async () => {
    const on = await served();
    await addBroken(on);
    const around = streamsOf(on);
    on.clock.schedule(Temporal.Duration.from({ seconds: 5 }), () => around.send("SIGINT"));
    expect((await type(on, ["status", "--watch"], around)).code).toBe(3);
    expect(on.clock.elapsed()).toBeGreaterThan(7_000);
  });
});

describe("drain", () => {
  const drain = ["drain", "--all", "--timeout", "30s"];

  it("of all that goes", async () => {
    const on = await served();
    await addBroken(on);
    expect(await type(on, drain)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/Every RegistryCredential is gone/),
    });
    expect([on.server.list("registrycredentials"), on.logins("team-a"), on.logins("team-b")]).toEqual([
      [],
      undefined,
      undefined,
    ]);
  });

  it("of all asks for each deletion once", async () => {
    const on = await served();
    await addBroken(on);
    for (const name of ["acme", "beta"])
      on.server.patch("registrycredentials", name, {
        metadata: { finalizers: ["regcred.dev/drain", "else.example/holds"] },
      });
    await type(on, drain);
    const deletions = on.recorded.filter(
      ({ by, method, resource }) => by === "person" && method === "DELETE" && resource === "registrycredentials",
    );
    expect(deletions.map(({ name = "" }) => name).toSorted()).toEqual(["acme", "beta"]);
  });

  it("of two of which one is held", async () => {
    const on = await served();
    await addBroken(on);
    on.server.patch("registrycredentials", "beta", {
      metadata: { finalizers: ["regcred.dev/drain", "else.example/holds"] },
    });
    const began = on.clock.elapsed();
    expect(await type(on, drain)).toMatchObject({ code: 3, stdout: expect.stringMatching(/Not drained: beta\b/) });
    expect(on.clock.elapsed() - began).toBeLessThan(33_000);
  });

  it("of all that nobody drains", async () => {
    const on = await served();
    await on.stop(on.operator);
    const began = on.clock.elapsed();
    expect((await type(on, drain)).code).toBe(3);
    expect(on.clock.elapsed() - began).toBeGreaterThanOrEqual(30_000);
    expect(on.server.get("registrycredentials", "acme")?.metadata.deletionTimestamp).toBeDefined();
  });

  it("that is interrupted", async () => {
    const on = await served();
    await on.stop(on.operator);
    const around = streamsOf(on);
    on.clock.schedule(Temporal.Duration.from({ seconds: 2 }), () => around.send("SIGINT"));
    const began = on.clock.elapsed();
    expect((await type(on, drain, around)).code).toBe(3);
    expect(on.clock.elapsed() - began).toBeLessThan(5_000);
  });

  it("where the kind is not installed", async () => {
    const on = fixture();
    may(on, ({ resource }) => (resource === "registrycredentials" ? statusError(404, "NotFound") : undefined));
    expect((await type(on, drain)).code).toBe(0);
  });

  it.each([
    ["may not", 403],
    ["cannot be reached", 503],
  ])("where one %s", async (_why, status) => {
    const on = fixture();
    on.addCredential("acme");
    may(on, ({ method }) => (method === "DELETE" ? statusError(status, "Refused") : undefined));
    expect((await type(on, drain)).code).toBe(1);
  });
});

describe("refresh", () => {
  const registries = [
    { name: "hub", provider: "Static", hosts: ["docker.io"], static: { secretName: "docker-hub" } },
    { name: "other", provider: "Static", hosts: ["ghcr.io"], static: { secretName: "missing" } },
  ];

  it("of a RegistryCredential whose entries are all minted", async () => {
    const on = await served();
    const before = on.clock.elapsed();
    await on.pass(100);
    expect(await type(on, ["refresh", "acme"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/acme\/hub: minted/),
    });
    expect(on.clock.elapsed() - before).toBeLessThan(110_000);
  });

  it("of one of whose two entries one fails", async () => {
    const on = await served();
    on.server.patch("registrycredentials", "acme", { spec: { registries } });
    await on.pass(5);
    expect(await type(on, ["refresh", "acme"])).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/other: NOT minted/),
    });
  });

  it("of one of whose two entries nothing is heard in time", async () => {
    const on = await served();
    await on.pass(100);
    await on.stop(on.operator);
    expect((await type(on, ["refresh", "acme"])).code).toBe(3);
  });

  it("where the operator has never said anything", async () => {
    const on = fixture();
    on.addCredential("acme");
    expect((await type(on, ["refresh", "acme"])).code).toBe(4);
    expect(on.clock.elapsed()).toBeGreaterThanOrEqual(60_000);
  });

  it("that waits for nothing", async () => {
    const on = fixture();
    on.addCredential("acme");
    expect((await type(on, ["refresh", "acme", "--no-wait"])).code).toBe(0);
    expect(on.clock.elapsed()).toBeLessThan(2_000);
    expect(on.server.get("registrycredentials", "acme")?.metadata.annotations).toHaveProperty(["regcred.dev/refresh"]);
  });

  /** Nobody runs; somebody says this of the entry of acme. */
  const alone = (): { on: Fixture; reports: (entry: object, after?: number) => void } => {
    const on = fixture();
    on.addCredential("acme");
    const reports = (entry: object, after = 0): void => {
      const patch = (): void => {
        const refreshedAt = on.clock.now().round({ smallestUnit: "second", roundingMode: "floor" }).toString();
        const registry = { name: "hub", identities: 2, failing: 0, state: "Issued", refreshedAt, ...entry };
        on.server.patch("registrycredentials", "acme", { status: { registries: [registry] } });
      };
      if (after === 0) patch();
      else on.clock.schedule(Temporal.Duration.from({ milliseconds: after }), patch);
    };
    return { on, reports };
  };

  it("of an entry of which one token is new, and another one fails", async () => {
    const { on, reports } = alone();
    reports({ failing: 1, reason: "SourceMissing", message: "gone" }, 6_000);
    expect((await type(on, ["refresh", "acme"])).code).toBe(3);
  });

  it("of an entry that failed before, and is minted in a moment", async () => {
    const { on, reports } = alone();
    reports({ failing: 1 });
    await on.pass(10);
    reports({}, 3_000);
    expect((await type(on, ["refresh", "acme"])).code).toBe(0);
  });

  it("of an entry that is minted in the very second in which it is asked for", async () => {
    const { on, reports } = alone();
    await on.clock.advance(Temporal.Duration.from({ milliseconds: 300 }));
    reports({}, 200);
    await type(on, ["refresh", "acme"], streamsOf(on), 100);
    expect(on.clock.elapsed()).toBeLessThan(2_000);
  });

  it("that is interrupted", async () => {
    const { on } = alone();
    const around = streamsOf(on);
    on.clock.schedule(Temporal.Duration.from({ seconds: 2 }), () => around.send("SIGINT"));
    expect((await type(on, ["refresh", "acme"], around)).code).not.toBe(0);
    expect(on.clock.elapsed()).toBeLessThan(6_000);
  });

  it("of none that is there", async () => {
    expect((await type(fixture(), ["refresh", "gone"])).code).toBe(3);
  });
});

describe("explain", () => {
  const asked = (...images: readonly string[]): string[] => ["explain", "team-a", "--image", ...images];

  it.each([
    ["all have a login", ["docker.io/acme/a", "docker.io/acme/b"], 0],
    ["the first has none", ["quay.io/acme/a", "docker.io/acme/b"], 3],
    ["the last has none", ["docker.io/acme/a", "quay.io/acme/b"], 3],
  ])("of two images of which %s", async (_which, images, code) => {
    const on = await served();
    expect((await type(on, asked(...images))).code).toBe(code);
  });

  it("where Secrets may not be seen", async () => {
    const on = await served();
    may(on, mayNotRead("secrets"));
    expect((await type(on, asked("docker.io/acme/a", "docker.io/acme/b"))).code).toBe(4);
  });

  it("of a pod that is not there", async () => {
    const on = await served();
    expect((await type(on, ["explain", "team-a", "pod/gone"])).code).toBe(3);
  });

  it("of a ServiceAccount goes by its own pods, not by those of another one", async () => {
    const on = await served();
    const pod = (name: string, serviceAccountName: string, image: string): object => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { namespace: "team-a", name },
      spec: { serviceAccountName, containers: [{ name: "app", image }], imagePullSecrets: [{ name: "regcred" }] },
    });
    on.server.create(pod("one", "default", "docker.io/acme/a"));
    on.server.create(pod("other", "builder", "quay.io/acme/b"));
    const { code, stdout } = await type(on, ["explain", "team-a"]);
    expect([code, stdout]).toEqual([0, expect.not.stringContaining("quay.io")]);
  });
});

describe("verify", () => {
  let registry: LocalServer;
  beforeAll(async () => {
    registry = await localServer(({ path, headers }, response) => {
      if (headers.authorization === undefined) {
        json(response, 401, {}, { "www-authenticate": 'Basic realm="played"' });
        return;
      }
      const [, , , image = ""] = path.split("/");
      json(response, { good: 200, denied: 403, odd: 500 }[image] ?? 200, {});
    });
  });
  afterAll(() => registry.close());
  const host = (): string => new URL(registry.url).host;
  const verify = (on: Fixture, ...images: readonly string[]): Promise<Ended> =>
    type(
      on,
      [
        "verify",
        "team-a",
        "--allowed-private-hosts",
        "127.0.0.1",
        "--image",
        ...images.map((image) => `${host()}/acme/${image}`),
      ],
      streamsOf(on),
      0,
    );

  it.each([
    ["good and good", 0],
    ["good and denied", 3],
    ["denied and good", 3],
    ["good and odd", 4],
    ["odd and good", 4],
    ["odd and denied", 3],
    ["denied and odd", 3],
  ])("of images that are %s", async (images, code) => {
    const on = await served(host());
    const { code: ended, stdout } = await verify(on, ...images.split(" and "));
    expect([ended, stdout.split("\n").filter(Boolean).length]).toEqual([
      code,
      images.startsWith("good and good") ? 1 : 2,
    ]);
  });

  it.each([
    ["no pod names an image", ["verify", "team-a"], 4],
    ["there is no such pod", ["verify", "team-a", "pod/gone"], 3],
    ["no entry names the registry", ["verify", "team-a", "--image", "other.example/a"], 3],
  ])("where %s", async (_where, args, code) => {
    const on = await served(host());
    expect((await type(on, args, streamsOf(on), 0)).code).toBe(code);
  });

  it("sends nothing to a registry that no entry names, though a Secret has a login for it", async () => {
    const on = await served("docker.io");
    const auths = { [host()]: { auth: btoa("me:mine") } };
    const data = { ".dockerconfigjson": btoa(JSON.stringify({ auths })) };
    const type_ = "kubernetes.io/dockerconfigjson";
    on.server.create({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace: "team-a", name: "mine" },
      type: type_,
      data,
    });
    on.server.patch("serviceaccounts", "team-a/default", { imagePullSecrets: [{ name: "mine" }] });
    const before = registry.received.length;
    expect((await verify(on, "good")).code).toBe(4);
    expect(registry.received.length).toBe(before);
  });

  it("tries the next login where the first is refused", async () => {
    const on = await served(host());
    const auths = { [host()]: { auth: btoa("me:mine") } };
    const data = { ".dockerconfigjson": btoa(JSON.stringify({ auths })) };
    const kind = "kubernetes.io/dockerconfigjson";
    on.server.create({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace: "team-a", name: "mine" },
      type: kind,
      data,
    });
    on.server.patch("serviceaccounts", "team-a/default", { imagePullSecrets: [{ name: "mine" }, { name: "regcred" }] });
    const { code, stdout } = await verify(on, "denied");
    expect([code, stdout.match(/with the login of/g)?.length]).toEqual([3, 2]);
  });
});

describe("plan", () => {
  let folder: string;
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "regcred-exit-codes-"))));
  afterAll(() => rmSync(folder, { recursive: true }));
  const document = (name: string, source: string, include: string): string => `
apiVersion: regcred.dev/v1alpha1
kind: RegistryCredential
metadata: { name: ${name} }
spec:
  registries: [{ name: hub, provider: Static, hosts: [${name}.example.com], static: { secretName: ${source} } }]
  namespaces: { include: [${include}] }
  pullSecret: { name: regcred-${name} }
`;
  const planned = (on: Fixture, documents: readonly string[], ...args: readonly string[]): Promise<Ended> => {
    const file = join(folder, "planned.yaml");
    writeFileSync(file, documents.join("---\n"));
    return type(on, ["plan", "-f", file, ...args]);
  };

  it.each([
    ["both serve", ["docker-hub", "docker-hub"], 0],
    ["the first serves nobody", ["missing", "docker-hub"], 3],
    ["the last serves nobody in one namespace", ["docker-hub", "missing"], 3],
  ])("of a file with two of which %s", async (_which, [one = "", other = ""], code) => {
    const on = fixture({ namespaces: ["team-a"] });
    const documents = [document("one", one, '"team-*"'), document("two", other, "team-a")];
    expect((await planned(on, documents)).code).toBe(code);
    expect((await planned(on, documents, "-o", "json")).code).toBe(code);
  });

  it("of one that serves everybody, before the operator's namespace is there", async () => {
    const on = fixture({ namespaces: ["team-a"] });
    const ecr = `{ name: ecr, provider: ECR, hosts: ["111122223333.dkr.ecr.eu-west-1.amazonaws.com"], identity: { from: Operator } }`;
    const minted = document("one", "docker-hub", "team-a").replace(/\{ name: hub.+ \}(?=\])/, ecr);
    expect(minted).toContain("provider: ECR");
    on.server.remove("secrets", `${ops}/docker-hub`);
    on.server.remove("namespaces", ops);
    expect(on.server.get("namespaces", ops)).toBeUndefined();
    const { code, stdout } = await planned(on, [minted]);
    expect([code, stdout]).toEqual([0, expect.stringContaining("team-a")]);
  });

  it("of a change that the removal guard would hold, though everybody else is served", async () => {
    const namespaces = Array.from({ length: 20 }, (_, index) => `team-${index}`);
    const on = fixture({ namespaces });
    on.addCredential("one", { pullSecret: { name: "regcred-one" } }, { host: "one.example.com" });
    running.push([on, on.run("a")]);
    await on.pass(10);
    const { code, stdout } = await planned(on, [
      document("one", "docker-hub", "team-1"),
      document("two", "docker-hub", "team-1"),
    ]);
    expect([code, stdout]).toEqual([3, expect.stringMatching(/HELD/)]);
  });

  it("of one that the API server refuses, in its words; of one that whoever asks may not write", async () => {
    const on = fixture({ namespaces: ["team-a"] });
    const answer = (refused: ReturnType<typeof statusError>): void =>
      may(on, (call) => (call.method === "POST" && call.resource === "registrycredentials" ? refused : undefined));
    const documents = [document("one", "docker-hub", "team-a")];
    answer(statusError(422, "Invalid", { causes: [{ field: "spec", message: "write another name" }] }));
    expect(await planned(on, documents)).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining("RegistryCredential one: the API server refuses it: spec: write another name"),
    });
    answer(statusError(403, "Forbidden"));
    expect(await planned(on, documents)).toMatchObject({ code: 0, stderr: "" });
  });

  it("of what would be deleted, and of a file that holds nothing", async () => {
    const on = await served();
    expect((await planned(on, [document("acme", "docker-hub", "team-a")], "--delete")).code).toBe(0);
    expect((await planned(on, ["kind: ConfigMap\n"])).code).toBe(2);
    expect((await planned(on, [document("gone", "docker-hub", "team-a")], "--delete")).code).toBe(2);
  });
});

describe("import", () => {
  const addSecret = (on: Fixture, namespace: string, text: string): void => {
    const data = { ".dockerconfigjson": btoa(text) };
    on.server.create({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace, name: "old" },
      type: "kubernetes.io/dockerconfigjson",
      data,
    });
  };
  const sound = JSON.stringify({ auths: { "ghcr.io": { auth: btoa("ada:x") } } });
  const partly = JSON.stringify({ auths: { "ghcr.io": { auth: btoa("ada:x") }, "b ad": { auth: btoa("ada:x") } } });

  it.each([
    ["both are sound", [sound, sound], 0],
    ["one is no docker config", [sound, "nonsense"], 3],
    ["one has a host that would be lost", [sound, partly], 3],
  ])("of two Secrets of which %s", async (_which, [one = "", other = ""], code) => {
    const on = fixture({ namespaces: ["team-a", "team-b"] });
    addSecret(on, "team-a", one);
    addSecret(on, "team-b", other);
    expect((await type(on, ["import", "--secrets"])).code).toBe(code);
  });

  it.each([
    ["neither a file nor Secrets are named", ["import"]],
    ["both are", ["import", "--secrets", "-f", "config.json"]],
    ["the file is not there", ["import", "-f", "/nowhere/config.json"]],
  ])("where %s", async (_where, args) => {
    expect((await type(fixture(), args)).code).toBe(2);
  });

  it("of more namespaces than one RegistryCredential may name: each is in one, and of regcred's own and its namespace's none", async () => {
    const namespaces = Array.from({ length: 130 }, (_, index) => `team-${index}`);
    const on = fixture({ namespaces, accounts: [] });
    for (const namespace of [...namespaces, ops]) addSecret(on, namespace, sound);
    on.server.patch("secrets", "team-0/old", { metadata: { annotations: { "regcred.dev/credentials": "acme" } } });
    const { code, stdout } = await type(on, ["import", "--secrets"]);
    const made = parseAllDocuments(stdout).map(
      (document) =>
        document.toJS() as { kind: string; metadata: { name: string }; spec: { namespaces: { include: string[] } } },
    );
    const credentials = made.filter(({ kind }) => kind === "RegistryCredential");
    expect([code, credentials.map(({ spec }) => spec.namespaces.include.length)]).toEqual([0, [64, 64, 1]]);
    expect(new Set(credentials.map(({ metadata }) => metadata.name)).size).toBe(3);
    expect(credentials.flatMap(({ spec }) => spec.namespaces.include).toSorted()).toEqual(
      namespaces.slice(1).toSorted(),
    );
  });

  it("of more hosts than one entry may name: each is in one", async () => {
    const on = fixture({ namespaces: ["team-a"] });
    const hosts = Array.from({ length: 33 }, (_, index) => `r${index}.example.com`);
    const auths = Object.fromEntries(hosts.map((host) => [host, { auth: btoa("ada:x") }]));
    addSecret(on, "team-a", JSON.stringify({ auths }));
    const { stdout } = await type(on, ["import", "--secrets"]);
    const [, credential] = parseAllDocuments(stdout).map(
      (document) => document.toJS() as { spec: { registries: { hosts: string[] }[] } },
    );
    const entries = credential?.spec.registries.map((entry) => entry.hosts) ?? [];
    expect(entries.map(({ length }) => length)).toEqual([16, 16, 1]);
    expect(entries.flat().toSorted()).toEqual(hosts.toSorted());
  });

  it("is misused by who sends it to a screen", async () => {
    const on = fixture();
    const screen = { write: () => true, isTTY: true, columns: 80 };
    const around = { ...testStreams({ connect: async () => on.connection, stdout: screen }), clock: on.clock };
    expect((await type(on, ["import", "--secrets"], around)).code).toBe(2);
  });
});

describe("doctor", () => {
  const registration = "admissionregistration.k8s.io/v1";
  /** All that it looks for. */
  const sound = async (without?: string): Promise<Fixture> => {
    const on = await served();
    for (const name of guardrailPolicies(defaultNames).filter((each) => each !== without)) {
      on.server.create({
        apiVersion: registration,
        kind: "ValidatingAdmissionPolicy",
        metadata: { name },
        spec: { failurePolicy: "Fail" },
      });
      const spec = { policyName: name, validationActions: ["Deny"] };
      on.server.create({
        apiVersion: registration,
        kind: "ValidatingAdmissionPolicyBinding",
        metadata: { name },
        spec,
      });
    }
    on.addAccount(ops, "regcred");
    on.server.create(customResourceDefinition(packageJson.version));
    return on;
  };
  /** The API server's clock says so. */
  const dated =
    (date: string | undefined): Faults =>
    ({ path }) =>
      path === "/version"
        ? {
            code: 200,
            headers: date === undefined ? {} : { date },
            body: { major: "1", minor: "37", gitVersion: "v1.37.0" },
          }
        : undefined;
  const right = "Thu, 01 Jan 2026 00:00:05 GMT";

  it.each([
    ["all is well", right, false, 0],
    ["one thing could not be told", undefined, false, 4],
    ["one is bad", "Thu, 01 Jan 2026 01:00:05 GMT", false, 3],
    ["one is bad, and one could not be told", undefined, true, 3],
  ])("where %s", async (_where, date, isBroken, code) => {
    const on = await sound();
    if (isBroken) await addBroken(on);
    may(on, dated(date));
    const { code: ended, stdout } = await type(on, ["doctor"]);
    expect([ended, stdout.match(/^BAD/gm)?.length ?? 0, stdout.match(/^unknown/gm)?.length ?? 0]).toEqual([
      code,
      Number(code === 3),
      Number(date === undefined),
    ]);
  });

  it.each([
    ["all is well with the install, and not with a credential", undefined, 0],
    ["a policy is not there", "regcred-leases", 3],
  ])("asked about the install alone where %s", async (_where, missing, code) => {
    const on = await sound(missing);
    await addBroken(on);
    may(on, dated(right));
    const { code: ended, stdout } = await type(on, ["doctor", "--install"]);
    expect([ended, stdout.match(/^BAD +\w+/gm) ?? []]).toEqual([code, code === 0 ? [] : ["BAD     restraint"]]);
  });
});

describe("doctor --fix", () => {
  it("takes away what is left of those who are gone, references first, and nothing of anybody who is there", async () => {
    const on = await served();
    const left = (name: string, credentials: string): object => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        namespace: "team-a",
        name,
        labels: { "app.kubernetes.io/managed-by": "regcred" },
        annotations: { "regcred.dev/credentials": credentials },
      },
      type: "kubernetes.io/dockerconfigjson",
      data: {},
    });
    on.server.create(left("left", "gone,lost"));
    on.server.create(left("both", "gone,acme"));
    const references = ["mine", "left", "both"].map((name) => ({ name }));
    on.addAccount("team-a", "builder", { annotations: { "regcred.dev/references": '["left"]' } });
    on.server.patch("serviceaccounts", "team-a/builder", { imagePullSecrets: references });
    await on.pass(2);
    const { stdout } = await type(on, ["doctor", "--fix"]);
    expect(stdout).toMatch(/orphans: 1 removed with their references: team-a\/left/);
    expect([on.server.get("secrets", "team-a/left"), on.references("team-a", "builder")]).toEqual([
      undefined,
      ["mine", "both", "regcred"],
    ]);
    expect(on.server.get("secrets", "team-a/both")).toBeDefined();
    // It is no replica, and each write names what it replaces all the same.
    expect(on.broken.filter((each) => !each.endsWith("does not hold the Lease"))).toEqual([]);
  });
});

describe("a command", () => {
  it("is asked here about what it finds, and has a section in docs/cli.md", () => {
    const here = readFileSync(import.meta.filename, "utf8");
    const reported = readFileSync(join(import.meta.dirname, "../../docs/cli.md"), "utf8");
    const names = clusterCommands.map(({ name }) => name);
    expect(names.filter((name) => !here.includes(`describe("${name}"`))).toEqual([]);
    expect(names.filter((name) => !reported.includes(`\n## ${name}\n`))).toEqual([]);
  });

  it.each([
    [["drain"], 2],
    [["drain", "--all", "--timeout", "soon"], 2],
    [["status", "--output", "xml"], 2],
    [["verify"], 2],
    [["plan"], 2],
    [["nonsense"], 2],
    [["status", "--help"], 0],
  ])("that is called as %j", async (args, code) => {
    expect((await type(fixture(), args)).code).toBe(code);
  });

  it.each([
    [["status"]],
    [["refresh", "acme"]],
    [["doctor"]],
    [["plan", "-f", join(import.meta.dirname, "..", "..", "config", "samples", "docker-hub.yaml")]],
  ])("that the API server does not let: %j", async (args) => {
    const on = fixture();
    on.addCredential("acme");
    may(on, () => statusError(401, "Unauthorized"));
    const { code, stderr } = await type(on, args);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: /)]);
  });
});
