// Tests that a release comes into a real registry with a password, once and whole, and that helm can install what is there.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chartPackage } from "../../tools/release/chart-package.ts";
import { imagesIn } from "../../tools/release/image-layout.ts";
import { blobOf, manifestOf } from "../../tools/release/oci.ts";
import { loginFor } from "../../tools/release/login.ts";
import { type Artifact, pushAll } from "../../tools/release/push.ts";
import { type RegistryClient, registryClient } from "../../tools/release/registry.ts";
import { helm } from "../chart/helm.ts";
import { objectsIn } from "../chart/rendered.ts";
import { type Registry, startRegistry } from "../cluster/registry.ts";
import { writeImageLayout } from "../tools/release/image-layout-folder.ts";

const user = { username: "robot", password: "hunter2" };
const known = { name: user.username, password: user.password };

describe("a release to a real registry", () => {
  let registry: Registry;
  let folder: string;
  let artifacts: readonly Artifact[];
  let client: RegistryClient;
  const config = (login: typeof user): string =>
    JSON.stringify({
      auths: { [registry.host]: { auth: Buffer.from(`${login.username}:${login.password}`).toString("base64") } },
    });
  const clientOf = async (login: typeof user): Promise<RegistryClient> => {
    const file = join(folder, `${login.password}.json`);
    await writeFile(file, config(login), { mode: 0o600 });
    return registryClient({ host: registry.host, scheme: "http", login: await loginFor(registry.host, file) });
  };
  /** Only what sent something. */
  const uploads = async (): Promise<number> =>
    (await registry.requests()).filter(
      ({ method, path, status }) => method === "PUT" && path.includes("/blobs/") && status === 201,
    ).length;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "regcred-release-"));
    registry = await startRegistry({ auth: { kind: "htpasswd", users: [known] }, log: () => undefined });
    await writeImageLayout(join(folder, "images"));
    const { manifest } = await chartPackage({
      chart: join(import.meta.dirname, "../../config/chart"),
      folder: join(folder, "chart"),
      version: "1.2.3",
      repository: `${registry.host}/acme/regcred`,
    });
    artifacts = [
      { what: "image", repository: "acme/regcred", tag: "1.2.3", manifest: await imagesIn(join(folder, "images")) },
      { what: "chart", repository: "acme/charts/regcred", tag: "1.2.3", manifest },
    ];
    client = await clientOf(user);
  });
  afterAll(async () => {
    await registry?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("with a wrong password is refused in a sentence, and nothing is sent", async () => {
    const wrong = await clientOf({ ...user, password: "hunter3" });
    await expect(pushAll(artifacts, wrong, () => undefined)).rejects.toThrow(/HTTP 401.*log in with `docker login`/);
    expect(await uploads()).toBe(0);
  });

  it("that the registry refuses in the middle is taken up where it ended", async () => {
    let left = 2;
    const locked = {
      ...client,
      pushBlob: async (...call: Parameters<RegistryClient["pushBlob"]>): Promise<void> => {
        left -= 1;
        // The registry knows nobody any more.
        if (left === -1) await registry.setUsers([]);
        await client.pushBlob(...call);
      },
    };
    await expect(pushAll(artifacts, locked, () => undefined)).rejects.toThrow(/does not begin with sha256:.*HTTP 401/);
    await registry.setUsers([known]);
    expect(await client.manifest("acme/regcred", "1.2.3")).toBeUndefined();
    const before = await uploads();
    await pushAll(artifacts, client, () => undefined);
    // Two configurations and two layers of images, configuration and content of the chart.
    expect([before, await uploads()]).toEqual([2, 6]);
    for (const { repository, tag, manifest } of artifacts)
      expect(await client.manifest(repository, tag)).toBe(manifest.descriptor.digest);
  });

  it("of a version that is there is done at once, and another one under its name is refused", async () => {
    const before = await uploads();
    await pushAll(artifacts, client, () => undefined);
    await mkdir(join(folder, "other"));
    await writeImageLayout(join(folder, "other"), { content: "another program" });
    const [image, ...others] = artifacts;
    const changed = { ...(image as Artifact), manifest: await imagesIn(join(folder, "other")) };
    await expect(pushAll([changed, ...others], client, () => undefined)).rejects.toThrow(/never overwritten/);
    const chart = {
      ...(others[0] as Artifact),
      manifest: manifestOf({ config: blobOf("a/b", Buffer.from("{}")), layers: [] }),
    };
    await expect(pushAll([chart], client, () => undefined)).rejects.toThrow(/never overwritten/);
    expect(await uploads()).toBe(before);
  });

  it("is what helm pulls with the same login, and pulls the image of the same release", async () => {
    const login = join(folder, "helm.json");
    await writeFile(login, config(user), { mode: 0o600 });
    const text = await helm([
      "template",
      "regcred",
      `oci://${registry.host}/acme/charts/regcred`,
      "--version=1.2.3",
      "--no-hooks",
      `--registry-config=${login}`,
      "--plain-http",
    ]);
    const deployment = objectsIn(text).find(({ kind }) => kind === "Deployment");
    expect(JSON.stringify(deployment)).toContain(`"image":"${registry.host}/acme/regcred:1.2.3"`);
  });

  it("the chart has the same bytes whenever it is packed", async () => {
    const again = await chartPackage({
      chart: join(import.meta.dirname, "../../config/chart"),
      folder: join(folder, "again"),
      version: "1.2.3",
      repository: `${registry.host}/acme/regcred`,
    });
    expect(again.manifest.descriptor).toEqual(artifacts[1]?.manifest.descriptor);
    expect(await readFile(join(folder, "again", "regcred", "Chart.yaml"), "utf8")).toContain("appVersion: 1.2.3");
  });
});
