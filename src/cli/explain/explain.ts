// The command `explain`.
import { Option } from "commander";
import type { ClusterCommand } from "../cluster-command.ts";

export const explainCommand: ClusterCommand = {
  name: "explain",
  description: "say why a pod can or cannot pull its images, and how to fix it",
  arguments: [
    ["<namespace>", "where"],
    ["[who]", "a ServiceAccount (default: default), or pod/NAME"],
  ],
  options: [
    new Option("--image <reference...>", "ask about these images, instead of those that pods name"),
    new Option(
      "--read-secrets",
      "read the hosts in Secrets that regcred did not write; otherwise only metadata is read",
    ),
    new Option("-o, --output <format>", "for machines").choices(["json"]),
  ],
  load: async () => (await import("./explain-subject.ts")).explainSubject,
};
