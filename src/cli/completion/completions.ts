// Completions: what may come next on a command line.
import type { Command, Option } from "commander";

export interface Completions {
  readonly candidates: readonly string[];
  /** A file may come: the shell knows which there are. */
  readonly isFile: boolean;
}

/** For the last word, which may be empty. */
export function completions(program: Command, words: readonly string[]): Completions {
  const last = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const visible = program.commands.filter((each) => !each.name().startsWith("_"));
  if (before.length === 0) {
    return starting(
      visible.map((each) => each.name()),
      last,
    );
  }
  const first = visible.find((each) => each.name() === before[0]);
  const below = first?.commands.find((each) => each.name() === before[1]);
  const command = below ?? first;
  if (!command) return starting([], last);
  const previous = before.length > (below ? 2 : 1) ? optionOf(command, before.at(-1) ?? "") : undefined;
  // The value of a flag: its choices, a file, or something that is not known here.
  if (previous?.required) {
    return { ...starting(previous.argChoices ?? [], last), isFile: /<(?:file|folder)>/.test(previous.flags) };
  }
  if (!last.startsWith("-")) {
    const [argument] = command.registeredArguments;
    const isFile = argument?.name() === "files";
    return {
      ...starting([...command.commands.map((each) => each.name()), ...(argument?.argChoices ?? [])], last),
      isFile,
    };
  }
  return starting(["--help", ...command.options.flatMap(({ long }) => long ?? [])], last);
}

function optionOf(command: Command, word: string): Option | undefined {
  return command.options.find(({ long, short }) => long === word || short === word);
}

function starting(words: readonly string[], start: string): Completions {
  return { candidates: words.filter((word) => word.startsWith(start)), isFile: false };
}
