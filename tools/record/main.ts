// Plays the demo and records what it prints.
//
// Usage: node tools/launch.mjs tools/record/main.ts [FILE]; into docs/demo.svg if none is named.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { systemClock } from "../../src/runtime/clock.ts";
import { type PrintedLine, recording } from "./recording.ts";

const root = join(import.meta.dirname, "../..");
// The demo's own widest line.
const columns = 100;
const clock = systemClock();

const [name = join(root, "docs/demo.svg"), ...more] = process.argv.slice(2);
if (name.startsWith("-") || more.length > 0) {
  process.stderr.write("Usage: node tools/launch.mjs tools/record/main.ts [FILE]\n");
  process.exit(name === "--help" ? 0 : 2);
}

const demo = spawn(process.execPath, [join(root, "test/demo/main.ts"), "--once"], {
  cwd: root,
  stdio: ["ignore", "pipe", "inherit"],
});
const ended = once(demo, "close") as Promise<[number | null]>;
const lines: PrintedLine[] = [];
const began = clock.elapsed();
for await (const text of createInterface({ input: demo.stdout })) {
  process.stdout.write(`${text}\n`);
  lines.push({ at: (clock.elapsed() - began) / 1000, text });
}
const [code] = await ended;
if (code === 0) {
  await mkdir(dirname(name), { recursive: true });
  await writeFile(name, recording(lines, columns));
  process.stdout.write(`wrote ${name}\n`);
} else {
  process.stderr.write(`nothing is recorded: the demo ended with ${code}\n`);
  process.exitCode = 1;
}
