// The command `refresh`.
import { Option } from "commander";
import type { ClusterCommand } from "../cluster-command.ts";

export const refreshCommand: ClusterCommand = {
  name: "refresh",
  description: "have the tokens of a RegistryCredential minted now",
  arguments: [["<name>", "of the RegistryCredential"]],
  options: [new Option("--no-wait", "do not wait until they are minted")],
  load: async () => (await import("./refresh-now.ts")).refreshNow,
};
