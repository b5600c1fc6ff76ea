// Publishes a release to a registry: the image for both architectures, the chart, and what is in them; the plugin's archives beside it.
//
// Usage: npm run release -- --help
import { execFile } from "node:child_process";
import type { KeyObject } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import packageJson from "../../package.json" with { type: "json" };
import { printable } from "../../src/runtime/foreign-text.ts";
import { type Architecture, architectures } from "../build/architectures.ts";
import { fetchedNode } from "../build/node-binary.ts";
import { type ReleaseArguments, releaseArguments, schemeOf, usage } from "./arguments.ts";
import { type Artifacts, artifactsOf } from "./artifacts.ts";
import { chartPackage } from "./chart-package.ts";
import { assembledImages } from "./image.ts";
import { imagesIn } from "./image-layout.ts";
import { krewManifest } from "./krew-manifest.ts";
import { loginFor } from "./login.ts";
import { mirrored } from "./mirror.ts";
import { digestOf } from "./oci.ts";
import { pluginArchives } from "./plugin.ts";
import { bundledProgram } from "./program.ts";
import { type Artifact, pushAll } from "./push.ts";
import { registryClient, type RegistryOptions } from "./registry.ts";
import { signatureOf, signingKey } from "./signature.ts";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);
const tell = (line: string): void => void process.stdout.write(`${printable(line)}\n`);

/** The commit that is released. */
interface Source {
  readonly revision: string;
  /** ISO 8601, in UTC. */
  readonly created: string;
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
  const [revision = "", created = ""] = (
    await git("log", "-1", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", "--format=%H%n%cd")
  ).split("\n");
  return { revision, created };
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // A registry may have put anything into it.
  return printable(message);
}

/** The npm package of Node for each architecture, as package-lock.json pins it. */
async function fetchedNodes(folder: string): Promise<ReadonlyMap<Architecture, string>> {
  const nodes = new Map<Architecture, string>();
  for (const architecture of architectures) {
    const to = join(folder, `node-${architecture.name}`);
    await mkdir(to);
    nodes.set(architecture, await fetchedNode(`linux-${architecture.node}`, to));
  }
  return nodes;
}

/** Everything, made and not sent. */
interface Made extends Artifacts {
  readonly files: ReadonlyMap<string, Uint8Array>;
}

async function made(args: ReleaseArguments, key: KeyObject | undefined, folder: string): Promise<Made> {
  const { host, path, version, images, downloads } = args;
  const source = await sourceOf(args);
  tell(`regcred ${version}, commit ${source.revision}`);
  const nodes = await fetchedNodes(folder);
  const { program, shipped, lockFile } = await bundledProgram(folder);
  tell("image: for linux/amd64 and linux/arm64, which takes a minute");
  const image =
    images === undefined
      ? await assembledImages({ ...source, version, program, nodes, folder: join(folder, "images") })
      : await imagesIn(images);
  const chart = await chartPackage({
    chart: join(root, "config/chart"),
    folder: join(folder, "chart"),
    version,
    repository: `${host}/${path}/regcred`,
  });
  const artifacts = artifactsOf({ ...args, ...source, image, chart: chart.manifest, shipped, lockFile, key });
  tell("plugin: for linux/amd64, linux/arm64, and any Node");
  const { licenses } = program;
  const plugins = await pluginArchives({ version, nodes, licenses, folder: join(folder, "plugin") });
  const files = new Map([
    [`regcred-${version}.tgz`, chart.archive],
    [`regcred-${version}.spdx.json`, Buffer.from(artifacts.sbom)],
    [`regcred-${version}.provenance.json`, Buffer.from(artifacts.provenance)],
    ...[...plugins].map(([name, { bytes }]) => [name, bytes] as const),
  ]);
  if (downloads !== undefined) {
    const archives = [...plugins].map(([name, { platforms, bin, bytes }]) => ({
      platforms,
      bin,
      url: `${downloads}/${name}`,
      sha256: digestOf(bytes).slice("sha256:".length),
    }));
    files.set("regcred.krew.yaml", Buffer.from(krewManifest(version, downloads, archives)));
  }
  // As sha256sum --check reads it.
  const sums = [...files].map(([name, bytes]) => `${digestOf(bytes).slice("sha256:".length)}  ${name}\n`);
  const checksums = Buffer.from(sums.toSorted().join(""));
  files.set("checksums.txt", checksums);
  if (key) files.set("checksums.txt.sig", Buffer.from(`${signatureOf(checksums, key)}\n`));
  return { ...artifacts, files };
}

/** Writes what no registry has, and what people look for as files. */
async function writeFiles(
  files: ReadonlyMap<string, Uint8Array>,
  { to, version }: Pick<ReleaseArguments, "to" | "version">,
): Promise<void> {
  const folder = resolve(to ?? join(root, "dist/release"), version);
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
  tell(`files: ${(await readdir(folder)).toSorted().join(", ")} in ${folder}`);
}

async function optionsFor(host: string, { dockerConfig, plainHTTP }: ReleaseArguments): Promise<RegistryOptions> {
  return { host, scheme: schemeOf(host, plainHTTP), login: await loginFor(host, dockerConfig) };
}

async function send(artifacts: readonly Artifact[], args: ReleaseArguments): Promise<void> {
  const { host, path, version, dryRun, from } = args;
  for (const { what, repository, tag, manifest } of artifacts)
    tell(`${what}: ${host}/${repository}:${tag} is ${manifest.descriptor.digest}`);
  if (dryRun) {
    tell("nothing was sent (--dry-run)");
    return;
  }
  await pushAll(artifacts, registryClient(await optionsFor(host, args)), tell).catch((error: unknown) => {
    throw new Error(`${messageOf(error)}\nWhat was sent is not sent again: run the same command once it is mended.`);
  });
  tell(
    `helm install regcred oci://${host}/${path}/charts/regcred --version ${version} --namespace regcred-system --create-namespace${
      // The chart is the same, byte for byte, and names the image where it was made.
      from ? ` --set image.repository=${host}/${path}/regcred` : ""
    }`,
  );
}

async function release(args: ReleaseArguments, folder: string): Promise<void> {
  const { from, version, key: keyFile } = args;
  if (from) {
    const origin = registryClient({ ...(await optionsFor(from.host, args)), actions: "pull" });
    await send(await mirrored(origin, { version, from: from.path, to: args.path }), args);
    return;
  }
  const key = keyFile === undefined ? undefined : await signingKey(keyFile);
  const { artifacts, files } = await made(args, key, folder);
  if (!key) tell("nothing is signed (--key)");
  await writeFiles(files, args);
  await send(artifacts, args);
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
