// Events on a RegistryCredential, and lines in the log, for changes of its status that are worth one.
import { conditions, isBad, isConditionType } from "../../api/conditions.ts";
import { group, kind, version } from "../../api/names.ts";
import type { Status } from "../../api/registry-credential.ts";
import type { CredentialRecord } from "../../cluster/records.ts";
import { tokenNews } from "./plan-token-events.ts";
import type { Context } from "../context.ts";

/** Work that goes on by itself is no news. */
const quiet = new Set(["Progressing", "Pending", "Deleting", "Suspended"]);

export function publishTransitions(
  { clock, events, log }: Pick<Context, "clock" | "events" | "log">,
  record: CredentialRecord,
  before: Status,
  after: Status,
): void {
  const tell = (type: "Normal" | "Warning", reason: string, note: string): void =>
    events.publish({
      regarding: { apiVersion: `${group}/${version}`, kind, name: record.name, uid: record.uid },
      type,
      reason,
      action: "Reconcile",
      note,
    });
  for (const condition of after.conditions ?? []) {
    const { type, status, reason, message } = condition;
    const events = isConditionType(type) ? conditions[type].events : "none";
    if (events === "none" || quiet.has(reason)) continue;
    const last = before.conditions?.find((each) => each.type === type);
    if (last?.status === status && last.reason === reason) continue;
    const bad = isBad(condition);
    if (!bad && events !== "every change") continue;
    log[bad ? "warn" : "info"]("condition changed", {
      credential: record.name,
      condition: type,
      status,
      reason,
      detail: message,
    });
    // The condition has room for the worst entry only; below, each has an Event of its own.
    if (events !== "log") tell(bad ? "Warning" : "Normal", reason, `${type}: ${message}`);
  }
  for (const { reason, message } of tokenNews(before.registries ?? [], after.registries ?? [], clock.now())) {
    tell("Warning", reason, message);
  }
}
