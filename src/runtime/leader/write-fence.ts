// The write fence: lets a write go only if it ends before another replica can lead.
import type { Clock } from "../clock.ts";
import { unavailable } from "../client/api-error.ts";
import { leaseDuration, renewDeadline } from "./lease-state.ts";
import type { ApiRequest, Transport } from "../client/transport.ts";

// A Lease fences nothing by itself: who wrote under it may be paused, and the write arrives afterwards. So each write is
// bound by a deadline, here and at the API server (`timeout`), that ends before anybody else may take the Lease. The
// margin is what `timeout` is rounded up by.
const margin = 1_000;

/** When a renewal was sent, by both clocks. */
export interface Mark {
  readonly elapsed: number;
  readonly wall: number;
}

export interface WriteFence {
  /** Milliseconds within which a write must have ended that is sent now; 0: none may be sent. */
  left(): number;
}

export interface LeaseFence extends WriteFence {
  mark(): Mark;
  /** A renewal that was sent at `mark` has been acknowledged. */
  renewed(mark: Mark): void;
  /** For ever. */
  close(): void;
}

export function leaseFence(clock: Clock): LeaseFence {
  let last: Mark | undefined;
  let closed = false;
  const mark = (): Mark => ({ elapsed: clock.elapsed(), wall: clock.now().epochMilliseconds });
  return {
    mark,
    renewed: (at) => {
      last = at;
    },
    close: () => {
      closed = true;
    },
    left: () => {
      if (closed || !last) return 0;
      const now = mark();
      // Linux' monotonic clock stands still while the machine sleeps. The wall clock does not; where it was set forward
      // instead, nothing is lost but the time until the next renewal.
      const age = Math.max(now.elapsed - last.elapsed, now.wall - last.wall);
      return age >= renewDeadline ? 0 : leaseDuration - margin - age;
    },
  };
}

/** The same transport, but that it sends no write which the fence does not let through. Reads and the Lease itself pass. */
export function withFence(transport: Transport, fence: WriteFence): Transport {
  return {
    ...transport,
    request: async (call: ApiRequest) => {
      if (call.method === "GET" || call.purpose === "lease") return transport.request(call);
      const left = Math.floor(fence.left());
      if (left <= 0) throw unavailable("this replica may not write: its lease is not certain", "NotLeading");
      const max = Temporal.Duration.from({ milliseconds: left });
      const deadline = call.deadline && Temporal.Duration.compare(call.deadline, max) < 0 ? call.deadline : max;
      // Asked once more when a connection takes it up: the process may have stood still while it waited for one.
      return transport.request({ ...call, deadline, mayBegin: () => fence.left() > 0 });
    },
  };
}
