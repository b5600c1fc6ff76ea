// Writes the manifests in config/ as the chart renders them.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { kustomizeFiles } from "./kustomize-files.ts";

const root = join(import.meta.dirname, "..", "..");

for (const { path, text } of await kustomizeFiles()) {
  const current = await readFile(join(root, path), "utf8").catch(() => undefined);
  if (current === text) continue;
  await writeFile(join(root, path), text);
  process.stdout.write(`wrote ${path}\n`);
}
