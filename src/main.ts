#!/usr/bin/env node
// Is this Node new enough, and what does this process lend to the command line?

// The first release with Temporal, which is why everything else is imported after the check: https://nodejs.org/en/blog/release
const oldestNode = 26;

if (Number.parseInt(process.versions.node, 10) < oldestNode) {
  process.stderr.write(
    `error: regcred needs Node ${oldestNode} or newer and this is Node ${process.versions.node}: install Node ${oldestNode} from https://nodejs.org\n`,
  );
  process.exitCode = 1;
} else {
  const { hostname } = await import("node:os");
  const { systemClock, systemRandom } = await import("./clock.ts");
  const { commandLine } = await import("./commands/command-line.ts");
  const { loadConnection } = await import("./kube/connection.ts");
  const { operator } = await import("./operator.ts");

  const crash = Promise.withResolvers<never>();
  // A command that runs listens to it; the others end by themselves.
  crash.promise.catch(() => undefined);
  process.on("uncaughtException", crash.reject);
  process.on("unhandledRejection", crash.reject);

  const [, calledAs = "", ...args] = process.argv;
  const code = await commandLine(args, {
    calledAs,
    stdout: process.stdout,
    stderr: process.stderr,
    clock: systemClock(),
    random: systemRandom,
    hostname: hostname(),
    onStopSignal: (call) => {
      process.on("SIGTERM", call).on("SIGINT", call);
      return () => process.off("SIGTERM", call).off("SIGINT", call);
    },
    crashed: crash.promise,
    connect: loadConnection,
    operate: operator,
  });
  // Not by waiting for the last socket: a second signal, or a crash, leaves some open.
  process.exit(code);
}
