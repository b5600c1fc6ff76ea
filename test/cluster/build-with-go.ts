// Builds a program from its pinned sources with Go.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Binary } from "./catalogue.ts";
import type { Printer } from "./printer.ts";
import { watchdog } from "./watchdog.ts";

const quotedLines = 20;

/** A program that is built; it need not be one that is published, too. */
export type Buildable = Pick<Binary, "version" | "build"> & { readonly name: string };

type GoCommand = ChildProcessByStdio<null, null, Readable>;

/**
 * Builds the program to `path`, which appears complete or not at all. Without C, so that no compiler but Go's is needed.
 * @throws Error that says whether Go is missing, too old, or what it printed last.
 */
export async function buildWithGo(binary: Buildable, path: string, printer: Printer, go = "go"): Promise<void> {
  await proveGo(binary, go);
  await mkdir(dirname(path), { recursive: true });
  const { build, name, version } = binary;
  printer.line(
    `building ${name} ${version} with Go: ${build.minutes} on 2 cores, less if parts are built already; kept as ${path}`,
  );
  const unfinished = `${path}.${process.pid}.unfinished`;
  watchdog.made(unfinished);
  // -v names each package as it is compiled, which is the only progress that Go reports.
  const child = run(
    go,
    ["build", "-v", "-trimpath", "-ldflags", build.linkerFlags, "-o", unfinished, build.package],
    build.module,
  );
  const lines: string[] = [];
  let modules = 0;
  let packages = 0;
  const start = performance.now();
  const tell = setInterval(() => {
    const seconds = Math.round((performance.now() - start) / 1000);
    const fetched = modules > 0 ? `, ${modules} modules fetched` : "";
    printer.status(`  ${name}: ${seconds} s, ${packages} of at most ${build.packages} packages compiled${fetched}`);
  }, 500);
  try {
    for await (const line of createInterface({ input: child.stderr })) {
      if (line.startsWith("go: downloading ")) modules++;
      else packages++;
      lines.push(line);
    }
    const code = await exitCode(child);
    if (code !== 0) throw new Error(`go build of ${name} failed:\n${lines.slice(-quotedLines).join("\n")}`);
    await rename(unfinished, path);
  } finally {
    clearInterval(tell);
    await rm(unfinished, { force: true });
  }
}

/**
 * `go list -m` reads go.mod and nothing else, so it fails when this Go is too old for it and may not fetch a newer one.
 * @throws Error that says whether Go is missing or too old.
 */
export async function proveGo({ build }: Pick<Buildable, "build">, go = "go"): Promise<void> {
  const child = run(go, ["list", "-m"], build.module);
  const stderr: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk.toString()));
  const code = await exitCode(child).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new Error("Go was not found on the PATH", { cause: error });
    throw error;
  });
  if (code !== 0) throw new Error(`this Go cannot build it: ${stderr.join("").trim()}`);
}

function run(go: string, args: readonly string[], folder: string): GoCommand {
  const child = spawn(go, args, {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off" },
  });
  const { pid } = child;
  if (pid !== undefined) {
    watchdog.started(pid);
    child.once("exit", () => watchdog.ended(pid));
  }
  return child;
}

async function exitCode(child: GoCommand): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}
