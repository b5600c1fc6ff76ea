// Is our signature what a linker for macOS writes, and does it hold for what it signs?
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { signedAdHoc } from "../../src/build/ad-hoc-signature.ts";
import { temporaryFolder } from "../cluster/temporary-folder.ts";

const noGo = spawnSync("go", ["version"]).error?.message;
const skipped = noGo !== undefined && !process.env["CI"];
if (skipped) process.stderr.write(`ad-hoc-signature.test.ts needs Go and is not run: ${noGo}\n`);

/** A program for a Mac with Apple's processor, which Go signs: https://go.dev/doc/go1.16#darwin */
function programOfGo(): Buffer {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "main.go"), 'package main\n\nfunc main() { println("hello") }\n');
  const { status, stderr } = spawnSync("go", ["build", "-o", "program", "main.go"], {
    cwd: folder,
    env: { ...process.env, GOOS: "darwin", GOARCH: "arm64", CGO_ENABLED: "0", GOWORK: "off" },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`go build failed: ${stderr}`);
  return readFileSync(join(folder, "program"));
}

/** The load command that names the signature is the last one. */
function withoutSignature(signed: Buffer): Buffer {
  let command = 32;
  let linkEdit = 0;
  for (let left = signed.readUInt32LE(16); left > 1; left -= 1) {
    if (signed.toString("latin1", command + 8, command + 18) === "__LINKEDIT") linkEdit = command;
    command += signed.readUInt32LE(command + 4);
  }
  expect(signed.readUInt32LE(command)).toBe(0x1d);
  const program = Buffer.from(signed.subarray(0, signed.readUInt32LE(command + 8)));
  program.fill(0, command, command + 16);
  program.writeUInt32LE(program.readUInt32LE(16) - 1, 16);
  program.writeUInt32LE(program.readUInt32LE(20) - 16, 20);
  program.writeBigUInt64LE(BigInt(program.length) - program.readBigUInt64LE(linkEdit + 40), linkEdit + 48);
  return program;
}

describe("the signature of a program for macOS", { timeout: 120_000 }, () => {
  it.skipIf(skipped)("is byte for byte that of Go's linker, and is not put on twice", () => {
    expect(noGo).toBeUndefined();
    const signed = programOfGo();
    const program = withoutSignature(signed);
    expect(program.length).toBeLessThan(signed.length);
    expect(signedAdHoc(program, "a.out").equals(signed)).toBe(true);
    expect(() => signedAdHoc(signed, "a.out")).toThrow("has a signature already");
  });

  it("is for programs of macOS only", () => {
    expect(() => signedAdHoc(Buffer.from("\u007FELF".padEnd(64)), "a.out")).toThrow("no program for macOS");
  });
});
