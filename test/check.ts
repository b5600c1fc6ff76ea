// Checks that the source is in a state to be published. One line per check, output only where one fails.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { isDeepStrictEqual } from "node:util";

interface Verdict {
  readonly passed: boolean;
  readonly output: string;
}

interface Check {
  readonly name: string;
  readonly run: () => Promise<Verdict>;
}

const root = join(import.meta.dirname, "..");

/** A check that passes when `script` exits with 0 on this Node. */
function command(name: string, script: string, ...args: string[]): Check {
  return {
    name,
    run: async () => {
      const child = spawn(process.execPath, [join(root, script), ...args], {
        cwd: root,
        stdio: ["ignore", "pipe", "pipe"],
      });
      const ended = Promise.withResolvers<number | null>();
      child.once("close", ended.resolve);
      const [code, out, err] = await Promise.all([ended.promise, text(child.stdout), text(child.stderr)]);
      return { passed: code === 0, output: out + err };
    },
  };
}

/** A lock file with addresses would send everybody to the registry of whoever wrote it; one that lags would not be obeyed. */
const lockFileCheck: Check = {
  name: "package-lock.json fits package.json and names no registry",
  run: async () => {
    const text = readFileSync(join(root, "package-lock.json"), "utf8");
    const { packages } = JSON.parse(text) as { packages: { "": Record<string, unknown> } };
    const wanted = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, unknown>;
    const lists = ["dependencies", "devDependencies", "optionalDependencies"];
    const lagging = lists.filter((list) => !isDeepStrictEqual(packages[""][list], wanted[list]));
    const addresses = text.split("\n").filter((line) => /"resolved": "https?:/.test(line));
    return {
      passed: lagging.length === 0 && addresses.length === 0,
      output: [...lagging, ...addresses.slice(0, 3), "npm install, with the project's .npmrc, fixes it"].join("\n"),
    };
  },
};

// Longest first, so that none of them is left alone at the end.
const checks: readonly Check[] = [
  command("types", "node_modules/typescript/bin/tsc", "--project", "."),
  command("lint", "node_modules/oxlint/bin/oxlint"),
  command("dead code", "node_modules/knip/bin/knip.js"),
  command(
    "types of what only decides, without Node's",
    "node_modules/typescript/bin/tsc",
    "--project",
    "tsconfig.pure.json",
  ),
  command("generated files are up to date", "tools/generate/main.ts", "--check"),
  command("format (npm run format fixes it)", "node_modules/oxfmt/bin/oxfmt", "--check"),
  lockFileCheck,
];

let passed = 0;
const waiting = [...checks];

async function work(): Promise<void> {
  for (let check = waiting.shift(); check; check = waiting.shift()) {
    const startedAt = performance.now();
    const verdict = await check.run();
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    process.stdout.write(`${verdict.passed ? "ok    " : "FAILED"}  ${seconds.padStart(5)} s  ${check.name}\n`);
    if (verdict.passed) passed += 1;
    else process.stdout.write(`${verdict.output.trimEnd()}\n\n`);
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, work));
process.stdout.write(`\n${passed} passed, ${checks.length - passed} failed\n`);
process.exitCode = passed === checks.length ? 0 : 1;
