// Names that Debian, npm, images and ELF have for the two architectures that regcred runs on.

export interface Architecture {
  /** As images and Debian call it. */
  readonly name: "amd64" | "arm64";
  /** As Node calls it. */
  readonly node: "x64" | "arm64";
  /** As QEMU calls it. */
  readonly qemu: "x86_64" | "aarch64";
  /** `e_machine` of ELF: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
  readonly elf: number;
}

export const architectures: readonly Architecture[] = [
  { name: "amd64", node: "x64", qemu: "x86_64", elf: 62 },
  { name: "arm64", node: "arm64", qemu: "aarch64", elf: 183 },
];
