// The command `status`.
import { Option } from "commander";
import type { ClusterCommand } from "../cluster-command.ts";

export const statusCommand: ClusterCommand = {
  name: "status",
  description: "show every RegistryCredential: time left, namespaces that fail, and why",
  arguments: [["[name]", "of a RegistryCredential (default: all of them)"]],
  options: [
    new Option("-w, --watch", "go on showing it until Ctrl-C"),
    new Option("-o, --output <format>", "print it for scripts").choices(["json", "yaml"]),
  ],
  load: async () => (await import("./show-status.ts")).showStatus,
};
