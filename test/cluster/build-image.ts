// Builds the Dockerfile on a machine that can pull no image.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Architecture, architectures } from "../../tools/build/architectures.ts";
import { foreignBase } from "./foreign-base.ts";
import { baseImage, buildahIn } from "./buildah.ts";
import { outputOf } from "./output-of.ts";
import type { Registry } from "./registry.ts";
import type { Credentials } from "./registry-client.ts";
import { watchdog } from "./watchdog.ts";

export interface BuiltImage {
  /** As images call it. */
  readonly architecture: string;
  /** https://github.com/opencontainers/image-spec/blob/main/config.md */
  readonly config: {
    readonly User: string;
    readonly Entrypoint: readonly string[];
    readonly Cmd: readonly string[];
    readonly Env?: readonly string[];
    readonly Labels: Readonly<Record<string, string>>;
  };
  /** A folder with the image's files in their places. */
  readonly root: string;
  /** Pushes it as REPOSITORY:TAG. */
  push(registry: Pick<Registry, "host">, repository: string, tag: string, credentials: Credentials): Promise<void>;
  /** Removes all that the build has left. */
  remove(): Promise<void>;
}

const project = join(import.meta.dirname, "..", "..");

/** What the build needs on the machine, as `demandHost` takes it. */
export const buildTools = { buildah: "buildah", unshare: "util-linux" } as const;

/** Of this machine. */
export const ownArchitecture: Architecture | undefined = architectures.find(({ node }) => node === process.arch);

/**
 * Builds it with buildah from a base of this machine's own files: the pinned Node with what it links to. So nothing is
 * pulled, and nothing is installed: the build sees our node_modules. For another architecture the base comes from
 * `foreignBase`, and the machine must be able to run it (`emulator`). Needs root.
 * @throws Error with the end of what buildah said.
 */
export async function buildImage(version: string, target = ownArchitecture): Promise<BuiltImage> {
  if (!ownArchitecture || !target) throw new Error(`regcred has no image for ${process.arch}`);
  const own = ownArchitecture;
  const folder = await mkdtemp(join(tmpdir(), "regcred-image-"));
  watchdog.made(folder);
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  const buildah = buildahIn(folder);
  const commit = (of: Architecture, base: string): Promise<string> =>
    baseImage(buildah, { name: `node-${of.name}`, architecture: of.name, files: base, path: "/usr/local/bin" });
  try {
    const base = join(folder, "base");
    // What the bundler links to is wanted, too, while the image is built.
    const script = join(project, "tools/build/runtime-files.ts");
    await outputOf(process.execPath, ["--import", "rolldown", script, base], { cwd: project });
    const builder = await commit(own, base);
    let node = builder;
    if (target !== own) {
      const foreign = join(folder, "foreign");
      await foreignBase(target, folder, foreign);
      node = await commit(target, foreign);
    }
    await buildah(
      "build",
      "--isolation=chroot",
      "--layers=false",
      "--pull-never",
      // The same files give the same image.
      "--timestamp=0",
      `--platform=linux/${target.name}`,
      // Newer ones than Debian 12's know these two by themselves.
      `--build-arg=BUILDPLATFORM=linux/${own.name}`,
      `--build-arg=TARGETPLATFORM=linux/${target.name}`,
      `--build-arg=BUILDER_IMAGE=${builder}`,
      `--build-arg=NODE_IMAGE=${node}`,
      `--build-arg=VERSION=${version}`,
      `--volume=${join(project, "node_modules")}:/work/node_modules:ro`,
      "--tag=localhost/regcred",
      project,
    );
    const inspected = JSON.parse(await buildah("inspect", "--type=image", "localhost/regcred")) as {
      readonly OCIv1: { readonly architecture: string; readonly config: BuiltImage["config"] };
    };
    const look = await buildah("from", `--arch=${target.name}`, "localhost/regcred");
    return {
      architecture: inspected.OCIv1.architecture,
      config: inspected.OCIv1.config,
      root: await buildah("mount", look),
      push: async (registry, repository, tag, { username, password }) => {
        const to = `docker://${registry.host}/${repository}:${tag}`;
        await buildah(
          "push",
          "--quiet",
          "--tls-verify=false",
          `--creds=${username}:${password}`,
          "localhost/regcred",
          to,
        );
      },
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
