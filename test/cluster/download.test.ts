// Tests that a download is only kept when it is what its publisher made.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { download, expectedDigest } from "./download.ts";
import { linePrinter } from "./printer.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const program = Buffer.from("#!/bin/sh\necho etcd\n");
const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");
const silent = linePrinter(() => {});

/** Serves the files; a string is where a path redirects to. */
async function publisher(files: Readonly<Record<string, Buffer | string>>): Promise<{ url: string; stop: () => void }> {
  const server = createServer((request, response) => {
    const file = files[request.url ?? ""];
    if (file === undefined) response.writeHead(404).end();
    else if (typeof file === "string") response.writeHead(302, { location: file }).end();
    else response.end(file);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = (): void => void server.close();
  onTestFinished(stop);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop };
}

function archiveOf(member: string): Buffer {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "release"));
  writeFileSync(join(folder, "release", member), program);
  execFileSync("tar", ["-czf", join(folder, "release.tar.gz"), "-C", folder, `release/${member}`]);
  return readFileSync(join(folder, "release.tar.gz"));
}

const from = (url: string, path: string) =>
  ({ url: `${url}${path}`, checksumURL: `${url}/sums`, algorithm: "sha256", megabytes: 1 }) as const;

describe("a download", () => {
  it("is kept, executable, when its digest is the published one, after a redirect too", async () => {
    const path = join(temporaryFolder(), "bin", "etcd");
    const { url } = await publisher({ "/etcd": "/real", "/real": program, "/sums": Buffer.from(sha256(program)) });
    await download(from(url, "/etcd"), path, silent, new Set());
    expect(readFileSync(path)).toEqual(program);
    expect(statSync(path).mode & 0o111).toBe(0o111);
    expect(readdirSync(join(path, ".."))).toEqual(["etcd"]);
  });

  it("is taken out of an archive", async () => {
    const archive = archiveOf("etcd");
    const sums = `${"0".repeat(64)}  other.tar.gz\n${sha256(archive)}  etcd.tar.gz\n`;
    const { url } = await publisher({ "/etcd.tar.gz": archive, "/sums": Buffer.from(sums) });
    const path = join(temporaryFolder(), "etcd");
    await download({ ...from(url, "/etcd.tar.gz"), member: "release/etcd" }, path, silent, new Set());
    expect(readFileSync(path)).toEqual(program);
  });

  it("is thrown away when its digest is another", async () => {
    const folder = temporaryFolder();
    const { url } = await publisher({ "/etcd": program, "/sums": Buffer.from("0".repeat(64)) });
    const fetching = download(from(url, "/etcd"), join(folder, "etcd"), silent, new Set());
    await expect(fetching).rejects.toThrow(`${sha256(program)}, but its publisher says ${"0".repeat(64)}`);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is not begun without a published digest", async () => {
    const { url } = await publisher({ "/etcd": program });
    const fetching = download(from(url, "/etcd"), join(temporaryFolder(), "etcd"), silent, new Set());
    await expect(fetching).rejects.toThrow(`${url}/sums answered 404`);
  });

  it("is not tried again from a host that could not be reached", async () => {
    const { url, stop } = await publisher({});
    stop();
    const unreachable = new Set<string>();
    const path = join(temporaryFolder(), "etcd");
    await expect(download(from(url, "/etcd"), path, silent, unreachable)).rejects.toThrow("could not be reached (");
    await expect(download(from(url, "/etcd"), path, silent, unreachable)).rejects.toThrow(/could not be reached$/);
  });
});

describe("the expected digest", () => {
  const digest = "a".repeat(64);

  it.each([
    ["stands alone", digest],
    ["stands beside the name", `${"b".repeat(64)}  other\n${digest}  etcd\n`],
    ["has the name marked as binary", `${digest} *etcd`],
    ["has the name in a folder", `${digest}  ./bin/etcd`],
  ])("is found when it %s", (_how, text) => {
    expect(expectedDigest(text, "etcd", "sums")).toBe(digest);
  });

  it.each([
    ["another file only", `${digest}  other\n`],
    ["no digest", "not found"],
    ["nothing", ""],
  ])("is missed where there is %s", (_what, text) => {
    expect(() => expectedDigest(text, "etcd", "sums")).toThrow("sums has no digest of etcd");
  });
});
