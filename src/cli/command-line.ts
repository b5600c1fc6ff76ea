// The command line: parses the arguments and runs a command. The one seam where an error becomes a sentence and an exit code.
import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { ConfigError, type Flags, operatorConfigFrom, settings } from "../config/config.ts";
import { OperatorError } from "../runtime/errors.ts";
import { printable } from "../runtime/foreign-text.ts";
import { textWithSteps } from "../runtime/steps.ts";
import { clusterCommands } from "./all-commands.ts";
import { addClusterCommand, optionFor } from "./cluster-command.ts";
import { addCredentialProvider } from "./credential-provider/credential-provider.ts";
import { addCompletion, completerName } from "./completion/completion.ts";
import { exitCodes, exitCodesHelp } from "./exit-codes.ts";
import type { RunOptions } from "./run.ts";
import type { SessionOptions } from "./session.ts";
import type { IOStreams } from "./terminal/terminal.ts";

/** Streams, clock, signals and the cluster: what a test hands in instead of this process's own. */
export interface CommandLineOptions extends SessionOptions, Omit<RunOptions, "config" | "log" | "version"> {
  /** How the program was called; `regcred` if absent. */
  readonly calledAs?: string;
  /** Who must own the files of a node; root if absent. */
  readonly filesOwner?: number;
}

/** Runs the command that the arguments (without program and script) ask for, and gives the exit code; never rejects. */
export async function commandLine(args: readonly string[], given: CommandLineOptions): Promise<number> {
  const { environment, stdout, stderr, clock } = given;
  let code: number = exitCodes.stopped;
  let isDebugging = false;

  const program = withOutput(new Command(nameFor(given)), given)
    .description("Keeps working registry credentials in every tenant namespace of a Kubernetes cluster.")
    .version(packageJson.version)
    .addHelpText("after", "\nCOMMAND --help lists the settings of a command.");

  const runCommand = withOutput(program.command("run"), given)
    .description("run the operator until it is stopped")
    .addHelpText("after", `\nA flag wins over its variable. No setting holds a secret.\n\n${exitCodesHelp}`);
  const options = settings.map(optionFor);
  for (const option of options) runCommand.addOption(option);
  runCommand.action(async (values: Readonly<Record<string, string>>) => {
    const flags: Flags = Object.fromEntries(
      options.map((option) => [`--${option.name()}`, values[option.attributeName()]]),
    );
    const config = operatorConfigFrom(flags, environment);
    isDebugging = config.logLevel === "debug";
    // What the operator needs is imported here: no other command waits for it.
    const [{ pinoLog }, { run }] = await Promise.all([import("../runtime/observability/log.ts"), import("./run.ts")]);
    const log = pinoLog({ level: config.logLevel, format: config.logFormat, to: stdout, clock });
    code = await run({ ...given, config, log, version: packageJson.version });
  });

  for (const command of clusterCommands) {
    const added = withOutput(program.command(command.name), given);
    addClusterCommand(added, command, given, (ended) => (code = ended));
  }

  addCredentialProvider(
    program,
    (parent, name) => withOutput(parent.command(name), given),
    given,
    (ended) => (code = ended),
  );

  addCompletion(
    program,
    (name, how = { hidden: false }) => withOutput(program.command(name, how), given),
    stdout,
    program.name().replace(" ", "-"),
  );

  try {
    const asked = isCalled(completerName, given) ? ["__complete", ...args] : args;
    await program.parseAsync(asked, { from: "user" });
    return code;
  } catch (error) {
    // Commander has said it already, help and version included.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.stopped : exitCodes.misused;
    stderr.write(printable(`error: ${sentenceFrom(error, isDebugging)}\n`));
    return error instanceof ConfigError ? exitCodes.misused : exitCodes.failed;
  }
}

function withOutput(command: Command, { stdout, stderr }: IOStreams): Command {
  return command
    .exitOverride()
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .showHelpAfterError("(--help lists what there is)")
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? 100,
      getErrHelpWidth: () => stderr.columns ?? 100,
    });
}

/** A plugin of kubectl is a program called kubectl-NAME: https://kubernetes.io/docs/tasks/extend-kubectl/kubectl-plugins/ */
function nameFor(given: CommandLineOptions): string {
  return isCalled("kubectl-regcred", given) ? "kubectl regcred" : "regcred";
}

function isCalled(name: string, { calledAs = "" }: CommandLineOptions): boolean {
  return (
    calledAs
      .split(/[\\/]/)
      .at(-1)
      ?.replace(/\.\w+$/, "") === name
  );
}

/** What the person who started it must know; the whole story only where it was asked for. */
function sentenceFrom(error: unknown, isDebugging: boolean): string {
  if (error instanceof ConfigError) return error.message;
  if (error instanceof OperatorError) {
    const text = textWithSteps(error);
    return isDebugging && error.origin !== undefined ? `${text}\n${storyOf(error.origin)}` : text;
  }
  if (isDebugging) return `regcred failed unexpectedly: ${storyOf(error)}`;
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `regcred failed unexpectedly (${what}): run it with --log-level debug to see where, and report that`;
}

function storyOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
