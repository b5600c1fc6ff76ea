// The demo: registry credentials reach every tenant namespace, and stay there. `npm run demo -- --help` has the rest.
import { writeFile } from "node:fs/promises";
import { exitCodes, helpText, parseOptions } from "./options.ts";
import { perform } from "./perform.ts";

const asked = parseOptions(process.argv.slice(2));
// A reader who has gone (| head, a closed terminal) must not keep the demo from cleaning up.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

switch (asked.kind) {
  case "help":
    process.stdout.write(helpText);
    break;
  case "wrong":
    process.stderr.write(`${asked.message}\n`);
    process.exitCode = exitCodes.refused;
    break;
  case "play": {
    const { report: file } = asked.options;
    const code = await perform(asked.options, async (report) => {
      if (file !== undefined) await writeFile(file, `${JSON.stringify(report, undefined, 2)}\n`);
    });
    // Not by waiting for the last socket. What an interrupted start has left, the watchdog of test/cluster ends.
    process.exit(code);
  }
}
