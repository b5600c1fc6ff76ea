// Tests the way from a release to a monitored install on a real node, as docs/install.md and docs/image.md describe it: each step leads
// to the next.
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import packageJson from "../../package.json" with { type: "json" };
import { chartPackage } from "../../tools/release/chart-package.ts";
import { mirrored } from "../../tools/release/mirror.ts";
import { pushAll } from "../../tools/release/push.ts";
import { registryClient } from "../../tools/release/registry.ts";
import { earlierChart } from "../chart/earlier-chart.ts";
import { buildWithGo } from "../cluster/build-with-go.ts";
import { ensureBinaries } from "../cluster/ensure-binaries.ts";
import { pollUntil } from "../cluster/poll-until.ts";
import { streamPrinter } from "../cluster/printer.ts";
import type { Prometheus } from "../cluster/prometheus.ts";
import { type Registry, startRegistry } from "../cluster/registry.ts";
import { verified, verifier } from "../cluster/signatures.ts";
import { createNamespace, type Pod } from "../e2e/tenants.ts";
import { type NodeWorld, openNode, owner } from "../e2e/world.ts";
import { ownPullSecret, system } from "../e2e/ways.ts";
import { withoutData } from "../integration/dashboard-data.ts";
import { ecrHost, identityKeys } from "../integration/ecr.ts";
import { credentialsPath, staticSpec } from "../integration/test-env.ts";
import { type Downloads, downloadsOf, krew, krewUser } from "./krew.ts";
import { found, type Monitoring, startMonitoring } from "./monitoring.ts";
import { type PodCloud, podCloud } from "./pod-cloud.ts";
import { projectCopy, released, sameCommit } from "./project-copy.ts";
import { watchTenants } from "./served-tenants.ts";

const { version } = packageJson;
const earlier = "0.0.9";
const path = "acme";
const minutes = (count: number): Temporal.Duration => Temporal.Duration.from({ minutes: count });
const within = { timeout: 300_000, interval: 250 } as const;
const printer = streamPrinter(process.stderr);
const plugin = `kubectl-regcred-${version}-linux-${process.arch === "x64" ? "amd64" : "arm64"}.tar.gz`;

