// How does an executable for macOS get the signature without which Apple's own processors run nothing?
import { createHash } from "node:crypto";

// mach-o/loader.h: https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h
const machO64 = 0xfeedfacf;
const machHeaderSize = 32;
const segmentCommand = 0x19;
const codeSignatureCommand = 0x1d;
const codeSignatureCommandSize = 16;
// osfmk/kern/cs_blobs.h beside it.
const embeddedSignature = 0xfade0cc0;
const codeDirectory = 0xfade0c02;
const codeDirectoryVersion = 0x20400;
const codeDirectorySize = 88;
// Ad hoc, and as a linker makes it, so that codesign replaces it without being forced to.
const flags = 0x20002;
const mainBinary = 1;
const sha256 = 2;
const hashSize = 32;
const pageBits = 12;
const pageSize = 2 ** pageBits;
// A superblob with one blob: magic, length, count; type and offset.
const superBlobSize = 20;
// Of segments, on Apple's processors; fine on Intel's.
const segmentAlignment = 2 ** 14;
const signatureAlignment = 16;

interface Segment {
  /** Of its load command. */
  readonly at: number;
  readonly memory: number;
  readonly offset: number;
  readonly size: number;
}

/**
 * The program with a signature that names nobody: it proves that the pages are as they were written, which is all that the
 * kernel asks for. Byte for byte what Go's linker writes (cmd/internal/codesign), whose programs run on every Mac.
 */
export function signedAdHoc(program: Buffer, identifier: string): Buffer {
  const { text, linkEdit, end, firstSection } = layoutOf(program);
  if (linkEdit.offset + linkEdit.size !== program.length) throw new Error("something follows __LINKEDIT");
  if (end + codeSignatureCommandSize > firstSection) throw new Error("there is no room for one more load command");
  const start = aligned(program.length, signatureAlignment);
  const pages = Math.ceil(start / pageSize);
  const directorySize = codeDirectorySize + identifier.length + 1 + pages * hashSize;
  const signed = Buffer.alloc(start + superBlobSize + directorySize);
  program.copy(signed);

  // The load commands are part of what is signed.
  const size = signed.length - linkEdit.offset;
  const memory = size > linkEdit.memory ? aligned(size, segmentAlignment) : linkEdit.memory;
  signed.writeBigUInt64LE(BigInt(memory), linkEdit.at + 32);
  signed.writeBigUInt64LE(BigInt(size), linkEdit.at + 48);
  writeAll(signed, "LE", end, [codeSignatureCommand, codeSignatureCommandSize, start, superBlobSize + directorySize]);
  signed.writeUInt32LE(signed.readUInt32LE(16) + 1, 16);
  signed.writeUInt32LE(signed.readUInt32LE(20) + codeSignatureCommandSize, 20);

  const directory = start + superBlobSize;
  writeAll(signed, "BE", start, [embeddedSignature, superBlobSize + directorySize, 1, 0, superBlobSize]);
  const hashes = codeDirectorySize + identifier.length + 1;
  writeAll(signed, "BE", directory, [
    codeDirectory,
    directorySize,
    codeDirectoryVersion,
    flags,
    hashes,
    codeDirectorySize,
    0,
    pages,
    start,
  ]);
  signed.set([hashSize, sha256, 0, pageBits], directory + 36);
  signed.writeBigUInt64BE(BigInt(text.offset), directory + 64);
  signed.writeBigUInt64BE(BigInt(text.size), directory + 72);
  signed.writeBigUInt64BE(BigInt(mainBinary), directory + 80);
  signed.write(identifier, directory + codeDirectorySize, "latin1");
  for (let page = 0; page < pages; page += 1) {
    const bytes = signed.subarray(page * pageSize, Math.min((page + 1) * pageSize, start));
    createHash("sha256")
      .update(bytes)
      .digest()
      .copy(signed, directory + hashes + page * hashSize);
  }
  return signed;
}

function layoutOf(program: Buffer): {
  readonly text: Segment;
  readonly linkEdit: Segment;
  /** Of the load commands. */
  readonly end: number;
  readonly firstSection: number;
} {
  if (program.readUInt32LE(0) !== machO64) throw new Error("this is no program for macOS with 64 bits");
  const segments = new Map<string, Segment>();
  let firstSection = Number.POSITIVE_INFINITY;
  let at = machHeaderSize;
  for (let left = program.readUInt32LE(16); left > 0; left -= 1) {
    const command = program.readUInt32LE(at);
    if (command === codeSignatureCommand) throw new Error("this program has a signature already");
    if (command === segmentCommand) {
      const name = program.toString("latin1", at + 8, at + 24).replace(/\0+$/, "");
      const [memory = 0, offset = 0, size = 0] = [32, 40, 48].map((field) =>
        Number(program.readBigUInt64LE(at + field)),
      );
      segments.set(name, { at, memory, offset, size });
      for (let section = program.readUInt32LE(at + 64) - 1; section >= 0; section -= 1) {
        const offsetOfSection = program.readUInt32LE(at + 72 + 80 * section + 48);
        // A section without bytes in the file has none.
        if (offsetOfSection > 0) firstSection = Math.min(firstSection, offsetOfSection);
      }
    }
    at += program.readUInt32LE(at + 4);
  }
  const [text, linkEdit] = [segments.get("__TEXT"), segments.get("__LINKEDIT")];
  if (!text || !linkEdit) throw new Error("this program has no __TEXT or no __LINKEDIT");
  return { text, linkEdit, end: at, firstSection };
}

function writeAll(into: Buffer, order: "LE" | "BE", at: number, numbers: readonly number[]): void {
  for (const [index, number] of numbers.entries()) {
    if (order === "LE") into.writeUInt32LE(number, at + 4 * index);
    else into.writeUInt32BE(number, at + 4 * index);
  }
}

function aligned(size: number, to: number): number {
  return Math.ceil(size / to) * to;
}
