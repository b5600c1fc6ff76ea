// Tests that the image, installed as the documents say, keeps its promises on a real node.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from "vitest";
import type { KubeObject } from "../cluster/admin-client.ts";
import { pollUntil } from "../cluster/poll-until.ts";
import { tryPull } from "../cluster/try-pull.ts";
import { chart } from "./chart.ts";
import { kustomize } from "./kustomize.ts";
import { assignedUser } from "./openshift.ts";
import { createNamespace, deploy, newNamespaces, type Pod } from "./tenants.ts";
import { tenantRelease } from "./tenant-chart.ts";
import { ownPullSecret, system, type Way } from "./ways.ts";
import { corpHost, openWorld, owner, type World } from "./world.ts";

const policies = "admissionregistration.k8s.io/v1/validatingadmissionpolicies";
const credentials = "/apis/regcred.dev/v1alpha1/registrycredentials";
const secrets = `/api/v1/namespaces/${system}/secrets`;
const minutes = (count: number): Temporal.Duration => Temporal.Duration.from({ minutes: count });
const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

describe("the image", () => {
  it("has Node, what it links to, certificates and the program, and nothing that could run a command", () => {
    const { root } = world.image;
    const files = globSync("**/*", { cwd: root, withFileTypes: true }).filter((entry) => !entry.isDirectory());
    const paths = files.map(({ parentPath, name }) => join(parentPath, name).slice(root.length)).toSorted();
    const libraries =
      /^\/(?:usr\/)?lib(?:64)?\/(?:[\w-]+\/)?(?:lib(?:atomic|c|dl|gcc_s|m|pthread|stdc\+\+)|ld-linux[\w-]*)\.so\.\d+$/;
    const compiled = /^\/regcred\/compiled\/v26[\w.-]+-65532\/[0-9a-f]+$/;
    const parts = paths.filter((path) => /^\/regcred\/(?:main|parts\/[\w.-]+)\.mjs$/.test(path));
    // And what has loaded them all.
    expect(paths.filter((path) => compiled.test(path))).toHaveLength(["regcred.mjs", ...parts].length + 1);
    const others = paths.filter((path) => !libraries.test(path) && !compiled.test(path) && !parts.includes(path));
    expect(others).toEqual([
      "/etc/group",
      "/etc/nsswitch.conf",
      "/etc/passwd",
      "/etc/ssl/certs/ca-certificates.crt",
      "/regcred/LICENSE",
      "/regcred/regcred.mjs",
      "/usr/local/bin/node",
    ]);
  });

  it("says who it is, and runs as nobody", () => {
    expect(world.image.config).toMatchObject({
      User: "65532:65532",
      Cmd: ["run"],
      Labels: { "org.opencontainers.image.title": "regcred", "org.opencontainers.image.version": "0.0.0-e2e" },
    });
  });
});

