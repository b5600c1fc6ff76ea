// Tests that image and executable for the architecture that this machine does not have are built by the same steps, and run.
import { closeSync, globSync, mkdirSync, openSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { architectures } from "../../tools/build/architectures.ts";
import { executable } from "../../tools/build/executable.ts";
import { type BuiltImage, buildImage, buildTools, ownArchitecture } from "../cluster/build-image.ts";
import { type Emulation, emulator, emulatorTools } from "../cluster/emulator.ts";
import { foreignBaseTools } from "../cluster/foreign-base.ts";
import { demandHost } from "../cluster/node-host.ts";
import { outputOf } from "../cluster/output-of.ts";

const [other] = architectures.filter((each) => each !== ownArchitecture);
if (!other) throw new Error("there are two");

let image: BuiltImage | undefined;
let emulation: Emulation | undefined;

beforeAll(async () => {
  await demandHost({ ...buildTools, ...foreignBaseTools, ...emulatorTools(other) });
  emulation = await emulator(other);
  if (emulation.refused === undefined) image = await buildImage(packageJson.version, other);
  else
    process.stderr.write(
      `LEFT OUT: the image for ${other.name}. This machine may run no emulator: ${emulation.refused}\n`,
    );
});
afterAll(async () => {
  await image?.remove();
  await emulation?.end();
});

/** Left out, and said so, only where the kernel of the machine is not ours to tell. */
function built({ skip }: TestContext): BuiltImage {
  return image ?? skip("left out: this machine may run no emulator");
}

describe(`the image for ${other.name}`, () => {
  it("says so, and every program and library in it is of that architecture", (test) => {
    const { architecture, root } = built(test);
    expect(architecture).toBe(other.name);
    const files = globSync(["usr/local/bin/node", "**/*.so*"], { cwd: root });
    expect(files.length).toBeGreaterThan(5);
    expect(files.map((file) => [file, machineOf(join(root, file))])).toEqual(files.map((file) => [file, other.elf]));
  });

  it("has the program, compiled for its Node, and runs it as nobody", async (test) => {
    const { root, config } = built(test);
    // And what has loaded them all.
    const parts = globSync("regcred/{*,parts/*}.mjs", { cwd: root });
    expect(globSync(`regcred/compiled/*-${other.node}-*/*`, { cwd: root })).toHaveLength(parts.length + 1);
    const [node = "", ...options] = config.Entrypoint;
    const version = await outputOf("chroot", ["--userspec=65532:65532", root, node, ...options, "--version"]);
    expect(version).toBe(packageJson.version);
  });
});

describe(`the executable for ${other.name}`, () => {
  it("answers a kubelet of such a node, with the libraries that a node has", async (test) => {
    const { root } = built(test);
    const program = join(root, "opt/regcred/bin/regcred");
    // The Node that the image holds is the one that npm has for this architecture.
    await executable(async () => join(root, "usr/local/bin/node"), program);
    expect(machineOf(program)).toBe(other.elf);
    const secret = join(root, "etc/regcred/secrets/hub");
    mkdirSync(secret, { recursive: true, mode: 0o700 });
    for (const [key, value] of Object.entries({ username: "acme", password: "hunter2" })) {
      writeFileSync(join(secret, key), value, { mode: 0o600 });
    }
    const hub = { name: "hub", provider: "Static", hosts: ["docker.io"], static: { secretName: "hub" } };
    writeFileSync(
      join(root, "etc/regcred/regcred.yaml"),
      JSON.stringify({
        apiVersion: "regcred.dev/v1alpha1",
        kind: "NodeCredentials",
        metadata: { name: "regcred" },
        registries: [hub],
      }),
      { mode: 0o600 },
    );
    const request = join(root, "request.json");
    writeFileSync(
      request,
      JSON.stringify({
        apiVersion: "credentialprovider.kubelet.k8s.io/v1",
        kind: "CredentialProviderRequest",
        image: "docker.io/acme/app",
      }),
    );
    const command = 'exec chroot "$0" /opt/regcred/bin/regcred credential-provider --config "$1" <"$2"';
    const answer = await outputOf("/bin/sh", ["-c", command, root, "/etc/regcred/regcred.yaml", request]);
    expect(JSON.parse(answer)).toMatchObject({ auth: { "docker.io": { username: "acme", password: "hunter2" } } });
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
