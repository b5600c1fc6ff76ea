// Measures starts in a cluster that is served already: with one Secret missing, then with nothing to do.
import { untilAtRest } from "./at-rest.ts";
import { hostsOfSecret } from "./dimensions.ts";
import type { OperatorSide } from "./operator-side.ts";
import type { Raw, Start } from "./report.ts";
import { operatorSecret, type Stage } from "./stage.ts";

export const startRounds = 3;

export async function measureStarts(
  stage: Stage,
  side: OperatorSide,
  step: (text: string) => void,
): Promise<Pick<Raw, "startToFirstWriteSeconds" | "startNoChange">> {
  const startToFirstWriteSeconds: number[] = [];
  const startNoChange: Start[] = [];
  for (let round = 1; round <= startRounds; round += 1) {
    step("restart");
    const namespace = stage.namespaces.at(-round) ?? "";
    await stage.admin.remove(`/api/v1/namespaces/${namespace}/secrets/${operatorSecret}`);
    const isBack = stage.seen.operatorSecrets.allOf(
      "the Secret to come back",
      [namespace],
      ({ type }) => type === "ADDED",
    );
    const reverting = side.start();
    startToFirstWriteSeconds.push(((await isBack).last - reverting.startedAt) / 1000);
    await untilAtRest(reverting, stage.namespaces.length, hostsOfSecret(stage.dimensions));
    await reverting.stop();

    const { child, readySeconds, restSeconds } = await side.startAtRest();
    const { requests, peakRssMegabytes, longestStallMilliseconds } = await child.usage();
    startNoChange.push({
      readySeconds,
      restSeconds,
      writes: requests["write"] ?? 0,
      peakRssMegabytes,
      longestStallMilliseconds,
    });
    await child.stop();
  }
  return { startToFirstWriteSeconds, startNoChange };
}
