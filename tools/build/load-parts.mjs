// Imports every part of the bundle before its command, so that V8 compiles all of them and Node keeps that (NODE_COMPILE_CACHE).
//
// Usage: node --import load-parts.mjs FOLDER/regcred.mjs run --help
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const parts = join(dirname(process.argv[1] ?? ""), "parts");
for (const name of readdirSync(parts).toSorted()) await import(pathToFileURL(join(parts, name)).href);
