// The strangers of the bench, in a process of their own: what their flood costs them is not the operator's.
import { constants, setPriority } from "node:os";
import { type MetricsFlood, metricsFlood } from "../runtime/network/metrics-flood.ts";
import { answerParent } from "./answer-parent.ts";

export interface FlooderRequest {
  /** To begin at; undefined: to end. */
  readonly port?: number;
}

/** On a machine of their own they would take none of the operator's cores. */
setPriority(constants.priority.PRIORITY_LOW);

let flood: MetricsFlood | undefined;

answerParent(async ({ port }: FlooderRequest) => {
  if (port !== undefined) {
    flood = metricsFlood(port);
    return undefined;
  }
  const statuses = Object.fromEntries(flood?.statuses ?? []);
  await flood?.end();
  flood = undefined;
  return statuses;
});
