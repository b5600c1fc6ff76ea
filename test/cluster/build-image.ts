// How is the Dockerfile built on a machine that can pull no image?
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { outputOf } from "./output-of.ts";
import type { Registry } from "./registry.ts";
import type { Credentials } from "./registry-client.ts";
import { watchdog } from "./watchdog.ts";

export interface BuiltImage {
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

/**
 * Builds it with buildah from a base of this machine's own files: the pinned Node with what it links to. So nothing is
 * pulled, and nothing is installed: the build sees our node_modules. Needs root.
 * @throws Error with the end of what buildah said.
 */
export async function buildImage(version: string): Promise<BuiltImage> {
  const folder = await mkdtemp(join(tmpdir(), "regcred-image-"));
  watchdog.made(folder);
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  // vfs: plain copies, which work on top of whatever file system a build server has.
  const storage = ["--storage-driver=vfs", `--root=${join(folder, "images")}`, `--runroot=${join(folder, "run")}`];
  const buildah = (command: string, ...args: readonly string[]): Promise<string> =>
    // With a mount namespace of its own, a build that is killed leaves no mount.
    outputOf("unshare", ["--mount", "--", "buildah", ...storage, command, ...args]);
  try {
    const base = join(folder, "base");
    // What the bundler links to is wanted, too, while the image is built.
    const script = join(project, "src/build/runtime-files.ts");
    await outputOf(process.execPath, ["--import", "rolldown", script, base], { cwd: project });
    const container = await buildah("from", "scratch");
    await buildah("add", "--quiet", container, base, "/");
    await buildah("config", "--env=PATH=/usr/local/bin", container);
    await buildah("commit", "--quiet", container, "localhost/node");
    await buildah(
      "build",
      "--isolation=chroot",
      "--layers=false",
      // The same files give the same image.
      "--timestamp=0",
      "--build-arg=NODE_IMAGE=localhost/node",
      `--build-arg=VERSION=${version}`,
      `--volume=${join(project, "node_modules")}:/work/node_modules:ro`,
      "--tag=localhost/regcred",
      project,
    );
    const inspected = JSON.parse(await buildah("inspect", "--type=image", "localhost/regcred")) as {
      readonly OCIv1: { readonly config: BuiltImage["config"] };
    };
    const look = await buildah("from", "localhost/regcred");
    return {
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
