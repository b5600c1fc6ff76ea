// The status of a RegistryCredential whose spec cannot be read.
import type { ConditionType } from "../../api/conditions.ts";
import type { Condition, Status } from "../../api/registry-credential.ts";
import { foreignText } from "../../runtime/foreign-text.ts";
import { textWithSteps } from "../../runtime/steps.ts";
import { giveUp } from "../../cluster/install-steps.ts";
import type { CredentialRecord } from "../../cluster/records.ts";
import { timeText } from "./plan-status-text.ts";
import { believedTime } from "./plan-reported-status.ts";

// When an object was made that cannot be read is not known.
const earliestTime = Temporal.Instant.fromEpochMilliseconds(0);
// Longer than any message that a person reads; the schema allows 32 KiB each.
const longestMessage = 4096;

/** What was served goes on, and a person must mend the spec. */
export function invalidStatus(record: CredentialRecord, now: Temporal.Instant): Status {
  const { name, generation, problems, deleting } = record;
  const waits = deleting ? ", so its deletion waits for a spec that can be read" : "";
  const message = textWithSteps(
    {
      message: `the spec cannot be read, and tenants keep what they had${waits}: ${foreignText(problems.join("; "), longestMessage)}`,
      steps: deleting ? [{ says: "to leave with them what they have", command: giveUp(name) }] : [],
    },
    longestMessage,
  );
  const sinceOf = (type: ConditionType, status: "True" | "False"): Temporal.Instant | undefined => {
    const before = record.status?.conditions?.find((each) => each.type === type && each.status === status);
    return before && believedTime(before.lastTransitionTime, earliestTime, now);
  };
  const condition = (type: ConditionType, status: "True" | "False"): Condition => ({
    type,
    status,
    reason: "InvalidSpec",
    message,
    observedGeneration: generation,
    lastTransitionTime: timeText(sinceOf(type, status) ?? now),
  });
  return { observedGeneration: generation, conditions: [condition("Ready", "False"), condition("Stalled", "True")] };
}
