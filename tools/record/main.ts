// Plays the demo and records what it prints: docs/demo.svg.
//
// Usage: node tools/launch.mjs tools/record/main.ts [FILE]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { systemClock } from "../../src/runtime/clock.ts";
import { type PrintedLine, recording } from "./recording.ts";

const root = join(import.meta.dirname, "../..");
// The demo's own widest line.
const columns = 100;
const clock = systemClock();

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
  const file = process.argv[2] ?? join(root, "docs/demo.svg");
  await writeFile(file, recording(lines, columns));
  process.stdout.write(`wrote ${file}\n`);
} else {
  process.stderr.write(`nothing is recorded: the demo ended with ${code}\n`);
  process.exitCode = 1;
}
