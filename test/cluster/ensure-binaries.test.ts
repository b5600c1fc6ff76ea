// Tests that each program is taken from the first place that has it, and that a person is told what to do when none has.

import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { catalogue, type Platform } from "./catalogue.ts";
import { type WaysOptions, waysTo } from "./ensure-binaries.ts";
import { findBinary } from "./find-binary.ts";
import { linePrinter } from "./printer.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const platform: Platform = { os: "linux", arch: "amd64" };

async function closedServer(): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(404).end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function programAt(path: string, text = "#!/bin/sh\n"): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o755 });
  return path;
}

async function place(options: { readonly assets?: string; readonly go?: string } = {}) {
  const folder = temporaryFolder();
  const lines: string[] = [];
  const publisher = await closedServer();
  const waysOptions: WaysOptions = {
    platform,
    printer: linePrinter((line) => lines.push(line)),
    environment: { REGCRED_CACHE: join(folder, "cache"), KUBEBUILDER_ASSETS: options.assets },
    unreachable: new Set(),
    go: options.go ?? join(folder, "no-go"),
  };
  const all = catalogue(platform, { kubernetes: publisher, github: publisher, helm: publisher });
  const inCache = (name: "etcd" | "registry"): string =>
    join(folder, "cache", "bin", `${name}-${all[name].version}-linux-amd64`, name);
  return { all, lines, folder, inCache, ways: waysTo(waysOptions) };
}

describe("a program", () => {
  it("comes from KUBEBUILDER_ASSETS although the cache has it", async () => {
    const assets = temporaryFolder();
    const { all, inCache, ways } = await place({ assets });
    programAt(inCache("etcd"));
    const wanted = programAt(join(assets, "etcd"));
    expect(await findBinary(all.etcd, ways)).toBe(wanted);
  });

  it("comes from the cache when KUBEBUILDER_ASSETS has others only", async () => {
    const assets = temporaryFolder();
    programAt(join(assets, "etcd"));
    const { all, inCache, ways } = await place({ assets });
    const wanted = programAt(inCache("registry"));
    expect(await findBinary(all.registry, ways)).toBe(wanted);
  });

  it("is built by Go into the cache when it cannot be downloaded, and found there from then on", async () => {
    const go = programAt(
      join(temporaryFolder(), "go"),
      '#!/bin/sh\n[ "$1" = build ] || exit 0\nwhile [ "$1" != -o ]; do shift; done\necho built > "$2"\nchmod +x "$2"\n',
    );
    const { all, lines, inCache, ways } = await place({ go });
    expect(await findBinary(all.etcd, ways)).toBe(inCache("etcd"));
    expect(lines.join("\n")).toMatch(/no download of etcd: .* answered 404\nbuilding etcd .* minutes .* kept as /);
    lines.length = 0;
    expect(await findBinary(all.etcd, ways)).toBe(inCache("etcd"));
    expect(lines).toEqual([]);
  });

  it("that is nowhere is reported with every way and why it is closed", async () => {
    const { all, inCache, ways } = await place();
    const message = await findBinary(all.etcd, ways).then(
      () => "found",
      (error: Error) => error.message,
    );
    expect(message.split("\n")).toEqual([
      `etcd ${all.etcd.version} is nowhere. Any one of these helps:`,
      "  - set KUBEBUILDER_ASSETS to a folder that has etcd: it is not set",
      `  - put it into the cache, ${inCache("etcd")}: it is not there`,
      expect.stringMatching(/^ {2}- let it be downloaded from .*: .* answered 404$/),
      "  - install Go 1.26 or later (https://go.dev/dl/): Go was not found on the PATH",
    ]);
  });

  it("that Go cannot build is reported with what Go said", async () => {
    const tooOld = "go: go.mod requires go >= 1.26.0 (running go 1.20)";
    const go = programAt(join(temporaryFolder(), "go"), `#!/bin/sh\necho "${tooOld}" >&2\nexit 1\n`);
    const { all, ways } = await place({ go });
    await expect(findBinary(all.etcd, ways)).rejects.toThrow(tooOld);
  });
});