describe("a release", { timeout: 10 * 60_000 }, () => {
  const opened = new AsyncDisposableStack();
  let folder: string;
  let world: NodeWorld;
  let downloads: Downloads;
  let cloud: PodCloud;
  let monitoring: Monitoring;
  let prometheus: Prometheus;
  let inside: Registry;
  let said: string;
  let again: string;
  let key: string;
  /** Its login is all that a registry asks for. */
  const dockerConfig = (): string => join(folder, "login", "config.json");
  const files = (): string => join(folder, "files", version);

  const helm = (command: string, ...args: readonly string[]): Promise<string> =>
    world.helm(command, "regcred", ...args, `--namespace=${system}`);
  const fromRegistry = (which: string, registry = world.registry): readonly string[] => [
    `oci://${registry.host}/${path}/charts/regcred`,
    `--version=${which}`,
    "--plain-http",
    `--registry-config=${dockerConfig()}`,
  ];
  const runs = (image: string): Promise<unknown> =>
    pollUntil(
      async () => {
        const pods = (await world.admin.list(`/api/v1/namespaces/${system}/pods`)) as readonly Pod[];
        const operators = pods.filter(
          ({ metadata }) => metadata.labels?.["app.kubernetes.io/component"] === "operator",
        );
        return (
          operators.length === 2 &&
          operators.every(
            (pod) =>
              JSON.stringify(pod.spec).includes(`"${image}"`) &&
              pod.status.containerStatuses?.every(({ ready }) => ready) === true,
          )
        );
      },
      { what: `two replicas of ${image} to be ready`, limit: minutes(5) },
    );
  const credential = (name: string, spec: object): Promise<unknown> =>
    world.admin.create(credentialsPath, {
      apiVersion: "regcred.dev/v1alpha1",
      kind: "RegistryCredential",
      metadata: { name },
      spec,
    });
  const source = (name: string, stringData: object): Promise<unknown> =>
    world.admin.create(`/api/v1/namespaces/${system}/secrets`, { metadata: { name }, stringData });
  const definition = (): Promise<unknown> =>
    world.admin.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/registrycredentials.regcred.dev");
  /** Tells what an upgrade or its like did to tenants who were served before. */
  const meanwhile = async (
    change: () => Promise<unknown>,
  ): Promise<{ losses: readonly string[]; refused: readonly string[] }> => {
    const watched = await watchTenants(world, ["team-a", "team-b"]);
    try {
      await change();
      // The last of it, too.
      const { done } = watched.pulls;
      await pollUntil(() => watched.pulls.done >= done + 10, { what: "pulls after it", limit: minutes(1) });
    } finally {
      await watched.stop();
    }
    world.step(`${watched.pulls.done} pulls meanwhile`);
    return { losses: watched.losses(), refused: watched.pulls.refused };
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "regcred-released-"));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    for (const [name, buildable] of Object.entries({ krew, verifier }))
      await buildWithGo(buildable, join(folder, name), printer);
    world = await openNode();
    opened.defer(() => world.close());
    const { address, registry, step } = world;
    downloads = await downloadsOf(files());
    opened.defer(() => downloads.close());
    cloud = await podCloud(address);
    opened.defer(() => cloud.close());
    inside = await startRegistry({ auth: { kind: "htpasswd", users: [{ name: owner.username, ...owner }] } });
    opened.defer(() => inside.stop());
    monitoring = await startMonitoring(world, join(folder, "prometheus-operator"));
    opened.defer(() => monitoring.stop());
    step("Prometheus' operator runs");

    const { privateKey } = generateKeyPairSync("ed25519");
    key = join(folder, "release.key");
    await writeFile(key, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    await writeFile(`${key}.pub`, createPublicKey(privateKey).export({ type: "spki", format: "pem" }));
    const auth = Buffer.from(`${owner.username}:${owner.password}`).toString("base64");
    const auths = Object.fromEntries([registry, inside].map(({ host }) => [host, { auth }]));
    await mkdir(join(folder, "login"));
    await writeFile(dockerConfig(), JSON.stringify({ auths }), { mode: 0o600 });
    const copy = await projectCopy(join(folder, "project"));
    const other = await sameCommit(copy, join(folder, "the-same-commit-elsewhere"));
    const where = [`--registry=${registry.host}/${path}`, `--version=${version}`, `--key=${key}`];
    const options = [...where, `--downloads=${downloads.url}`, "--plain-http", `--docker-config=${dockerConfig()}`];
    [said, again] = await Promise.all([
      released(copy, ...options, `--to=${join(folder, "files")}`),
      released(other, ...options, `--to=${join(folder, "again")}`, "--dry-run"),
    ]);
    step("released");
    await pushEarlier(registry, folder);
  }, 30 * 60_000);
  afterAll(() => opened.disposeAsync());

  it("of the same commit, built elsewhere, has the same digests", async () => {
    const digests = (text: string): readonly string[] => text.match(/^[a-z' ]+: \S+ is sha256:[0-9a-f]{64}$/gm) ?? [];
    expect(digests(said)).toHaveLength(8);
    expect(digests(again)).toEqual(digests(said));
    const sums = (name: string): Promise<string> => readFile(join(folder, name, version, "checksums.txt"), "utf8");
    expect(await sums("again")).toBe(await sums("files"));
    expect((await sums("files")).split("\n")).toContainEqual(expect.stringContaining(plugin));
  });

  it("is verified by the public key: image, chart and checksums", async () => {
    const check = (...args: readonly string[]): Promise<readonly string[]> =>
      verified(join(folder, "verifier"), [`${key}.pub`, ...args], join(folder, "login"));
    const { host } = world.registry;
    expect(await check(`${host}/${path}/regcred:${version}`)).toEqual([
      "https://slsa.dev/provenance/v1",
      "https://spdx.dev/Document",
    ]);
    expect(await check(`${host}/${path}/charts/regcred:${version}`)).toEqual(["https://slsa.dev/provenance/v1"]);
    expect(await check(join(files(), "checksums.txt"), join(files(), "checksums.txt.sig"))).toEqual([]);
  });

  it("has a plugin that krew installs by its manifest, and refuses where the archive is another", async () => {
    const { kubectl } = await ensureBinaries(["kubectl"]);
    const caFile = join(folder, "downloads.crt");
    await writeFile(caFile, downloads.ca);
    const programs = { krew: join(folder, "krew"), kubectl };
    const manifest = join(files(), "regcred.krew.yaml");
    const user = krewUser({ programs, root: join(folder, "krew-root"), caFile, kubeconfig: world.cluster.kubeconfig });
    const archive = await readFile(join(files(), plugin));
    await writeFile(join(files(), plugin), Buffer.concat([archive, Buffer.from("more")]));
    await expect(user.install(manifest)).rejects.toThrow(/checksum does not match/);
    await writeFile(join(files(), plugin), archive);
    await user.install(manifest);
    expect(await user.kubectl("regcred", "--version")).toContain(version);
  });

  it("is installed by helm out of the registry, and its own test finds nothing", async () => {
    const { kubectl, step, registry } = world;
    await kubectl("create", "namespace", system);
    for (const { host } of [registry, inside]) {
      const who = [`--docker-username=${owner.username}`, `--docker-password=${owner.password}`];
      const name = host === registry.host ? ownPullSecret : `${ownPullSecret}-inside`;
      await kubectl(
        "create",
        "secret",
        "docker-registry",
        name,
        `--namespace=${system}`,
        `--docker-server=${host}`,
        ...who,
      );
    }
    const values = {
      imagePullSecrets: [ownPullSecret],
      trustedCAs: cloud.ca,
      proxy: { https: cloud.proxy },
      endpoints: { ecr: cloud.url },
      serviceMonitor: { enabled: true, interval: "1s", scrapeTimeout: "1s", labels: found },
      prometheusRule: { enabled: true, labels: found },
      grafanaDashboard: { enabled: true },
    };
    await writeFile(join(folder, "values.yaml"), stringify(values));
    await helm("install", ...fromRegistry(earlier), `--values=${join(folder, "values.yaml")}`);
    await runs(`${registry.host}/${path}/regcred:${earlier}`);
    step("installed");
    expect(await helm("test")).toMatch(/Phase: +Succeeded/);
  });

  it("is scraped by Prometheus as the chart's monitor says, each replica, with the chart's rules", async () => {
    await source("hub", owner);
    await source("aws", identityKeys);
    for (const name of ["team-a", "team-b", "cloud-a", "blocked-a"]) await createNamespace(world, name);
    await world.admin.create("/api/v1/namespaces/blocked-a/secrets", { metadata: { name: "regcred" }, stringData: {} });
    await credential("hub", staticSpec("hub", { hosts: [world.registry.host] }));
    await credential("blocked", staticSpec("hub", { namespaces: { include: ["blocked-*"] } }));
    await credential("cloud", {
      registries: [{ name: "main", provider: "ECR", hosts: [ecrHost], identity: { from: "Secret", name: "aws" } }],
      namespaces: { include: ["cloud-*"] },
    });
    prometheus = await monitoring.prometheus();
    opened.defer(() => prometheus.stop());
    await expect.poll(() => prometheus.query('up{namespace="regcred-system"} == 1'), within).toHaveLength(2);
    expect(await prometheus.scrapeError()).toMatch(/^,?$/);
    world.step("scraped");
    const alert = 'ALERTS{alertname="RegcredNamespaceFailing"}';
    await expect.poll(async () => (await prometheus.query(alert)).length, within).toBeGreaterThan(0);
  });

  it("has a dashboard of which every panel has data", async () => {
    const made = await world.admin.get(`/api/v1/namespaces/${system}/configmaps/regcred-dashboard`);
    const { panels } = JSON.parse((made?.["data"] as Record<string, string> | undefined)?.["regcred.json"] ?? "{}") as {
      readonly panels: readonly {
        readonly title: string;
        readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
      }[];
    };
    const queries = panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr, legendFormat }) => ({ title, expression: expr, legend: legendFormat })),
    );
    expect(queries.length).toBeGreaterThan(20);
    // A histogram tells of what comes after its first scrape.
    await createNamespace(world, "team-new");
    // Once renewed, it goes away for a moment.
    await expect.poll(() => cloud.minted(), within).toBeGreaterThan(1);
    cloud.setDown(true);
    const failing = "sum(regcred_token_failing_grants) > 0";
    await expect.poll(async () => (await prometheus.query(failing)).length, within).toBe(1);
    cloud.setDown(false);
    await expect.poll(() => withoutData(prometheus, queries), within).toEqual([]);
    world.step("every panel has data");
  });

  it("is upgraded to from the one before, and nobody's login is missing for a moment", async () => {
    const did = await meanwhile(async () => {
      await helm("upgrade", ...fromRegistry(version), "--reset-then-reuse-values");
      await createNamespace(world, "team-meanwhile");
      await runs(`${world.registry.host}/${path}/regcred:${version}`);
    });
    expect(did).toEqual({ losses: [], refused: [] });
    await expect.poll(() => world.admin.get("/api/v1/namespaces/team-meanwhile/secrets/regcred"), within).toBeDefined();
    world.step("upgraded");
  });

  it("is rolled back, and nobody's login is missing for a moment", async () => {
    const did = await meanwhile(async () => {
      await helm("rollback", "1");
      await runs(`${world.registry.host}/${path}/regcred:${earlier}`);
    });
    expect(did).toEqual({ losses: [], refused: [] });
    world.step("rolled back");
  });

  it("leaves no login behind when it is uninstalled, and keeps the kind", async () => {
    await helm("uninstall", "--wait");
    expect(await definition()).toBeDefined();
    expect(await world.admin.list(credentialsPath)).toEqual([]);
    const left = await world.admin.list("/api/v1/secrets?fieldSelector=metadata.name%3Dregcred");
    expect(left.map(({ metadata }) => metadata.namespace)).toEqual(["blocked-a"]);
    world.step("uninstalled");
  });

  it("is installed out of a mirror, verified there, and takes the kind along where it is not kept", async () => {
    const copy = join(folder, "project");
    const from = `--from=${world.registry.host}/${path}`;
    const where = [`--registry=${inside.host}/${path}`, `--version=${version}`, "--plain-http"];
    await released(copy, from, ...where, `--docker-config=${dockerConfig()}`);
    const image = `${inside.host}/${path}/regcred`;
    expect(
      await verified(join(folder, "verifier"), [`${key}.pub`, `${image}:${version}`], join(folder, "login")),
    ).toHaveLength(2);
    const values = [`--set=image.repository=${image}`, `--set=imagePullSecrets={${ownPullSecret}-inside}`];
    await helm("install", ...fromRegistry(version, inside), ...values, "--set=crds.keep=false");
    await runs(`${image}:${version}`);
    await helm("uninstall", "--wait");
    await expect.poll(definition, within).toBeUndefined();
    await expect.poll(() => world.admin.list(`/api/v1/namespaces/${system}/pods`), within).toEqual([]);
    world.step("mirrored, installed and uninstalled");
  });
});

/** The release before: its chart, with the images of this one, since there was none so far. */
async function pushEarlier({ host }: Registry, folder: string): Promise<void> {
  const client = registryClient({ host, scheme: "http", login: owner });
  const repository = `${path}/regcred`;
  const { manifest: chart } = await chartPackage({
    chart: await earlierChart(join(folder, "earlier"), earlier),
    folder: join(folder, "earlier-package"),
    version: earlier,
    repository: `${host}/${repository}`,
  });
  const images = (await mirrored(client, { version, from: path, to: path })).filter(({ what }) => what === "image");
  await pushAll(
    [
      ...images.map((image) => ({ ...image, tag: earlier })),
      { what: "chart", repository: `${path}/charts/regcred`, tag: earlier, manifest: chart },
    ],
    client,
    () => undefined,
  );
}
