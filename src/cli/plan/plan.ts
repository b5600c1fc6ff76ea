// The command `plan`.
import { Option } from "commander";
import type { ClusterCommand } from "../cluster-command.ts";

export const planCommand: ClusterCommand = {
  name: "plan",
  description: "show what applying or deleting a file would write, before anything is written",
  options: [
    new Option("-f, --filename <file>", "YAML or JSON with RegistryCredentials").makeOptionMandatory(),
    new Option("--delete", "as if they were deleted"),
    new Option("-o, --output <format>", "print it for scripts").choices(["json"]),
  ],
  settings: ["--source-namespaces", "--max-config-bytes"],
  load: async () => (await import("./dry-run-file.ts")).dryRunFile,
};
