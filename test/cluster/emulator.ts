// Registers an emulator with the kernel, so that a machine can run programs of another architecture.
import { access, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture } from "../../tools/build/architectures.ts";
import { outputOf } from "./output-of.ts";

/** What it needs on the machine, as `demandHost` takes it. */
export const emulatorTools = (of: Architecture): Readonly<Record<string, string>> => ({
  [programOf(of)]: "qemu-user-static",
});

const folder = "/proc/sys/fs/binfmt_misc";
const name = "regcred-tests";

export interface Emulation {
  /** Why this machine may not be told, as in a container without privileges. */
  readonly refused?: string;
  end(): Promise<void>;
}

/**
 * From now on the kernel runs them, in every chroot too, until the end. Where somebody else has told it already, as
 * Debian's package does on a machine with an init, nothing is changed.
 */
export async function emulator(of: Architecture): Promise<Emulation> {
  // Last first.
  const undo: (() => Promise<unknown>)[] = [];
  const end = async (): Promise<void> => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    // https://docs.kernel.org/admin-guide/binfmt-misc.html
    if (!(await isThere(join(folder, "register")))) {
      await outputOf("mount", ["-t", "binfmt_misc", "binfmt_misc", folder]);
      undo.push(() => outputOf("umount", [folder]));
    }
    if (await isKnown(of)) return { end };
    await writeFile(join(folder, "register"), `:${name}:M::${magicOf(of)}:${mask}:${await pathOf(of)}:F`);
    undo.push(() => writeFile(join(folder, name), "-1"));
    return { end };
  } catch (error) {
    await end();
    return { refused: error instanceof Error ? error.message : String(error), end };
  }
}

/** Whether the kernel gives such programs to QEMU as it is. */
async function isKnown({ qemu }: Architecture): Promise<boolean> {
  const entries = (await readdir(folder)).filter((each) => each !== "register");
  const texts = await Promise.all(entries.map((each) => readFile(join(folder, each), "utf8")));
  return texts.some((text) => text.startsWith("enabled") && text.includes(`/qemu-${qemu}`));
}

// 64 bits, little endian, an executable or a shared object of that machine. F, above: the interpreter is opened at once, so
// that it need not be in the chroot.
const mask = escaped("ffffffffffffff00fffffffffffffffffeffffff");

function magicOf({ elf }: Architecture): string {
  return escaped(`7f454c460201010000000000000000000200${hex(elf)}00`);
}

function pathOf(of: Architecture): Promise<string> {
  return outputOf("which", [programOf(of)]);
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
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
