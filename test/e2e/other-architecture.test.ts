// Is the image for the architecture that this machine does not have built by the same steps, and does it run?
import { closeSync, globSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { architectures } from "../cluster/architectures.ts";
import { type BuiltImage, buildImage, buildTools, ownArchitecture } from "../cluster/build-image.ts";
import { emulator, emulatorTools } from "../cluster/emulator.ts";
import { foreignBaseTools } from "../cluster/foreign-base.ts";
import { demandHost } from "../cluster/node-host.ts";
import { outputOf } from "../cluster/output-of.ts";

const [other] = architectures.filter((each) => each !== ownArchitecture);
if (!other) throw new Error("there are two");

let image: BuiltImage;
let endEmulation: (() => Promise<void>) | undefined;

beforeAll(async () => {
  await demandHost({ ...buildTools, ...foreignBaseTools, ...emulatorTools(other) });
  endEmulation = await emulator(other);
  image = await buildImage(packageJson.version, other);
});
afterAll(async () => {
  await image?.remove();
  await endEmulation?.();
});

describe(`the image for ${other.name}`, () => {
  it("says so, and every program and library in it is of that architecture", () => {
    expect(image.architecture).toBe(other.name);
    const files = globSync(["usr/local/bin/node", "**/*.so*"], { cwd: image.root });
    expect(files.length).toBeGreaterThan(5);
    expect(files.map((file) => [file, machineOf(join(image.root, file))])).toEqual(
      files.map((file) => [file, other.elf]),
    );
  });

  it("has the program, compiled for its Node, and runs it as nobody", async () => {
    expect(globSync(`regcred/compiled/*-${other.node}-*/*`, { cwd: image.root })).toHaveLength(1);
    const [node = "", ...options] = image.config.Entrypoint;
    const said = await outputOf("chroot", ["--userspec=65532:65532", image.root, node, ...options, "--version"]);
    expect(said).toBe(packageJson.version);
  });
});

/** `e_machine`, the 18th byte and the next, of an ELF file of little endian. */
function machineOf(path: string): number {
  const header = Buffer.alloc(20);
  const file = openSync(path, "r");
  readSync(file, header);
  closeSync(file);
  return header.readUInt16LE(18);
}
