// The command `doctor`.
import { Option } from "commander";
import type { ClusterCommand } from "../cluster-command.ts";

export const doctorCommand: ClusterCommand = {
  name: "doctor",
  description: "check the installation, each fault with the command that fixes it",
  options: [
    new Option("--install", "only the install itself, whatever its credentials, tenants and clouds have"),
    new Option("--node-file <file>", "also whether kubelets may ask for the tokens that this NodeCredentials wants"),
    new Option(
      "--kubelet-file <file>",
      "also whether this config.json or CredentialProviderConfig of a node makes limits of tenants void",
    ),
    new Option("--fix", "remove orphans: pull Secrets of credentials that are gone, and the references to them"),
  ],
  load: async () => (await import("./examine.ts")).examineAll,
};
