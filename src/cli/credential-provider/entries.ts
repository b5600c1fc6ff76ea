// The command `credential-provider entries`.
import { Option } from "commander";
import type { ClusterCommand } from "../cluster-command.ts";

export const entriesCommand: ClusterCommand = {
  name: "entries",
  description: "write a file for nodes that serves the entries of RegistryCredentials",
  arguments: [["[credentials...]", "only these; all if none is named"]],
  options: [
    new Option(
      "--audience <audience>",
      "of the pods' ServiceAccount tokens; without it the file serves the node itself",
    ),
    new Option("--name <name>", "metadata.name of the file, and name of the provider").default("regcred"),
  ],
  load: async () => (await import("./write-entries.ts")).writeEntries,
};
