// ClusterCommand: what all commands that ask a cluster have in common on the command line.
import { type Command, Option } from "commander";
import { type Flags, settings } from "../config/config.ts";
import { personSettings } from "../config/cluster-settings.ts";
import type { Setting } from "../config/setting.ts";
import { answersHelp } from "./exit-codes.ts";
import type { Session, SessionOptions } from "./session.ts";

/** Gives the exit code. */
export type Action = (
  session: Session,
  args: readonly (string | undefined)[],
  options: Readonly<Record<string, unknown>>,
) => Promise<number>;

export interface ClusterCommand {
  readonly name: string;
  readonly description: string;
  /** As commander writes them: `<name>`, `[name]`, with what they are. */
  readonly arguments?: readonly (readonly [syntax: string, meaning: string])[];
  readonly options?: readonly Option[];
  /** Flags of the operator's settings that it takes beside those that choose the cluster. */
  readonly settings?: readonly string[];
  /** What it needs to work is imported when it is asked for: the help, and the other commands, start without it. */
  readonly load: () => Promise<Action>;
}

const personOnly = Object.values(personSettings);
const shared = ["--kubeconfig", "--context", "--namespace", ...personOnly.map(({ flag }) => flag)];

/** In the help, what is the same for all of them comes after what is the command's own. */
const clusterOptions = "Cluster options:";

/** Puts the command under the program; `ended` hears its exit code. */
export function addClusterCommand(
  command: Command,
  { description, arguments: positionals = [], options = [], settings: own = [], load }: ClusterCommand,
  sessionOptions: SessionOptions,
  ended: (code: number) => void,
): void {
  command.description(description).addHelpText("after", `\n${answersHelp}`);
  for (const [syntax, meaning] of positionals) command.argument(syntax, meaning);
  const known = [...settings, ...personOnly]
    .filter(({ flag }) => [...own, ...shared].includes(flag))
    .map((each) => (own.includes(each.flag) ? optionFor(each) : optionFor(each).helpGroup(clusterOptions)));
  for (const option of [...options, ...known]) command.addOption(option);
  command.action(async (...received: unknown[]) => {
    // Commander gives the arguments, then the options, then the command.
    const values = received.at(-2) as Readonly<Record<string, unknown>>;
    const args = received.slice(0, -2) as readonly (string | undefined)[];
    const flags: Flags = Object.fromEntries(
      known.map((option) => [`--${option.name()}`, values[option.attributeName()] as string | undefined]),
    );
    const { inSession } = await import("./session.ts");
    const act = await load();
    ended(await inSession(sessionOptions, flags, (session) => act(session, args, values)));
  });
}

export function optionFor(setting: Setting<unknown>): Option {
  const { flag, placeholder, variables, meaning, fallbackText, repeated } = setting;
  const environment = variables.length > 0 ? `; environment: ${variables.join(", ")}` : "";
  const option = new Option(`${flag} ${placeholder}`, `${meaning} (default: ${fallbackText}${environment})`);
  return repeated
    ? option.argParser((value: string, before?: string) => (before === undefined ? value : `${before}\n${value}`))
    : option;
}
