// Is our signature what a linker for macOS writes, and does it hold for what it signs?
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { signedAdHoc } from "../../tools/build/ad-hoc-signature.ts";
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

/** Where the load commands are, by their kind or the name of their segment. The one that names the signature is the last. */
function commandsOf(program: Buffer): ReadonlyMap<number | string, number> {
  const found = new Map<number | string, number>();
  let at = 32;
  for (let left = program.readUInt32LE(16); left > 0; left -= 1) {
    const kind = program.readUInt32LE(at);
    found.set(kind === 0x19 ? program.toString("latin1", at + 8, at + 24).replace(/\0+$/, "") : kind, at);
    at += program.readUInt32LE(at + 4);
  }
  return found;
}

function withoutSignature(signed: Buffer): Buffer {
  const commands = commandsOf(signed);
  const [signature = 0, linkEdit = 0] = [commands.get(0x1d), commands.get("__LINKEDIT")];
  const program = Buffer.from(signed.subarray(0, signed.readUInt32LE(signature + 8)));
  program.fill(0, signature, signature + 16);
  program.writeUInt32LE(program.readUInt32LE(16) - 1, 16);
  program.writeUInt32LE(program.readUInt32LE(20) - 16, 20);
  program.writeBigUInt64LE(BigInt(program.length) - program.readBigUInt64LE(linkEdit + 40), linkEdit + 48);
  return program;
}

/** Of how many pages does the signature say what they hold, and of which is it wrong? */
function checked(signed: Buffer): { readonly pages: number; readonly wrong: readonly number[] } {
  const start = signed.readUInt32LE((commandsOf(signed).get(0x1d) ?? 0) + 8);
  const directory = start + signed.readUInt32BE(start + 16);
  const [hashes, pages, end] = [16, 28, 32].map((at) => signed.readUInt32BE(directory + at)) as [
    number,
    number,
    number,
  ];
  const wrong = Array.from({ length: pages }, (_, page) => page).filter((page) => {
    const bytes = signed.subarray(page * 4096, Math.min((page + 1) * 4096, end));
    const at = directory + hashes + page * 32;
    return !createHash("sha256")
      .update(bytes)
      .digest()
      .equals(signed.subarray(at, at + 32));
  });
  return { pages, wrong };
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

  it("holds for every page of the executable, which is made on this machine", () => {
    const folder = temporaryFolder();
    const built = spawnSync("npm", ["run", "executable", "--", `--to=${folder}`, "darwin-arm64"], {
      cwd: join(import.meta.dirname, "../.."),
      encoding: "utf8",
    });
    expect(built).toMatchObject({ status: 0, stdout: expect.stringContaining("wrote ") });
    const program = readFileSync(join(folder, "kubectl-regcred-darwin-arm64"));
    expect([...commandsOf(program).keys()]).toEqual(expect.arrayContaining(["NODE_SEA", "__LINKEDIT"]));
    const { pages, wrong } = checked(program);
    expect(pages).toBeGreaterThan(30_000);
    expect(wrong).toEqual([]);
    program[1_000_000] = (program[1_000_000] ?? 0) ^ 1;
    expect(checked(program).wrong).toEqual([Math.floor(1_000_000 / 4096)]);
  });

  it("is for programs of macOS only", () => {
    expect(() => signedAdHoc(Buffer.from("\u007FELF".padEnd(64)), "a.out")).toThrow("no program for macOS");
  });
});
