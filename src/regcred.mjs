#!/usr/bin/env node
// Checks that Node is new enough. Written so that an old one reads the sentence below, and no SyntaxError.

// The first release with Temporal: https://nodejs.org/en/blog/release
const oldestNode = 26;

if (Number.parseInt(process.versions.node, 10) < oldestNode) {
  process.stderr.write(
    `error: regcred needs Node ${oldestNode} or newer and this is Node ${process.versions.node}: install Node ${oldestNode} from https://nodejs.org\n`,
  );
  process.exitCode = 1;
} else {
  await import("./main.ts");
}
