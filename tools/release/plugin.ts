// Makes the archives of the kubectl plugin: with Node inside for Linux, and for a Node that is there already elsewhere.
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture } from "../build/architectures.ts";
import { bundle, entryFile } from "../build/bundle.ts";
import { executable } from "../build/executable.ts";
import { archive } from "./archive.ts";
import type { PluginArchive } from "./krew-manifest.ts";

export interface PluginOptions {
  readonly version: string;
  /** The package of Node for each. */
  readonly nodes: ReadonlyMap<Architecture, string>;
  /** Texts that go beside the program, by their names. */
  readonly licenses: Readonly<Record<string, string>>;
  /** Where they are put together. */
  readonly folder: string;
}

/** A .cmd runs what is beside it, with all arguments. https://learn.microsoft.com/windows-server/administration/windows-commands/call */
const onWindows = `@node "%~dp0${entryFile}" %*\r\n`;

/** By the names of their files. */
export async function pluginArchives(
  options: PluginOptions,
): Promise<ReadonlyMap<string, Omit<PluginArchive, "url" | "sha256"> & { readonly bytes: Uint8Array }>> {
  const { version, nodes, licenses, folder } = options;
  const texts = Object.keys(licenses);
  const place = async (name: string): Promise<string> => {
    const to = join(folder, name);
    await mkdir(to, { recursive: true });
    for (const [text, content] of Object.entries(licenses)) await writeFile(join(to, text), content);
    return to;
  };
  const archives = new Map<string, Omit<PluginArchive, "url" | "sha256"> & { readonly bytes: Uint8Array }>();
  for (const [{ name }, node] of nodes) {
    const to = await place(name);
    await executable(() => Promise.resolve(join(node, "bin", "node")), join(to, "kubectl-regcred"));
    archives.set(`kubectl-regcred-${version}-linux-${name}.tar.gz`, {
      platforms: [{ os: "linux", arch: name }],
      bin: "kubectl-regcred",
      bytes: await archive(to, [...texts, "kubectl-regcred"]),
    });
  }
  const to = await place("node");
  await bundle(to);
  await chmod(join(to, entryFile), 0o755);
  await writeFile(join(to, "kubectl-regcred.cmd"), onWindows);
  // Apple's processors run no executable without a signature, which only tools on a Mac make; krew makes no link to a script
  // on Windows.
  archives.set(`kubectl-regcred-${version}-node.tar.gz`, {
    platforms: [
      { os: "darwin", arch: "amd64" },
      { os: "darwin", arch: "arm64" },
    ],
    bin: entryFile,
    bytes: await archive(to, [...texts, "kubectl-regcred.cmd", "parts", entryFile]),
  });
  return archives;
}
