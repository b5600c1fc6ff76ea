// The measurements of the bench, in their order.
import { statSync } from "node:fs";
import { cpus, platform } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeRuntimeFiles } from "../../tools/build/runtime-files.ts";
import { untilAtRest } from "./at-rest.ts";
import { hostsOfSecret } from "./dimensions.ts";
import { bareTemplate, startBareSide } from "./bare-side.ts";
import { burst, inPairs } from "./bursts.ts";
import type { Change } from "./changes.ts";
import type { Child } from "./child.ts";
import { anySecret, measureFanOuts } from "./fan-outs.ts";
import { measureNewNamespaces } from "./new-namespaces.ts";
import { type OperatorSide, operatorSide } from "./operator-side.ts";
import type { Burst, Raw } from "./report.ts";
import { isRotated } from "./served.ts";
import type { Stage } from "./stage.ts";
import { measureStarts, startRounds } from "./starts.ts";

export interface MeasureOptions {
  readonly stage: Stage;
  readonly pairs: number;
  readonly step: (text: string) => void;
  /** With all that has been measured; once before what is measured last, and once after. */
  readonly keep: (measured: Raw) => Promise<void>;
}

// First rotations need a new process on each side each time.
const coldPairs = 2;
// V8 has compiled what is hot long before the two-thousandth write.
const warmWrites = 2_000;
const steadySeconds = 60;
const quietMs = 3_000;

const isModified = ({ type }: Change): boolean => type === "MODIFIED";

/** About how many seconds each call of `step` is followed by, in their order: two cores of 2026, an unloaded machine. */
export function stepsOf(pairs: number, namespaces: number): readonly number[] {
  const each = (count: number, fixed: number, perThousand: number): readonly number[] =>
    Array.from({ length: count }, () => fixed + (perThousand * namespaces) / 1000);
  return [
    ...each(pairs * 2, 8, 13),
    ...each(1, 6, 8),
    ...each(startRounds, 8, 2),
    ...each(coldPairs * 2, 3, 4),
    ...each(warmUps(namespaces), 4, 6),
    ...each(pairs * 2, 2, 3),
    ...each(1, 18, 0),
    ...each(1, 6, 4),
    ...each(1, steadySeconds + quietMs / 1000, 0),
    ...each(1, 12, 8),
  ];
}

function warmUps(namespaces: number): number {
  return Math.min(Math.ceil(warmWrites / namespaces), 10);
}

export async function measure({ stage, pairs, step, keep }: MeasureOptions): Promise<void> {
  const side = await operatorSide(stage);
  const fanOuts = await measureFanOuts({ stage, side, pairs, step });
  const secretBytes = JSON.stringify(bareTemplate(await anySecret(stage))).length;
  const starts = await measureStarts(stage, side, step);
  const { operator, rotationCold, rotation } = await measureRotations(stage, side, { pairs, step });
  const afterRotations = await operator.usage();

  step("new namespaces");
  const newNamespace = await measureNewNamespaces(stage, side, step);
  step(`steady state, ${steadySeconds} s`);
  const steadyState = await measureSteadyState(operator);
  const { rssMegabytes, peakRssMegabytes, longestStallMilliseconds } = await operator.usage();
  const raw: Raw = {
    setting: {
      namespaces: stage.namespaces.length,
      dimensions: stage.dimensions,
      singleSecretWatches: stage.singleSecretWatches,
      secretBytes,
      node: process.version,
      platform: `${platform()} ${process.arch}`,
      cpus: cpus().length,
    },
    size: {
      bundleMegabytes: side.bundleMegabytes,
      imageMegabytes: side.bundleMegabytes + side.compiledMegabytes + runtimeMegabytes(stage),
    },
    ...fanOuts,
    ...starts,
    rotationCold,
    rotation,
    afterRotations,
    newNamespace,
    steadyState: { ...steadyState, rssMegabytes, peakRssMegabytes, longestStallMilliseconds },
    droppedWatches: await stage.droppedWatches(),
  };
  await keep(raw);
  step("a second replica takes over, and a glob is mistyped");
  await keep({ ...raw, second: await measureSecond(stage, side, operator) });
}

