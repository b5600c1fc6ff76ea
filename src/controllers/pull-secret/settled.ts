// Does what was found of a pull Secret still count?
import type { PullSecretPlan } from "./plan-types.ts";
import type { SecretRecord } from "../../cluster/records.ts";
import { isAlive } from "../../cluster/token.ts";

/** The version that was compared whole, with what, and what was found. */
export interface Settled {
  readonly resourceVersion: string;
  readonly signature: string;
  readonly plan: PullSecretPlan;
}

/** What was found counts for that very version and content, until something that was kept ends. */
export function stillSettled(
  settled: Settled | undefined,
  record: SecretRecord | undefined,
  signature: string,
  now: Temporal.Instant,
): PullSecretPlan | undefined {
  if (settled?.resourceVersion !== record?.resourceVersion || settled?.signature !== signature) return undefined;
  return isAlive({ expiresAt: settled.plan.keptUntil }, now) ? settled.plan : undefined;
}
