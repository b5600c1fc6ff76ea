// What may come next on a command line?
import type { Command, Option } from "commander";

/** Candidates for the last word, which may be empty. */
export function completions(program: Command, words: readonly string[]): readonly string[] {
  const last = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const visible = program.commands.filter((each) => !each.name().startsWith("_"));
  const command = visible.find((each) => each.name() === before[0]);
  if (!command)
    return before.length === 0
      ? starting(
          visible.map((each) => each.name()),
          last,
        )
      : [];
  const previous = before.length > 1 ? optionOf(command, before.at(-1) ?? "") : undefined;
  // The value of a flag: its choices, or something that is not known here.
  if (previous?.required) return starting(previous.argChoices ?? [], last);
  if (!last.startsWith("-")) {
    const [argument] = command.registeredArguments;
    return starting(argument?.argChoices ?? [], last);
  }
  return starting(["--help", ...command.options.flatMap(({ long }) => long ?? [])], last);
}

function optionOf(command: Command, word: string): Option | undefined {
  return command.options.find(({ long, short }) => long === word || short === word);
}

function starting(words: readonly string[], start: string): readonly string[] {
  return words.filter((word) => word.startsWith(start));
}
