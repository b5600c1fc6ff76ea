// Bundles the program into one file for the image, or a few that start fast for people.
//
// Usage: node tools/launch.mjs tools/build/bundle.ts [FILE]
import { join } from "node:path";
import { type InputOptions, type OutputChunk, type OutputOptions, rolldown, type RolldownPluginOption } from "rolldown";

const root = join(import.meta.dirname, "../..");

// Its index loads each part of it, fetch and mocks included, which takes a command longer than its own code.
const undiciParts = `
import Agent from "undici/lib/dispatcher/agent.js";
import Dispatcher from "undici/lib/dispatcher/dispatcher.js";
import Pool from "undici/lib/dispatcher/pool.js";
import * as api from "undici/lib/api/index.js";
import buildConnector from "undici/lib/core/connect.js";
Object.assign(Dispatcher.prototype, api.default);
export { Agent, buildConnector, Pool };
`;
const undiciModule = "\0undici";

/** What src/ imports of undici; others get all of it. */
const slimUndici: RolldownPluginOption = {
  name: "slim-undici",
  resolveId: (source, importer) =>
    source === "undici" && importer?.startsWith(join(root, "src/")) === true ? undiciModule : undefined,
  load: (id) => (id === undiciModule ? undiciParts : undefined),
};

const input = {
  cwd: root,
  plugins: [slimUndici],
  platform: "node",
  // AWS's packages have their ES modules there, of which only what is used goes in; a tenth of their CommonJS is.
  resolve: { mainFields: ["module", "main"] },
  // Its modules declare classes and do nothing else: what reads a kubeconfig only needs no model of the API.
  treeshake: { moduleSideEffects: [{ test: /@kubernetes\/client-node\/dist\//, sideEffects: false }] },
} satisfies InputOptions;

const output = {
  format: "esm",
  minify: true,
  // The names of functions and classes: stack traces stay readable, and SDKs tell errors apart by them.
  keepNames: true,
  // Licences go where the code goes.
  comments: { legal: true },
} satisfies OutputOptions;

/**
 * Writes src/main.ts with everything it imports into `file`, minified. A module that is imported lazily is in it too, and
 * still runs only when it is asked for. Gives the size in bytes.
 */
export async function bundle(file: string, plugins: RolldownPluginOption = []): Promise<number> {
  await using made = await rolldown({
    ...input,
    input: join(root, "src/main.ts"),
    plugins: [...input.plugins, plugins],
  });
  const written = await made.write({ ...output, file, codeSplitting: false });
  return Buffer.byteLength(written.output[0].code);
}

/** The first one is for any Node, and says what is wrong with an old one. */
export const entryFile = "regcred.mjs";

/**
 * Writes src/regcred.mjs as `regcred.mjs` into `folder`, and what is imported lazily into files beside it: a command reads
 * what it needs. V8 would take longer over the one file than most commands take to run.
 */
export async function bundleInParts(folder: string): Promise<readonly OutputChunk[]> {
  await using made = await rolldown({ ...input, input: join(root, "src", entryFile) });
  const written = await made.write({
    ...output,
    dir: folder,
    entryFileNames: entryFile,
    chunkFileNames: "parts/[name]-[hash].mjs",
  });
  return written.output.filter((each) => each.type === "chunk");
}

if (import.meta.main) {
  const file = process.argv[2] ?? join(root, "dist/regcred.mjs");
  const megabytes = (await bundle(file)) / 1e6;
  process.stdout.write(`wrote ${file} (${megabytes.toFixed(1)} MB)\n`);
}