describe.each<Way>([kustomize, chart])("installed from $name", (way) => {
  // The second way finds the registry as the first one left it.
  const puller = (password: string) => ({ name: "puller", password });
  const [first, second] = [`made-up-first-${way.name}`, `made-up-second-${way.name}`];
  const login = (password: string): object => ({
    metadata: { name: "acme-login" },
    type: "kubernetes.io/basic-auth",
    stringData: { username: "puller", password },
  });
  const tenants = `team-${way.name.replaceAll(/\W/g, "-")}`;

  const operatorReady = async (tag: string): Promise<boolean> => {
    const deployment = await world.admin.get(`/apis/apps/v1/namespaces/${system}/deployments/regcred`);
    if (!deployment) return false;
    const { replicas } = deployment["spec"] as { replicas: number };
    const status = deployment["status"] as { observedGeneration?: number; [count: string]: number | undefined };
    const image = `${world.registry.host}/regcred:${tag}`;
    return (
      JSON.stringify(deployment["spec"]).includes(image) &&
      status.observedGeneration === deployment.metadata.generation &&
      status["updatedReplicas"] === replicas &&
      status["availableReplicas"] === replicas &&
      status["replicas"] === replicas
    );
  };

  it("becomes ready with the rights of its own ServiceAccount", async () => {
    onTestFailed(tellTheLogs);
    const { admin, registry, step, kubectl } = world;
    step(`${way.name}: installing`);
    for (const tag of ["1.0.0", "1.1.0"]) await world.image.push(registry, "regcred", tag, owner);
    await kubectl("create", "namespace", system);
    const who = [`--docker-username=${owner.username}`, `--docker-password=${owner.password}`];
    const where = [`--namespace=${system}`, `--docker-server=${registry.host}`];
    await kubectl("create", "secret", "docker-registry", ownPullSecret, ...where, ...who);
    await way.prepare(world);
    await way.apply(world, "1.0.0");
    await pollUntil(() => operatorReady("1.0.0"), { what: "the operator's replicas to be ready", limit: minutes(4) });
    const pods = (await admin.list(`/api/v1/namespaces/${system}/pods`)) as readonly Pod[];
    const states = pods.map(({ status }) => ({
      phase: status.phase,
      restarts: status.containerStatuses?.map(({ restartCount }) => restartCount),
    }));
    // None has been evicted or has started anew.
    expect(states).toEqual(Array.from({ length: 2 }, () => ({ phase: "Running", restarts: [0] })));
    const users = pods.map(({ spec }) => spec.securityContext);
    expect(users).toMatchObject(
      users.map(() => (way.isInDataCentre ? { runAsUser: assignedUser } : { runAsUser: 65532, runAsGroup: 65532 })),
    );
    step(`${way.name}: both replicas are ready`);
  });

  it.each(way.isInDataCentre ? [corpHost] : [])(
    "tries a login at %s, by its private authority, through the proxy",
    async () => {
      onTestFailed(tellTheLogs);
      const { admin, corp, step } = world;
      await admin.create(secrets, {
        metadata: { name: "corp-login" },
        type: "kubernetes.io/basic-auth",
        stringData: owner,
      });
      await admin.create(credentials, {
        apiVersion: "regcred.dev/v1alpha1",
        kind: "RegistryCredential",
        metadata: { name: "corp" },
        spec: {
          registries: [
            {
              name: "corp",
              provider: "Static",
              hosts: [corpHost],
              static: { secretName: "corp-login" },
              verify: { image: `${corpHost}/acme/app:1` },
            },
          ],
          namespaces: { include: ["default"] },
        },
      });
      const entry = async (): Promise<unknown> => {
        const { status } = (await admin.get(`${credentials}/corp`)) as { status?: { registries?: readonly unknown[] } };
        return status?.registries?.[0];
      };
      await expect.poll(entry, { timeout: 30_000 }).toMatchObject({ state: "Verified" });
      expect(new Set(corp.proxy.tunnels)).toEqual(new Set([`${corpHost}:443`]));
      step(`${way.name}: a login is tried through the proxy`);
    },
  );

  it("takes a Deployment from ErrImagePull to Running, without help", async () => {
    onTestFailed(tellTheLogs);
    const { admin, registry, step } = world;
    await registry.setUsers([{ name: owner.username, ...owner }, puller(first)]);
    await admin.create(credentials, {
      apiVersion: "regcred.dev/v1alpha1",
      kind: "RegistryCredential",
      metadata: { name: "acme" },
      spec: {
        registries: [
          { name: "acme", provider: "Static", hosts: [registry.host], static: { secretName: "acme-login" } },
        ],
        namespaces: { include: [`${tenants}-*`] },
      },
    });
    await createNamespace(world, `${tenants}-a`);
    const app = await deploy(world, `${tenants}-a`);
    await expect(app.waitsFor("ErrImagePull")).resolves.toBeUndefined();
    step(`${way.name}: a tenant's pod cannot pull; the login that it needs comes now`);
    await admin.create(secrets, login(first));
    step(`${way.name}: it runs ${(await app.runs()).toFixed(1)} s after it was made`);
  });

  it("answers commands in its own container, with its own rights", async () => {
    onTestFailed(tellTheLogs);
    const { node, kubectl, step } = world;
    await kubectl("wait", "regcred/acme", "--for=condition=Ready", "--timeout=30s");
    // As docs/cli.md says.
    const output = await node.exec("regcred", ["/usr/local/bin/node", "/regcred/regcred.mjs", "status"]);
    expect(output).toMatch(/^acme +yes +1\/1 +acme +Static /m);
    step(`${way.name}: it answers in its own container`);
  });

  it("lets new pods pull when the registry's password has changed", async () => {
    onTestFailed(tellTheLogs);
    const { admin, registry, step } = world;
    const before = await pullSecret(`${tenants}-a`);
    await registry.setUsers([{ name: owner.username, ...owner }, puller(second)]);
    expect(await tryPull(registry, "acme/app", "1", before)).toMatchObject({ ok: false, status: 401 });
    await admin.patch(`${secrets}/acme-login`, login(second));
    await createNamespace(world, `${tenants}-b`);
    const took = await (await deploy(world, `${tenants}-b`)).runs();
    await pollUntil(async () => (await tryPull(registry, "acme/app", "1", await pullSecret(`${tenants}-a`))).ok, {
      what: "the new password in the namespace that was there before",
      limit: seconds(30),
    });
    step(`${way.name}: a pod with the new password runs ${took.toFixed(1)} s after it was made`);
  });

  // Helm 4's own way, and that of all before it.
  it.each(way.isInDataCentre ? ["--server-side=true", "--server-side=false"] : [])(
    "lets a tenant's own chart be installed, upgraded and rolled back by helm with %s, and its pods pull",
    async (flag) => {
      onTestFailed(tellTheLogs);
      const { step } = world;
      const namespace = `${tenants}-applied-${String(flag.endsWith("true"))}`;
      await createNamespace(world, namespace);
      const release = await tenantRelease(world, namespace, [flag]);
      await release.apply([]);
      await expect.poll(release.references, { timeout: 60_000 }).toEqual(["regcred"]);
      await release.pulls("installed");
      await release.apply(["theirs"]);
      await expect.poll(release.references, { timeout: 60_000 }).toEqual(["theirs", "regcred"]);
      await release.pulls("upgraded");
      await release.rollback(1);
      await expect.poll(release.references, { timeout: 60_000 }).toEqual(["regcred"]);
      await release.pulls("rolled-back");
      step(`${way.name}: a tenant's chart is installed, upgraded and rolled back with ${flag}`);
    },
  );

  it("is replaced by a new version while namespaces come, and leaves no gap", async () => {
    onTestFailed(tellTheLogs);
    const { admin, step } = world;
    const load = newNamespaces(world, `${tenants}-load`, 12);
    await createNamespace(world, `${tenants}-c`);
    await way.apply(world, "1.1.0");
    const app = await deploy(world, `${tenants}-c`);
    await pollUntil(() => operatorReady("1.1.0"), { what: "the new version to be ready", limit: minutes(4) });
    await app.runs();
    const names = await load.stop();
    const waits = await Promise.all(
      names.map(async (name) => {
        const [namespace, secret] = await pollUntil(
          async () => {
            const objects = [
              await admin.get(`/api/v1/namespaces/${name}`),
              await admin.get(`/api/v1/namespaces/${name}/secrets/regcred`),
            ];
            return objects.every((each) => each !== undefined) && objects;
          },
          { what: `the pull Secret of ${name}`, limit: seconds(60) },
        );
        return createdAt(namespace).until(createdAt(secret)).total("seconds");
      }),
    );
    step(`${way.name}: ${names.length} namespaces came meanwhile; the longest wait was ${Math.max(...waits)} s`);
    // Were the lease not handed over, they would wait for its end: 15 s.
    expect(Math.max(...waits)).toBeLessThan(10);
  });

  it("leaves nothing when it is removed", async () => {
    onTestFailed(tellTheLogs);
    const { admin, step } = world;
    await way.remove(world);
    const left = await admin.list("/api/v1/secrets?fieldSelector=metadata.name%3Dregcred");
    expect(left.map(({ metadata }) => metadata.namespace)).toEqual([]);
    const accounts = await admin.list("/api/v1/serviceaccounts");
    expect(accounts.filter((account) => JSON.stringify(account["imagePullSecrets"] ?? []).includes("regcred"))).toEqual(
      [],
    );
    expect(await admin.get(`/api/v1/namespaces/${system}`)).toBeUndefined();
    const namespaces = await admin.list("/api/v1/namespaces");
    expect(namespaces.filter(({ metadata }) => metadata.deletionTimestamp !== undefined)).toEqual([]);
    for (const kind of [
      "rbac.authorization.k8s.io/v1/clusterroles",
      "scheduling.k8s.io/v1/priorityclasses",
      policies,
    ]) {
      const objects = await admin.list(`/apis/${kind}`);
      expect(objects.filter(({ metadata }) => metadata.name.startsWith("regcred"))).toEqual([]);
    }
    expect(await admin.get("/apis/regcred.dev/v1alpha1")).toBeUndefined();
    step(`${way.name}: removed`);
    for (const { metadata } of namespaces.filter(({ metadata }) => metadata.name.startsWith(tenants))) {
      await admin.remove(`/api/v1/namespaces/${metadata.name}`);
    }
  });
});

async function pullSecret(namespace: string): Promise<string | undefined> {
  const secret = await world.admin.get(`/api/v1/namespaces/${namespace}/secrets/regcred`);
  const encoded = (secret?.["data"] as Record<string, string> | undefined)?.[".dockerconfigjson"];
  return encoded === undefined ? undefined : Buffer.from(encoded, "base64").toString();
}

function createdAt(object: KubeObject | undefined): Temporal.Instant {
  return Temporal.Instant.from(object?.metadata.creationTimestamp ?? "");
}

/** The pods as they are, and what the operator has printed. */
async function tellTheLogs(): Promise<void> {
  const pods = await world.kubectl("get", "pods", "--all-namespaces", "-o", "wide");
  const events = await world.kubectl("get", "events", "--namespace", system);
  const logs = globSync(join(world.node.folder, "pod-logs", `${system}_*`, "*", "*.log")).map(
    (file) => `${file}:\n${readFileSync(file, "utf8").slice(-3000)}`,
  );
  process.stderr.write(`\n${[pods, events, ...logs].join("\n\n")}\n`);
}
