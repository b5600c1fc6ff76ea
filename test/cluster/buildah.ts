// Builds images on a machine whose own images must not be touched.
import { join } from "node:path";
import { outputOf } from "./output-of.ts";

/** Gives what it prints. */
export type Buildah = (command: string, ...args: readonly string[]) => Promise<string>;

/** All that it keeps lies below `folder`. */
export function buildahIn(folder: string): Buildah {
  // vfs: plain copies, which work on top of whatever file system a build server has.
  const storage = ["--storage-driver=vfs", `--root=${join(folder, "images")}`, `--runroot=${join(folder, "run")}`];
  return (command, ...args) =>
    // With a mount namespace of its own, a build that is killed leaves no mount.
    outputOf("unshare", ["--mount", "--", "buildah", ...storage, command, ...args]);
}

export interface BaseImage {
  readonly name: string;
  readonly architecture: string;
  /** The folder of what is in it. */
  readonly files: string;
  /** Where its programs lie. */
  readonly path: string;
}

/** Makes an image of files instead of pulling one, and gives its name. */
export async function baseImage(buildah: Buildah, { name, architecture, files, path }: BaseImage): Promise<string> {
  const image = `localhost/${name}`;
  const container = await buildah("from", `--arch=${architecture}`, "scratch");
  await buildah("add", "--quiet", container, files, "/");
  await buildah("config", `--env=PATH=${path}`, `--arch=${architecture}`, container);
  await buildah("commit", "--quiet", container, image);
  return image;
}
