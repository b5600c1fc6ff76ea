// Tests that the API server accepts each command that regcred can advise, typed as it stands with the real kubectl.
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { advised, typedCommands } from "../advised-commands.ts";
import { eventually, type TestEnv, testEnv, staticSpec } from "./test-env.ts";
import { filled, type Shell, shellIn } from "./shell.ts";

const root = join(import.meta.dirname, "..", "..");
/** What a person types for the words in capitals. */
const words = {
  HOST: "registry.example.com",
  USER: "ann",
  PASSWORD: "hunter2",
  FILE: "config.json",
  NAME: "login",
  VALUE: "tenant",
  ACCOUNT: "123456789012",
  GUID: "01234567-89ab-cdef-0123-456789abcdef",
};

describe("a command that is advised", () => {
  let world: TestEnv;
  let folder: string;
  let shell: Shell;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "regcred-advised-"));
    for (const part of ["config", "crds"]) await symlink(join(root, part), join(folder, part));
    await writeFile(join(folder, "config.json"), JSON.stringify({ auths: {} }));
    world = await testEnv();
    shell = await shellIn(folder, world.cluster);
    await world.startOperator({ settings: { leaderElection: true } });
    await world.source("hub", { username: "ann", password: "hunter2" });
    await world.namespaces(["team-a"]);
    await world.credential("acme", staticSpec("hub"));
    await eventually("it is served", async () => (await world.status("acme")).namespaces?.ready === 1);
  });
  afterAll(async () => {
    await world?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(Object.entries(typedCommands))("is taken: %s", async (template, { values, before = [] }) => {
    for (const command of before) expect(await shell(command)).toMatchObject({ code: 0 });
    // Those that look tell by 3 and 4 what they have found or could not see; 2 is a command that is none.
    const codes = template.startsWith("regcred ") ? [0, 3, 4] : [0];
    for (const each of values) {
      const command = filled(advised(template, each), words);
      const { code, output } = await shell(command);
      expect({ command, code, output }).toMatchObject({ code: expect.toBeOneOf(codes) });
    }
  });
});
