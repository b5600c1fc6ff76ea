// A program for a container that does nothing but stay, in an image of one file.

/** The machine code of "sleep until there is a signal, and again", by Go's name of the architecture. */
const forever: Readonly<Record<string, { readonly machine: number; readonly code: readonly number[] }>> = {
  // mov eax, 34 (pause); syscall; jmp to the start. Numbers: linux/arch/x86/entry/syscalls/syscall_64.tbl
  amd64: { machine: 62, code: [0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7] },
  // mov x0..x4, 0; mov x8, 73 (ppoll); svc 0; b to the start. Numbers: linux/include/uapi/asm-generic/unistd.h
  arm64: {
    machine: 183,
    code: [
      [0x00, 0x00, 0x80, 0xd2],
      [0x01, 0x00, 0x80, 0xd2],
      [0x02, 0x00, 0x80, 0xd2],
      [0x03, 0x00, 0x80, 0xd2],
      [0x04, 0x00, 0x80, 0xd2],
      [0x28, 0x09, 0x80, 0xd2],
      [0x01, 0x00, 0x00, 0xd4],
      [0xf9, 0xff, 0xff, 0x17],
    ].flat(),
  },
};

// ELF-64, little endian: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
const headerBytes = 64;
const segmentBytes = 56;
const address = 0x40_0000n;

/**
 * A static executable for Linux. As process 1 of a container it ignores SIGTERM, so its pods want a short grace period.
 * @throws Error for an architecture of which we know no machine code.
 */
export function tinyProgram(arch: string): Buffer {
  const known = forever[arch];
  if (!known) throw new Error(`no tiny program for ${arch}: only for ${Object.keys(forever).join(" and ")}`);
  const size = headerBytes + segmentBytes + known.code.length;
  const file = Buffer.alloc(size);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], 0);
  file.writeUInt16LE(2, 16); // ET_EXEC
  file.writeUInt16LE(known.machine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(address + BigInt(headerBytes + segmentBytes), 24); // where it begins
  file.writeBigUInt64LE(BigInt(headerBytes), 32); // where the segments are listed
  file.writeUInt16LE(headerBytes, 52);
  file.writeUInt16LE(segmentBytes, 54);
  file.writeUInt16LE(1, 56); // one of them
  file.writeUInt32LE(1, headerBytes); // PT_LOAD
  file.writeUInt32LE(5, headerBytes + 4); // readable, executable
  file.writeBigUInt64LE(address, headerBytes + 16);
  file.writeBigUInt64LE(address, headerBytes + 24);
  file.writeBigUInt64LE(BigInt(size), headerBytes + 32);
  file.writeBigUInt64LE(BigInt(size), headerBytes + 40);
  file.writeBigUInt64LE(0x1000n, headerBytes + 48);
  file.set(known.code, headerBytes + segmentBytes);
  return file;
}
