// The command `completion`, for `regcred` and `kubectl regcred`.
import { Argument, type Command } from "commander";
import { type Output } from "../terminal/terminal.ts";
import { completions } from "./completions.ts";
import { completionScript, type Shell, shells } from "./completion-scripts.ts";

/** What kubectl runs for a plugin NAME: https://kubernetes.io/docs/tasks/extend-kubectl/kubectl-plugins/, "kubectl completion for plugins". */
export const completerName = "kubectl_complete-regcred";

// ShellCompDirectiveDefault and ShellCompDirectiveNoFileComp: https://pkg.go.dev/github.com/spf13/cobra#ShellCompDirective
const files = ":0";
const noFiles = ":4";

export function addCompletion(
  program: Command,
  added: (name: string, options?: { hidden: boolean }) => Command,
  stdout: Output,
  /** The file that is the program: `regcred` or `kubectl-regcred`. */
  file: string,
): void {
  added("completion")
    .description("print the script that completes commands and flags in a shell")
    .addArgument(new Argument("<shell>", "which").choices(shells))
    .action((shell: Shell) => void stdout.write(completionScript(shell, file)));
  added("__complete", { hidden: true })
    .argument("[words...]")
    .allowUnknownOption()
    .helpOption(false)
    .action((words: readonly string[]) => {
      const { candidates, isFile } = completions(program, words);
      stdout.write([...candidates, isFile ? files : noFiles].map((line) => `${line}\n`).join(""));
    });
}
