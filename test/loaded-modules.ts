// The files that a program loads on its way.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

// https://nodejs.org/api/module.html#moduleregisterhooksoptions
const hook = `
  import { registerHooks } from "node:module";
  import { writeSync } from "node:fs";
  registerHooks({ load: (url, context, next) => (url.startsWith("file:") && writeSync(3, url + "\\n"), next(url, context)) });
`;

export interface Loading {
  readonly code: number | null;
  readonly stderr: string;
  readonly files: readonly string[];
}

/** Runs it with nothing of our environment. */
export function loadedModules(file: string, ...args: readonly string[]): Loading {
  const preload = `data:text/javascript,${encodeURIComponent(hook)}`;
  const ran = spawnSync(process.execPath, ["--import", preload, file, ...args], {
    env: {},
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const urls = ran.output[3]?.split("\n").filter(Boolean) ?? [];
  return { code: ran.status, stderr: ran.stderr, files: urls.map((url) => fileURLToPath(url)) };
}
