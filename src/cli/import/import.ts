// The command `import`.
import { Option } from "commander";
import type { ClusterCommand } from "../cluster-command.ts";

export const importCommand: ClusterCommand = {
  name: "import",
  description: "write RegistryCredentials, and their sources, for logins that are there already",
  options: [
    new Option("-f, --filename <file>", "a docker config, such as ~/.docker/config.json"),
    new Option("--secrets", "the pull Secrets that tenants have now, grouped by what they hold"),
    new Option("--name <name>", "of the RegistryCredential, or what the names of several begin with").default(
      "imported",
    ),
    new Option("--namespaces <globs...>", "which namespaces the login of a file is for").default(["team-*"]),
  ],
  load: async () => (await import("./import-logins.ts")).importLogins,
};
