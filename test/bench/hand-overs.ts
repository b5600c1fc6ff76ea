// Measures how long there is no leader when it is stopped, or killed in the middle of a rotation. Many times.
import { setTimeout as sleep } from "node:timers/promises";
import { pollUntil } from "../cluster/poll-until.ts";
import { startReplica } from "../integration/replica.ts";
import { operatorSide } from "./operator-side.ts";
import type { Rows } from "./report.ts";
import type { Stage } from "./stage.ts";
import { median, percentile } from "./statistics.ts";

export const handOverSignals = ["SIGTERM", "SIGKILL"] as const;
export type HandOverSignal = (typeof handOverSignals)[number];

export interface HandOversOptions {
  readonly stage: Stage;
  readonly count: number;
  readonly signal: HandOverSignal;
  readonly step: (text: string) => void;
}

// The leader renews every two seconds: how long ago it did decides how long a crash lasts.
const renewalMs = 2_000;
const limit = Temporal.Duration.from({ minutes: 1 });

/** Milliseconds from the signal until the one that stood by leads, as its log has it. */
export async function measureHandOvers({ stage, count, signal, step }: HandOversOptions): Promise<readonly number[]> {
  const { kubeconfig } = stage.cluster;
  const side = await operatorSide(stage);
  await side.createCredential("ServiceAccounts");
  const took: number[] = [];
  let leader = await startReplica(kubeconfig);
  try {
    await leader.untilLogged("started");
    while (took.length < count) {
      step(`hand-over after ${signal}${took.length > 0 ? `; the last one took ${took.at(-1)} ms` : ""}`);
      const follower = await startReplica(kubeconfig);
      const former = leader;
      leader = follower;
      try {
        await pollUntil(async () => (await follower.probe("/readyz"))?.status === 200, {
          what: "its readiness",
          limit,
        });
        await sleep(Math.random() * renewalMs);
        await side.changeSource();
        const since = Temporal.Now.instant();
        former.child.kill(signal);
        const { time } = await follower.untilLogged("leading");
        took.push(Math.round(time.since(since).total("milliseconds")));
      } finally {
        former.child.kill("SIGKILL");
        await former.exitCode;
      }
    }
  } finally {
    leader.child.kill("SIGKILL");
    await leader.exitCode;
  }
  return took;
}

export function handOverRows(took: readonly number[]): Rows {
  return {
    handOvers: took.length,
    handOverP50: median(took),
    handOverP99: percentile(took, 99),
    handOverLongest: Math.max(...took),
  };
}
