// Tests that config/restraint holds the operator back where its token is stolen, even if it were a cluster administrator.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { markdownFiles } from "../documents.ts";
import { unrestricted } from "../mode.ts";
import { type Abuse, dockerConfig, owner, type RefusedBy, served, victim } from "./abuse.ts";
import { abuses } from "./abuses.ts";
import { installed } from "./installed.ts";
import { eventually, operatorNamespace, type TestEnv, testEnv, soon, staticSpec } from "./test-env.ts";
import { madeAdministrator, type Thief, thief } from "./thief.ts";

const secretsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/secrets`;

let world: TestEnv;
let stolen: Thief;

/** Those that refuse what RBAC allows. */
const policies: readonly RefusedBy[] = [
  "regcred-secrets",
  "regcred-service-accounts",
  "regcred-token-requests",
  "regcred-registry-credentials",
  "regcred-leases",
  "regcred-events",
];

async function testEnvs(): Promise<void> {
  const { admin } = world;
  await world.namespaces([victim, owner, served]);
  await world.source("source", { username: "ann", password: "first" });
  await admin.create(secretsOf(victim), { metadata: { name: "database" }, stringData: { password: "secret" } });
  await admin.create(secretsOf("kube-system"), {
    metadata: { name: "bootstrap-token-abcdef" },
    stringData: { a: "b" },
  });
  await admin.create(secretsOf(owner), {
    metadata: { name: "regcred" },
    type: "kubernetes.io/dockerconfigjson",
    stringData: { ".dockerconfigjson": '{"auths":{"own.example.com":{"auth":"YTpi"}}}' },
  });
  await admin.create(secretsOf(served), {
    metadata: {
      name: "regcred",
      labels: { "app.kubernetes.io/managed-by": "regcred", team: "red" },
      annotations: { note: "kept" },
      finalizers: ["example.com/hold"],
    },
    type: "kubernetes.io/dockerconfigjson",
    data: dockerConfig,
  });
  await admin.create(`/apis/events.k8s.io/v1/namespaces/${victim}/events`, {
    metadata: { namespace: victim, name: "others.0123456789ab" },
    eventTime: "2026-01-31T00:00:00.000000Z",
    reportingController: "kubelet",
    reportingInstance: "node-1",
    regarding: { apiVersion: "v1", kind: "Pod", namespace: victim, name: "others" },
    action: "Kill",
    reason: "Killing",
    type: "Normal",
  });
  await admin.create(`/api/v1/namespaces/${victim}/serviceaccounts`, {
    metadata: { name: "app", labels: { tier: "web" }, annotations: { note: "kept" } },
    automountServiceAccountToken: false,
    imagePullSecrets: [{ name: "first" }, { name: "second" }],
  });
  await admin.create(`/api/v1/namespaces/${operatorNamespace}/serviceaccounts`, { metadata: { name: "puller" } });
  await world.credential("victim", staticSpec("source", { namespaces: { include: ["nobody"] } }));
  await world.patchCredential("victim", { metadata: { finalizers: ["example.com/other", "regcred.dev/drain"] } });
}

/** A new policy is in force once the API server has heard of it, about a second later. RBAC allows the first abuse of each. */
async function inForce(policies: readonly RefusedBy[]): Promise<void> {
  for (const policy of policies) {
    const first = abuses.find(({ refusedBy }) => refusedBy === policy);
    if (!first) throw new Error(`no abuse is refused by ${policy}`);
    await eventually(`${policy} is in force`, async () => {
      const { status } = await stolen.call({ ...first, path: `${first.path}?dryRun=All` });
      return status === 422;
    });
  }
}

const denialOf = (abuse: Abuse): RegExp =>
  abuse.refusedBy === "RBAC" ? /^\S+ .*is forbidden: User "system:serviceaccount:regcred-system:regcred" cannot / : /./;

it("docs/security.md lists every abuse, and what refuses it", () => {
  const text = markdownFiles.find(({ path }) => path === "docs/security.md")?.text ?? "";
  const [, section = ""] = text.split("\n## What a thief of its token cannot do\n");
  // The first is the line below the head of the table.
  const rows = [...(section.split("\n## ")[0] ?? "").matchAll(/^\| (.+?) +\| `?([\w-]+)`? +\|$/gm)];
  const listed = rows.map(([, what, refusedBy]) => ({ what, refusedBy })).slice(1);
  expect(listed).toEqual(abuses.map(({ what, refusedBy }) => ({ what, refusedBy })));
});

describe("the operator's own token", () => {
  beforeAll(async () => {
    world = await testEnv();
    await testEnvs();
    stolen = await thief(world, await installed(world));
    await inForce(policies);
  }, 120_000);
  afterAll(async () => {
    await stolen?.close();
    await world?.close();
  });

  it.each(abuses)("cannot $what", async (abuse) => {
    const { status, message } = await stolen.call(abuse);
    expect({ status, message }).toEqual({
      status: expect.toSatisfy((code: number) => code === 403 || code === 422),
      message: expect.stringMatching(denialOf(abuse)),
    });
  });

  describe("bound to cluster-admin", () => {
    beforeAll(async () => {
      await madeAdministrator(world, stolen);
      await inForce(["regcred-nothing-else"]);
    });

    it.each(abuses.filter(({ refusedBy }) => refusedBy !== "RBAC"))("still cannot $what", async (abuse) => {
      const { status, message } = await stolen.call(abuse);
      expect({ status, message }).toEqual({
        status: 422,
        message: expect.stringContaining(`ValidatingAdmissionPolicy '${abuse.refusedBy}'`),
      });
    });

    it("has changed nothing", async () => {
      const account = await world.admin.get(`/api/v1/namespaces/${victim}/serviceaccounts/app`);
      expect(account).toMatchObject({
        metadata: { labels: { tier: "web" }, annotations: { note: "kept" } },
        automountServiceAccountToken: false,
        imagePullSecrets: [{ name: "first" }, { name: "second" }],
      });
      expect(await world.logins(owner)).toEqual({ "own.example.com": { auth: "YTpi" } });
      expect(await world.secret(victim)).toBeUndefined();
    });
  });
});

describe("under its restraint the operator", () => {
  const credential = (onConflict: string, namespace: string): Promise<unknown> =>
    world.credential(onConflict.toLowerCase(), {
      ...staticSpec("hub", { pullSecret: { onConflict } }),
      namespaces: { include: [namespace] },
    });
  const denied = (name: string): Promise<boolean> =>
    world
      .condition(name, "Distributed")
      .then((condition) => condition?.reason === "AdmissionDenied" && condition.message.includes("regcred-secrets"));
  const own = { "own.example.com": { auth: "YTpi" } };

  beforeAll(async () => {
    world = await testEnv({ install: { pullSecretLabels: ["acme.io/*"] } });
    const mode = { ...unrestricted, pullSecretLabels: ["acme.io/*"], pullSecretAnnotations: [] };
    await world.startOperator({ settings: { mode } });
    await world.source("hub", { username: "ann", password: "first" });
    await world.namespaces(["team-merge", "team-adopt", "team-strip"]);
    for (const namespace of ["team-merge", "team-adopt"]) {
      await world.admin.create(secretsOf(namespace), {
        metadata: { name: "regcred" },
        type: "kubernetes.io/dockerconfigjson",
        stringData: { ".dockerconfigjson": JSON.stringify({ auths: own }) },
      });
    }
  }, 120_000);
  afterAll(() => world?.close());

  it("leaves a foreign Secret alone under Merge, and names the policy", async () => {
    await credential("Merge", "team-merge");
    await eventually("it is denied", () => denied("merge"));
    expect(await world.logins("team-merge")).toEqual(own);
  });

  it("tells the tenant and the administrators", async () => {
    const reported = async (namespace: string): Promise<readonly unknown[]> =>
      (await world.events(namespace))
        .filter(({ reportingController }) => reportingController === "regcred.dev/regcred")
        .map(({ reason }) => reason);
    await eventually("the tenant is told", async () => (await reported("team-merge")).includes("AdmissionDenied"));
    await eventually("the others are told", async () => (await reported("default")).includes("AdmissionDenied"));
    expect(await reported("kube-system")).toEqual([]);
  });

  it.each([
    { onConflict: "Merge", namespace: "team-merge", logins: ["own.example.com", "registry.example.com"] },
    { onConflict: "Adopt", namespace: "team-adopt", logins: ["registry.example.com"] },
  ])("takes part in it under $onConflict once its owner consents", async ({ onConflict, namespace, logins }) => {
    const name = onConflict.toLowerCase();
    await world.admin.patch(`${secretsOf(namespace)}/regcred`, {
      metadata: { annotations: { "regcred.dev/adopt": "true" } },
    });
    if (onConflict === "Adopt") await credential(onConflict, namespace);
    await eventually("it is served", async () => (await world.status(name)).namespaces?.ready === 1);
    expect(Object.keys((await world.logins(namespace)) ?? {}).toSorted()).toEqual(logins);
  });

  it("keeps its record of who is a member", async () => {
    const records = async (): Promise<readonly string[]> =>
      (await world.admin.list(secretsOf(operatorNamespace)))
        .filter(({ type }) => type === "regcred.dev/members")
        .map(({ metadata }) => metadata.name);
    await eventually("each credential has one", async () => (await records()).length === 2);
    expect(await records()).toEqual([expect.stringMatching(/-0$/), expect.stringMatching(/-0$/)]);
  });

  it("adds its reference to a ServiceAccount that has 500 long ones", async () => {
    const many = Array.from({ length: 500 }, (_, index) => ({ name: `${index}-${"x".repeat(240)}` }));
    await world.admin.create("/api/v1/namespaces/team-merge/serviceaccounts", {
      metadata: { name: "many" },
      imagePullSecrets: many,
    });
    await eventually("it is referred to", async () =>
      (await world.references("team-merge", "many")).includes("regcred"),
    );
    expect(await world.references("team-merge", "many")).toEqual([...many.map(({ name }) => name), "regcred"]);
  });

  it("sets the labels that the install lists, and serves without the annotation that it does not", async () => {
    const pullSecret = { labels: { "acme.io/team": "red" }, annotations: { "other.io/note": "1" } };
    await world.namespaces(["team-words"]);
    await world.credential("words", {
      ...staticSpec("hub", { pullSecret }),
      namespaces: { include: ["team-words"] },
    });
    await eventually("it is served", async () => (await world.logins("team-words")) !== undefined);
    const metadata = (await world.secret("team-words"))?.metadata;
    expect(metadata?.labels).toHaveProperty(["acme.io/team"], "red");
    expect(metadata?.annotations).not.toHaveProperty(["other.io/note"]);
    await eventually("it says why", async () => (await world.condition("words", "Ready"))?.reason === "NotPermitted");
    await expect
      .poll(() => world.condition("words", "Ready"), soon)
      .toHaveProperty("message", expect.stringMatching(/other\.io\/note .*pullSecretAnnotations/));
  });

  it("takes a label off again that an install before has set, and that is listed no more", async () => {
    await world.namespaces(["team-former"]);
    await world.admin.create(secretsOf("team-former"), {
      metadata: {
        name: "regcred",
        labels: { "app.kubernetes.io/managed-by": "regcred", former: "1", theirs: "1" },
        annotations: { "regcred.dev/credentials": "former", "regcred.dev/managed": '{"labels":["former"]}' },
      },
      type: "kubernetes.io/dockerconfigjson",
      data: dockerConfig,
    });
    await world.credential("former", { ...staticSpec("hub"), namespaces: { include: ["team-former"] } });
    await eventually("it is served", async () => (await world.status("former")).namespaces?.ready === 1);
    expect((await world.secret("team-former"))?.metadata.labels).toEqual({
      "app.kubernetes.io/managed-by": "regcred",
      theirs: "1",
    });
  });

  it("gives a Secret up whose marks a tenant has taken off, and says so", async () => {
    await credential("Fail", "team-strip");
    await eventually("it is served", async () => (await world.status("fail")).namespaces?.ready === 1);
    await world.admin.patch(`${secretsOf("team-strip")}/regcred`, { metadata: { labels: null, annotations: null } });
    await eventually("it is denied", () => denied("fail"));
    await world.admin.remove(`${secretsOf("team-strip")}/regcred`);
    await eventually("it is served anew", async () => (await world.status("fail")).namespaces?.ready === 1);
    expect(await world.logins("team-strip")).toHaveProperty(["registry.example.com", "password"], "first");
  });
});
