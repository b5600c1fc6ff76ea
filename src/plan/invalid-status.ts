// What does the status of a RegistryCredential say whose spec cannot be read?
import { forceFinalizeAnnotation } from "../api/names.ts";
import type { Condition, Status } from "../api/registry-credential.ts";
import type { CredentialRecord } from "./snapshot.ts";
import { cut, timeText } from "./status-text.ts";

// Longer than any message that a person reads; the schema allows 32 KiB each.
const longestMessage = 4096;

/** What was served goes on, and a person must mend the spec. */
export function invalidStatus(record: CredentialRecord, now: Temporal.Instant): Status {
  const { name, generation, problems, deleting } = record;
  const wayOut = deleting
    ? ` (so its deletion waits for a spec that can be read; to leave with them what they have: kubectl annotate registrycredential ${name} ${forceFinalizeAnnotation}=true)`
    : "";
  const message = cut(
    `the spec cannot be read, and tenants keep what they had${wayOut}: ${problems.join("; ")}`,
    longestMessage,
  );
  const condition = (type: string, status: "True" | "False"): Condition => ({
    type,
    status,
    reason: "InvalidSpec",
    message,
    observedGeneration: generation,
    lastTransitionTime: timeText(now),
  });
  return { observedGeneration: generation, conditions: [condition("Ready", "False"), condition("Stalled", "True")] };
}
