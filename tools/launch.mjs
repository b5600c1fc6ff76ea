// Gets a fresh clone from any Node >= 20 to its dependencies and to the Node 26 among them.
//
// Usage: node tools/launch.mjs [OPTION OF NODE...] SCRIPT [ARGUMENT...]. Every npm script goes through here, so this file
// keeps to what Node 14 can run: an old Node must get as far as the sentence that refuses it.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// The first release that runs TypeScript without a warning and has Temporal: https://nodejs.org/en/blog/release
const projectNode = 26;
const instead = `install Node ${projectNode}, which brings npm, from https://nodejs.org and run the command again`;

/**
 * Whether `node_modules` holds what package-lock.json asks for. npm writes what it installed into the hidden lock file, as its
 * last step: https://docs.npmjs.com/cli/configuring-npm/package-lock-json#hidden-lockfiles
 * @param {string} folder
 */
export function installed(folder) {
  const hidden = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(hidden)) return false;
  const present = packagesOf(hidden);
  return Object.entries(packagesOf(join(folder, "package-lock.json"))).every(([path, { version, optional }]) => {
    const found = present[path];
    // The first is the project itself; optional ones of other platforms are never installed.
    return path === "" || (found ? found.version === version : optional === true);
  });
}

/** @param {string} lockFile */
function packagesOf(lockFile) {
  const { packages } = /** @type {{ packages: Record<string, { version?: string, optional?: boolean }> }} */ (
    JSON.parse(readFileSync(lockFile, "utf8"))
  );
  return packages;
}

/**
 * The Node that runs TypeScript: that of the optional package for this platform, which npm links; else the running one if
 * it is new enough, else undefined.
 * @param {string} folder
 * @param {{ execPath: string, versions: { node: string } }} running
 */
export function projectNodeIn(folder, running) {
  const packaged = join(folder, "node_modules", ".bin", "node");
  if (existsSync(packaged)) return packaged;
  return Number.parseInt(running.versions.node, 10) >= projectNode ? running.execPath : undefined;
}

/**
 * Runs a command on our terminal and hands it the signals that ask us to stop.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined> }} [options]
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null }>}
 */
export function run(command, args, options = {}) {
  const child = spawn(command, args, { stdio: "inherit", ...options });
  // A terminal sends Ctrl-C to every process on it: passing it on would be a second Ctrl-C for the child.
  const pass = (/** @type {NodeJS.Signals} */ signal) => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  };
  /** @type {NodeJS.Signals[]} */
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, pass);
  return new Promise((done, fail) => {
    child.once("error", (error) => fail(new Error(`${command} does not run here (${error.message}): ${instead}`)));
    child.once("exit", (code, signal) => done({ code, signal }));
  }).finally(() => {
    for (const signal of signals) process.off(signal, pass);
  });
}

/**
 * Makes the file, which is whose pid is in it, when no living process has it: npm lets two installs into one folder.
 * @param {string} file
 * @param {() => void} onWait
 */
export async function take(file, onWait) {
  mkdirSync(dirname(file), { recursive: true });
  for (let waited = false; ; waited = true) {
    try {
      return writeFileSync(file, String(process.pid), { flag: "wx" });
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
    if (!hasOwner(file)) rmSync(file, { force: true });
    else if (!waited) onWait();
    await new Promise((wake) => setTimeout(wake, 200));
  }
}

/** @param {string} file */
function hasOwner(file) {
  try {
    const pid = Number(readFileSync(file, "utf8"));
    // In a container every run may get the same pid: our own is a dead namesake's. 0 is that of one who is about to write his.
    return pid !== process.pid && process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

async function install() {
  const lock = join(root, ".cache", "install.lock");
  const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);
  await take(lock, () => say(`Waiting for another install to end; if there is none, delete ${lock} ...`));
  try {
    if (installed(root)) return;
    say("Installing the dependencies (460 MB, half a minute; again only when package-lock.json changes) ...");
    // With the tools and Node 26 whatever NODE_ENV says, and no warning for each package that asks for the Node that comes.
    const args = ["ci", "--ignore-scripts", "--include=dev", "--include=optional", "--loglevel=error"];
    const { code, signal } = await run("npm", args, { cwd: root });
    if (code === 0) return;
    const what = signal ? `was stopped by ${signal}` : "failed, see above: fix the network or npm's registry setting";
    throw new Error(`npm ci ${what}, then run the command again`);
  } finally {
    rmSync(lock, { force: true });
  }
}

/** @param {readonly string[]} args */
async function launch(args) {
  const { node: version } = process.versions;
  if (Number.parseInt(version, 10) < 20)
    throw new Error(`regcred needs Node 20 or newer, and this is ${version}: ${instead}`);
  if (!installed(root)) await install();
  const node = projectNodeIn(root, process);
  if (node === undefined) {
    throw new Error(
      `there is no Node ${projectNode} for ${process.platform}-${process.arch} in node_modules: ${instead}`,
    );
  }
  return run(node, args);
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  launch(process.argv.slice(2)).then(
    ({ code, signal }) => {
      if (signal) process.kill(process.pid, signal);
      else process.exitCode = code === null ? 1 : code;
    },
    (/** @type {Error} */ error) => {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
    },
  );
}
