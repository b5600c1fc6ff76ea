// The command `credential-provider`, which the kubelet starts, and those that prepare a node for it.
import type { Command } from "commander";
import { ConfigError } from "../../config/config.ts";
import type { CommandLineOptions } from "../command-line.ts";
import { addClusterCommand } from "../cluster-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { entriesCommand } from "./entries.ts";

/** `ended` hears the exit code. */
export function addCredentialProvider(
  program: Command,
  named: (parent: Command, name: string) => Command,
  given: CommandLineOptions,
  ended: (code: number) => void,
): void {
  const command = named(program, "credential-provider")
    .description("give the kubelet of a node logins for images: its exec plugin")
    .option("--config <file>", "what it serves, and for whose pods; only root may write it")
    .addHelpText(
      "after",
      `\nThe kubelet starts it and writes a CredentialProviderRequest to its standard input. Secrets lie beside the file, in the folder secrets.\n\nExit codes:\n  ${exitCodes.succeeded}  answered, perhaps that it has no login for the image\n  ${exitCodes.failed}  it failed; standard error says why`,
    )
    .action(async ({ config }: { readonly config?: string }) => {
      // Not by commander, which would want it of the commands below, too.
      if (config === undefined) throw new ConfigError("--config is missing: name the file that says what is served");
      const { answerKubelet } = await import("./answer-kubelet.ts");
      ended(await answerKubelet(config, given));
    });
  addClusterCommand(named(command, entriesCommand.name), entriesCommand, given, ended);
  named(command, "config")
    .description("write the kubelet's CredentialProviderConfig for files of nodes")
    .argument("<files...>", "those that lie on the node, in the order in which it has them")
    .option("--folder <folder>", "where they lie on the node", "/etc/regcred")
    .action(async (files: readonly string[], { folder }: { readonly folder: string }) => {
      const { writeKubeletConfig } = await import("./write-kubelet-config.ts");
      ended(await writeKubeletConfig(files, folder, given));
    });
}
