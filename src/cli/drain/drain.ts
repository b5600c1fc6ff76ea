// The command `drain`.
import { InvalidArgumentError, Option } from "commander";
import type { ClusterCommand } from "../cluster-command.ts";

const longestSeconds = 3600;
const fallback = "280s";

/** The chart's pre-delete hook runs it: config/chart/templates/drain. */
export const drainCommand: ClusterCommand = {
  name: "drain",
  description: "delete every RegistryCredential and wait until the operator has cleaned up all tenants",
  options: [
    new Option(
      "--all",
      "every one: there is no way to drain only some, kubectl delete does that",
    ).makeOptionMandatory(),
    new Option("--timeout <time>", "how long to wait").argParser(duration).default(duration(fallback), fallback),
  ],
  load: async () => (await import("./drain-all.ts")).drainAll,
};

function duration(text: string): Temporal.Duration {
  const seconds = /^\d{1,4}s$/.test(text) ? Number.parseInt(text, 10) : 0;
  if (seconds >= 1 && seconds <= longestSeconds) return Temporal.Duration.from({ seconds });
  throw new InvalidArgumentError(`Write seconds from 1s to ${longestSeconds}s, such as ${fallback}.`);
}
