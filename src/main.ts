// Lends this process (arguments, streams, signals) to the command line.
import { onStopSignal } from "./cli/stop-signals.ts";
import { hostname } from "node:os";
import { isatty } from "node:tty";
import { systemClock, systemRandom } from "./runtime/clock.ts";
import { commandLine } from "./cli/command-line.ts";

const crash = Promise.withResolvers<never>();
// A command that runs listens to it; the others end by themselves.
crash.promise.catch(() => undefined);
process.on("uncaughtException", crash.reject);
process.on("unhandledRejection", crash.reject);

const [, calledAs = "", ...args] = process.argv;
const code = await commandLine(args, {
  calledAs,
  stdin: () => process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  isInteractive: isatty(0),
  clock: systemClock(),
  random: systemRandom,
  hostname: hostname(),
  onStopSignal,
  crashed: crash.promise,
  // Imported by the commands that need them, so that the others start at once.
  connect: async (options) => (await import("./runtime/client/connection.ts")).loadConnection(options),
  operate: async (options) => (await import("./operator.ts")).operator(options),
});
// Not by waiting for the last socket: a second signal, or a crash, leaves some open.
process.exit(code);
