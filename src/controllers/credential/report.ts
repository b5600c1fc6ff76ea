// Reports on a RegistryCredential beside its status: Events for the administrators, and the log.
import { conditions, isBad, isConditionType } from "../../api/conditions.ts";
import { group, kind, version } from "../../api/names.ts";
import { hasTrait } from "../../api/reasons.ts";
import type { RegistryCredential, Status } from "../../api/registry-credential.ts";
import type { CredentialRecord, CrdRecord } from "../../cluster/records.ts";
import type { Failure } from "../../runtime/errors.ts";
import { longestNote, textWithSteps } from "../../runtime/steps.ts";
import type { Context } from "../context.ts";
import { crdOutdated } from "../crd-outdated.ts";
import { firstOf, type Left, nothingLeft } from "./plan-drain.ts";
import { tokenEvents } from "./plan-token-events.ts";

export function publishTransitions(
  { runtime: { clock, events, log } }: Context,
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
    if (events === "none" || hasTrait(condition, "unreported")) continue;
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
  for (const { reason, message } of tokenEvents(before.registries ?? [], after.registries ?? [], clock.now())) {
    tell("Warning", reason, message);
  }
}

/** That it could not be written, though its status cannot say so: the log, and administrators by an Event, unless time mends it. */
export function reportDenial(
  { runtime: { events, log } }: Context,
  { name, uid }: CredentialRecord,
  failure: Failure,
): void {
  const { reason, retry } = failure;
  log.warn("RegistryCredential not updated", { credential: name, reason, detail: textWithSteps(failure) });
  if (retry === "backoff") return;
  const regarding = { apiVersion: `${group}/${version}`, kind, name, uid };
  events.publish({
    regarding,
    type: "Warning",
    reason,
    action: "Reconcile",
    note: textWithSteps(failure, longestNote),
  });
}

export function reportSchema({ runtime: { log } }: Context, installed: CrdRecord | undefined): void {
  const outdated = crdOutdated(installed);
  if (outdated) log.warn("installed schema outdated", { reason: outdated.reason, detail: textWithSteps(outdated) });
  else log.info("installed schema complete");
}

/** @param left what tenants keep; undefined: it is not known */
export function reportReleased(
  { runtime: { log } }: Context,
  { name: credential }: RegistryCredential,
  left: Left | undefined,
  forced: boolean,
): void {
  const { secrets: keptByTenants, harmless } = left ?? nothingLeft;
  if (keptByTenants.size > 0) {
    const examples = firstOf(keptByTenants).join(", ");
    log.warn("RegistryCredential left with tenants", { credential, namespaces: keptByTenants.size, examples });
  }
  log.info("RegistryCredential released", { credential, left: keptByTenants.union(harmless).size, forced });
}
