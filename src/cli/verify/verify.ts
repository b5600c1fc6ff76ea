// The command `verify`.
import { Option } from "commander";
import type { ClusterCommand } from "../cluster-command.ts";

export const verifyCommand: ClusterCommand = {
  name: "verify",
  description: "try to pull with the logins that a tenant really has",
  arguments: [
    ["<namespace>", "of the pod or ServiceAccount"],
    ["[who]", "a ServiceAccount, or pod/NAME (default: the ServiceAccount default)"],
  ],
  settings: ["--allowed-private-hosts"],
  options: [new Option("--image <reference...>", "try these images, instead of those that pods name")],
  load: async () => (await import("./verify-pulls.ts")).verifyPulls,
};
