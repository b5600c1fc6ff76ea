// Which changes of conditions are worth an Event for the administrators?
import { group, kind, version } from "../api/names.ts";
import type { Condition } from "../api/registry-credential.ts";
import type { CredentialRecord } from "../plan/snapshot.ts";
import type { Context } from "./context.ts";

/** True is bad news for these; for the others False is. */
const abnormal = new Set(["Stalled", "RemovalHeld", "DrainBlocked"]);
/** Work that goes on by itself is no news. */
const quiet = new Set(["Progressing", "Pending", "Deleting", "Suspended"]);

export function publishTransitions(
  { events, log }: Pick<Context, "events" | "log">,
  record: CredentialRecord,
  before: readonly Condition[],
  after: readonly Condition[],
): void {
  for (const condition of after) {
    const { type, status, reason, message } = condition;
    if (type === "Reconciling" || quiet.has(reason)) continue;
    const last = before.find((each) => each.type === type);
    if (last?.status === status && last.reason === reason) continue;
    const bad = abnormal.has(type) ? status === "True" : status !== "True";
    if (!bad && type !== "Ready") continue;
    log[bad ? "warn" : "info"]("condition changed", {
      credential: record.name,
      condition: type,
      status,
      reason,
      detail: message,
    });
    events.publish({
      regarding: { apiVersion: `${group}/${version}`, kind, name: record.name, uid: record.uid },
      type: bad ? "Warning" : "Normal",
      reason,
      action: "Reconcile",
      note: `${type}: ${message}`,
    });
  }
}
