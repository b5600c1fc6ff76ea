// Tells when the operator has nothing more to do.
import { pollUntil } from "../cluster/poll-until.ts";
import type { Child } from "./child.ts";
import { patience } from "./patience.ts";

/** When, on the clock of `performance.now()`, and the CPU seconds of the process until then. */
export interface CpuSample {
  readonly at: number;
  readonly cpuSeconds: number;
}

// The status of a change is written within a second of it. The Lease and an idle watch take some 10 ms a second.
const restMs = 1_500;
const restShare = 0.1;
const lookMs = 100;

/** The first moment after which a process has done next to nothing for a while; undefined: there was none yet. */
export function restsSince(samples: readonly CpuSample[]): number | undefined {
  const last = samples.at(-1);
  if (!last) return undefined;
  const earlier = samples.findLastIndex(({ at }) => last.at - at >= restMs);
  const since = samples[earlier];
  if (!since || (last.cpuSeconds - since.cpuSeconds) * 1000 > restShare * (last.at - since.at)) return undefined;
  return since.at;
}

/** Resolves to the moment since which it rests, on the clock of `performance.now()`; what was before the call does not count. */
export async function untilAtRest(child: Child, namespaces: number, logins: number): Promise<number> {
  const samples: CpuSample[] = [];
  return pollUntil(
    async () => {
      const { cpuSeconds } = await child.usage();
      samples.push({ at: performance.now(), cpuSeconds });
      return restsSince(samples);
    },
    {
      what: "the operator to have nothing more to do",
      limit: patience(namespaces, logins),
      every: Temporal.Duration.from({ milliseconds: lookMs }),
    },
  );
}

/** Resolves when it says that it is ready. */
export async function untilReady(child: Child, port: number, namespaces: number): Promise<void> {
  await pollUntil(
    async () => {
      // Rejects where it has ended.
      await child.usage();
      return fetch(`http://127.0.0.1:${port}/readyz`).then(
        async (answer) => {
          await answer.arrayBuffer();
          return answer.ok;
        },
        () => false,
      );
    },
    {
      what: "the operator to be ready",
      limit: patience(namespaces),
      every: Temporal.Duration.from({ milliseconds: 20 }),
    },
  );
}
