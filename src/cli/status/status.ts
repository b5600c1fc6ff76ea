// The command `status`.
import { Option } from "commander";
import type { ClusterCommand } from "../cluster-command.ts";

export const statusCommand: ClusterCommand = {
  name: "status",
  description: "show every RegistryCredential: time left, namespaces that fail, and why",
  arguments: [["[name]", "only this one"]],
  options: [
    new Option("-w, --watch", "go on showing it until Ctrl-C"),
    new Option("-o, --output <format>", "for machines").choices(["json", "yaml"]),
  ],
  load: async () => (await import("./show-status.ts")).showStatus,
};
