// Finds or makes the programs of the cluster on this machine.

import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { buildWithGo } from "./build-with-go.ts";
import { cachedPath, cacheFolder, type Environment } from "./cache-folder.ts";
import { type Binary, type BinaryName, catalogue, type Platform, thisPlatform } from "./catalogue.ts";
import { download, type Unreachable } from "./download.ts";
import { findBinary, type Way } from "./find-binary.ts";
import { type KubernetesRelease, newestKubernetes } from "./kubernetes-release.ts";
import { withLock } from "./lock.ts";
import { linePrinter, type Printer, streamPrinter } from "./printer.ts";

export interface EnsureOptions {
  /** One line per call; by default progress goes to standard error. */
  readonly log?: ((line: string) => void) | undefined;
  /** The newest by default. `KUBEBUILDER_ASSETS` counts for that one only: nobody knows what else is in it. */
  readonly kubernetes?: KubernetesRelease;
}

const unreachable: Unreachable = new Set();

/**
 * Paths of executable programs: of each, the first of `KUBEBUILDER_ASSETS`, the cache, the official download, a build.
 * The last two take long, say so, and fill the cache.
 * @throws Error that lists, for every program that no way leads to, what would help.
 */
export async function ensureBinaries<Name extends BinaryName>(
  names: readonly Name[],
  options: EnsureOptions = {},
): Promise<Record<Name, string>> {
  const platform = thisPlatform();
  const printer = options.log ? linePrinter(options.log) : streamPrinter(process.stderr);
  const { kubernetes = newestKubernetes } = options;
  const environment = kubernetes === newestKubernetes ? process.env : { ...process.env, KUBEBUILDER_ASSETS: undefined };
  const ways = waysTo({ platform, printer, environment, unreachable });
  const all = catalogue(platform, undefined, kubernetes);
  const found: Partial<Record<Name, string>> = {};
  const missing: string[] = [];
  for (const name of names) {
    try {
      found[name] = await findBinary(all[name], ways);
    } catch (error) {
      missing.push(error instanceof Error ? error.message : String(error));
    }
  }
  if (missing.length > 0) throw new Error(missing.join("\n"));
  return found as Record<Name, string>;
}

export interface WaysOptions {
  readonly platform: Platform;
  readonly printer: Printer;
  readonly environment: Environment;
  readonly unreachable: Unreachable;
  /** The Go command; `go` of the PATH by default. */
  readonly go?: string;
}

/** The ways, in the order in which they are tried. */
export function waysTo(options: WaysOptions): readonly Way[] {
  const { platform, printer, environment } = options;
  const assets = environment["KUBEBUILDER_ASSETS"];
  const folder = cacheFolder(environment, platform.os);
  const cached = (binary: Binary, version?: string): string => cachedPath(folder, binary, platform, version);
  /** Makes the file under a lock, unless somebody else made it while we waited. */
  const make = async (binary: Binary, path: string, work: () => Promise<void>): Promise<string> => {
    let reported = false;
    const onWait = (holder: string): void => {
      const text = `waiting for another program (${holder}) that is making ${binary.name}`;
      if (reported) printer.status(text);
      else printer.line(text);
      reported = true;
    };
    await withLock(`${path}.lock`, { onWait }, async () => {
      if (!(await executable(path))) await work();
    });
    return path;
  };
  return [
    {
      advice: ({ name }) => `set KUBEBUILDER_ASSETS to a folder that has ${name}`,
      find: async ({ name }) => {
        if (!assets) throw new Error("it is not set");
        return await present(join(assets, name), `${assets} has none`);
      },
    },
    {
      advice: (binary) => `put it into the cache, ${cached(binary)}`,
      find: async (binary) => {
        const published = cached(binary, binary.download?.version);
        return (await executable(published)) ? published : await present(cached(binary), "it is not there");
      },
    },
    {
      advice: ({ download: from }) => (from ? `let it be downloaded from ${from.url}` : "download it"),
      find: async (binary) => {
        const from = binary.download;
        if (!from) throw new Error(`nobody publishes it for ${platform.os}/${platform.arch}`);
        const path = cached(binary, from.version);
        return await make(binary, path, async () => {
          await download(from, path, printer, options.unreachable).catch((error: unknown) => {
            printer.line(`no download of ${binary.name}: ${error instanceof Error ? error.message : String(error)}`);
            throw error;
          });
        });
      },
    },
    {
      // The `go` line of binaries/*/go.mod.
      advice: () => "install Go 1.26 or later (https://go.dev/dl/)",
      find: async (binary) => {
        const path = cached(binary);
        return await make(binary, path, () => buildWithGo(binary, path, printer, options.go));
      },
    },
  ];
}

async function executable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function present(path: string, otherwise: string): Promise<string> {
  if (await executable(path)) return path;
  throw new Error(otherwise);
}