/** What the image holds beside the program: Node and the files that it needs. */
function runtimeMegabytes({ cluster }: Stage): number {
  const folder = join(cluster.folder, "runtime");
  const bytes = writeRuntimeFiles(folder).map((path) => statSync(join(folder, path)).size);
  return bytes.reduce((total, size) => total + size, 0) / 1e6;
}

/** First rotations, for which nobody has written anything in this process yet, then those of two warm ones. */
async function measureRotations(
  stage: Stage,
  side: OperatorSide,
  { pairs, step }: Pick<MeasureOptions, "pairs" | "step">,
): Promise<Pick<Raw, "rotationCold" | "rotation"> & { readonly operator: Child }> {
  let operator: Child | undefined;
  let bare = await startBareSide(stage);
  const template = bareTemplate(await anySecret(stage));
  await bare.prepare({ kind: "prepareCreate", namespaces: stage.namespaces, secret: template });
  await bare.go();
  const rotateBare = async (): Promise<Burst> => {
    await bare.prepare({ kind: "prepareReplace", secret: bareTemplate(await anySecret(stage)) });
    return burst({
      what: "the bare client's rotation",
      stage,
      child: bare.child,
      changes: stage.seen.bareSecrets,
      fits: isModified,
      begin: () => bare.go(),
    });
  };
  const rotate = async (child: Child | undefined, password: string, begin: () => Promise<unknown>): Promise<Burst> => {
    const took = await burst({
      what: "the operator's rotation",
      stage,
      child,
      changes: stage.seen.operatorSecrets,
      fits: isRotated(stage, side, password),
      begin,
    });
    await side.verify(password);
    return took;
  };
  const rotationCold = await inPairs(coldPairs, {
    operator: async () => {
      step("first rotation of a fresh process: operator");
      await operator?.stop();
      const password = await side.changeSource();
      return rotate(undefined, password, async () => {
        operator = side.start();
      });
    },
    bare: async () => {
      step("first rotation of a fresh process: bare client");
      await bare.stop();
      bare = await startBareSide(stage);
      return rotateBare();
    },
  });
  if (!operator) throw new Error("no operator runs");
  const running: Child = operator;
  const rotateOperator = (): Promise<Burst> => {
    const password = side.newPassword();
    return rotate(running, password, () => side.changeSource(password));
  };
  for (let round = 1; round <= warmUps(stage.namespaces.length); round += 1) {
    step("warming both up");
    await rotateOperator();
    await rotateBare();
  }
  const rotation = await inPairs(pairs, {
    operator: () => {
      step("rotation: operator");
      return rotateOperator();
    },
    bare: () => {
      step("rotation: bare client");
      return rotateBare();
    },
  });
  await bare.stop();
  return { operator: running, rotationCold, rotation };
}

// The removal guard holds nothing of a few: src/entitlement, and it would all go.
const fewestHeld = 20;

/** Memory of one that stands by in a rotation, and what it does when it has taken over. */
async function measureSecond(stage: Stage, side: OperatorSide, leader: Child): Promise<NonNullable<Raw["second"]>> {
  const { child } = await side.startAtRest();
  const password = side.newPassword();
  await burst({
    what: "the rotation with two replicas",
    stage,
    child,
    changes: stage.seen.operatorSecrets,
    fits: isRotated(stage, side, password),
    begin: () => side.changeSource(password),
  });
  const standby = await child.usage();
  await leader.stop();
  if (stage.dimensions.credentials === 1 && stage.namespaces.length >= fewestHeld) await side.mistypeGlob();
  await untilAtRest(child, stage.namespaces.length, hostsOfSecret(stage.dimensions));
  const afterGlob = await child.usage();
  await child.stop();
  await side.verify(password);
  return { standby, afterGlob };
}

async function measureSteadyState(operator: Child): Promise<Pick<Raw["steadyState"], "seconds" | "requests">> {
  await sleep(quietMs);
  const before = await operator.usage();
  await sleep(steadySeconds * 1000);
  const after = await operator.usage();
  return {
    seconds: steadySeconds,
    requests: Object.fromEntries(
      Object.entries(after.requests).map(([kind, count]) => [kind, count - (before.requests[kind] ?? 0)]),
    ),
  };
}
