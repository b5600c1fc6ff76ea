// The folder where programs are cached from one run to the next.

import { homedir } from "node:os";
import { join } from "node:path";
import type { Binary, Platform } from "./catalogue.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `REGCRED_CACHE`, else the platform's cache folder: `XDG_CACHE_HOME` or ~/.cache
 * (https://specifications.freedesktop.org/basedir/latest/), on macOS ~/Library/Caches.
 */
export function cacheFolder(environment: Environment, os: string): string {
  if (environment["REGCRED_CACHE"]) return environment["REGCRED_CACHE"];
  const home = os === "darwin" ? join(homedir(), "Library", "Caches") : join(homedir(), ".cache");
  return join(environment["XDG_CACHE_HOME"] || home, "regcred");
}

/** The path of one program in the cache, whether it is there or not. */
export function cachedPath(folder: string, binary: Binary, platform: Platform, version = binary.version): string {
  return join(folder, "bin", `${binary.name}-${version}-${platform.os}-${platform.arch}`, binary.name);
}
