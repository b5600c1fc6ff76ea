// Downloads an official program, and checks that it is what its publisher made.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { chmod, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Agent, type Dispatcher, interceptors, request } from "undici";
import type { Download } from "./catalogue.ts";
import type { Printer } from "./printer.ts";
import { watchdog } from "./watchdog.ts";

// A network without a way out often drops packets instead of refusing: give up on it before the user does.
const connectTimeout = Temporal.Duration.from({ seconds: 3 });
const silence = Temporal.Duration.from({ seconds: 30 });
// dl.k8s.io redirects to its content network once, GitHub twice.
const redirections = 5;
const megabyte = 1_000_000;

/** Hosts that did not answer in this run: asked once, not once per program. */
export type Unreachable = Set<string>;

/**
 * Fetches the program to `path`, which appears complete, verified and executable, or not at all.
 * @throws Error whose message says why not: no connection, an HTTP status, or a digest that differs.
 */
export async function download(
  from: Download,
  path: string,
  printer: Printer,
  unreachable: Unreachable,
): Promise<void> {
  const host = new URL(from.url).host;
  if (unreachable.has(host)) throw new Error(`${host} could not be reached`);
  await mkdir(dirname(path), { recursive: true });
  const folder = await mkdtemp(`${path}.download-`);
  watchdog.made(folder);
  const agent = new Agent({
    connect: { timeout: connectTimeout.total("milliseconds") },
    headersTimeout: silence.total("milliseconds"),
    bodyTimeout: silence.total("milliseconds"),
  });
  const dispatcher = agent.compose(interceptors.redirect({ maxRedirections: redirections }));
  try {
    const expected = expectedDigest(
      await text(from.checksumURL, dispatcher, unreachable),
      basename(from.url),
      from.checksumURL,
    );
    const file = join(folder, "file");
    printer.line(`downloading ${from.url} (${from.megabytes} MB), kept as ${path}`);
    const actual = await fetchFile(from, file, dispatcher, printer, unreachable);
    if (actual !== expected) {
      throw new Error(
        `${from.url} has the ${from.algorithm} digest ${actual}, but its publisher says ${expected}: thrown away`,
      );
    }
    const program = from.member === undefined ? file : await extracted(file, from.member, folder);
    await chmod(program, 0o755);
    await rename(program, path);
  } finally {
    await agent.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The digest of `file` from a checksum file: the digest alone, or lines of digest and file name.
 * @throws Error when there is none.
 */
export function expectedDigest(checksums: string, file: string, source: string): string {
  const lines = checksums
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+\*?/));
  const [digest] =
    lines.find(([, name]) => name !== undefined && basename(name) === file) ??
    (lines.length === 1 && lines[0]?.length === 1 ? lines[0] : []);
  if (digest === undefined || !/^([0-9a-f]{64}|[0-9a-f]{128})$/.test(digest))
    throw new Error(`${source} has no digest of ${file}`);
  return digest;
}

async function open(url: string, dispatcher: Dispatcher, unreachable: Unreachable): Promise<Dispatcher.ResponseData> {
  let answer: Dispatcher.ResponseData;
  try {
    answer = await request(url, { dispatcher });
  } catch (error) {
    const { host } = new URL(url);
    unreachable.add(host);
    throw new Error(`${host} could not be reached (${error instanceof Error ? error.message : String(error)})`, {
      cause: error,
    });
  }
  if (answer.statusCode === 200) return answer;
  await answer.body.dump();
  throw new Error(`${url} answered ${answer.statusCode}`);
}

async function text(url: string, dispatcher: Dispatcher, unreachable: Unreachable): Promise<string> {
  return await (await open(url, dispatcher, unreachable)).body.text();
}

async function fetchFile(
  from: Download,
  file: string,
  dispatcher: Dispatcher,
  printer: Printer,
  unreachable: Unreachable,
): Promise<string> {
  const answer = await open(from.url, dispatcher, unreachable);
  const total = Number(answer.headers["content-length"] ?? from.megabytes * megabyte);
  const digest = createHash(from.algorithm);
  let received = 0;
  const watched = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      digest.update(chunk);
      received += chunk.length;
      printer.status(`  ${Math.round(received / megabyte)} of ${Math.round(total / megabyte)} MB`);
      done(null, chunk);
    },
  });
  await pipeline(Readable.from(answer.body), watched, createWriteStream(file));
  return digest.digest("hex");
}

// tar is on every Linux and macOS; the one of macOS opens zip files as well.
async function extracted(archive: string, member: string, folder: string): Promise<string> {
  const child = spawn("tar", ["-xf", archive, "-C", folder, member], { stdio: "ignore" });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`tar could not take ${member} out of the download`);
  return join(folder, member);
}
