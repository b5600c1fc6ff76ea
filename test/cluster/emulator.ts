// How does a machine run programs of another architecture? Its kernel is told which program reads them.
import { access, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture } from "./architectures.ts";
import { outputOf } from "./output-of.ts";

/** What it needs on the machine, as `demandHost` takes it. */
export const emulatorTools = (of: Architecture): Readonly<Record<string, string>> => ({
  [programOf(of)]: "qemu-user-static",
});

const folder = "/proc/sys/fs/binfmt_misc";
const name = "regcred-tests";

/**
 * From now on the kernel runs them, in every chroot too. Resolves to what ends that. Where somebody else has told it
 * already, as Debian's package does on a machine with an init, nothing is changed.
 * @throws Error where this machine may not be told, as in a container without privileges.
 */
export async function emulator(of: Architecture): Promise<() => Promise<void>> {
  // https://docs.kernel.org/admin-guide/binfmt-misc.html
  const isMounted = await access(join(folder, "register")).then(
    () => true,
    () => false,
  );
  if (!isMounted) await outputOf("mount", ["-t", "binfmt_misc", "binfmt_misc", folder]);
  const known = await Promise.all(
    (await readdir(folder)).map((each) => readFile(join(folder, each), "utf8").catch(() => "")),
  );
  if (known.some((text) => text.startsWith("enabled") && text.includes(`/qemu-${of.qemu}`)))
    return () => Promise.resolve();
  // 64 bits, little endian, an executable or a shared object of that machine. F: the file is opened now, so that it need
  // not be in the chroot.
  const magic = `7f454c460201010000000000000000000200${hex(of.elf)}00`;
  const mask = "ffffffffffffff00fffffffffffffffffeffffff";
  const program = await outputOf("which", [programOf(of)]);
  await writeFile(join(folder, "register"), `:${name}:M::${escaped(magic)}:${escaped(mask)}:${program}:F`);
  return () => writeFile(join(folder, name), "-1");
}

function programOf({ qemu }: Architecture): string {
  return `qemu-${qemu}-static`;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

function escaped(bytes: string): string {
  return bytes.replaceAll(/../g, String.raw`\x$&`);
}
