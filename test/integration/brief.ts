// Short debounce of the operator's reports, for tests.
import type { Timing } from "../../src/controllers/timing.ts";

const debounce = Temporal.Duration.from({ milliseconds: 50 });

/** Reports that come at once, but for what happens in one moment. */
export const brief: Timing = { debounce };
