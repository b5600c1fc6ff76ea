// How soon does the operator report in tests, and how long must nothing happen before a test believes it?
import { setTimeout as sleep } from "node:timers/promises";
import type { Timing } from "../../src/operator/timing.ts";

const debounce = Temporal.Duration.from({ milliseconds: 50 });

/** Reports that come at once, but for what happens in one moment. */
export const brief: Timing = { debounce };

/** Nothing tells of work that is not there: waits twenty times as long as work waits that is. */
export async function quiet(): Promise<void> {
  await sleep(20 * debounce.total("milliseconds"));
}
