// The command `explain`.
import { Option } from "commander";
import type { ClusterCommand } from "../cluster-command.ts";

export const explainCommand: ClusterCommand = {
  name: "explain",
  description: "say why a pod can or cannot pull its images, and how to fix it",
  arguments: [
    ["<namespace>", "of the pod or ServiceAccount"],
    ["[who]", "a ServiceAccount, or pod/NAME (default: the ServiceAccount default)"],
  ],
  options: [
    new Option("--image <reference...>", "ask about these images, instead of those that pods name"),
    new Option(
      "--read-secrets",
      "read the hosts in Secrets that regcred did not write; otherwise only metadata is read",
    ),
    new Option("-o, --output <format>", "print it for scripts").choices(["json"]),
  ],
  load: async () => (await import("./explain-subject.ts")).explainSubject,
};
