// Bundles the program into files that load each other when they are needed.
//
// Usage: node tools/launch.mjs tools/build/bundle.ts [FOLDER]
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

/** The first one is for any Node, and says what is wrong with an old one. */
export const entryFile = "regcred.mjs";

/** Everything else; whatever is imported of it only declares. */
const partsFolder = "parts";

/**
 * Writes src/regcred.mjs with everything that it imports into `folder`, minified: `regcred.mjs`, `main.mjs`, and what is imported
 * lazily in files beside them. A command reads what it needs, and an operator keeps no text in memory that it never runs.
 */
export async function bundle(folder: string, plugins: RolldownPluginOption = []): Promise<readonly OutputChunk[]> {
  await using made = await rolldown({
    ...input,
    input: join(root, "src", entryFile),
    plugins: [...input.plugins, plugins],
  });
  const written = await made.write({
    ...output,
    dir: folder,
    entryFileNames: entryFile,
    chunkFileNames: ({ name }) => (name === "main" ? "main.mjs" : `${partsFolder}/[name]-[hash].mjs`),
  });
  return written.output.filter((each) => each.type === "chunk");
}

export const bytesOf = (chunks: readonly OutputChunk[]): number =>
  chunks.reduce((total, { code }) => total + Buffer.byteLength(code), 0);

if (import.meta.main) {
  const folder = process.argv[2] ?? join(root, "dist/regcred");
  const megabytes = bytesOf(await bundle(folder)) / 1e6;
  process.stdout.write(`wrote ${join(folder, entryFile)} and what it loads (${megabytes.toFixed(1)} MB)\n`);
}
