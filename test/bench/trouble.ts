// Measures rotations while the API server is in trouble, behind a proxy that plays it, and rotations that meet each other.
import { setTimeout as sleep } from "node:timers/promises";
import { type Fault, type FaultProxy, faultProxy, type Victims } from "../cluster/fault-proxy.ts";
import { bareTemplate, type BareSide, startBareSide } from "./bare-side.ts";
import { burst } from "./bursts.ts";
import type { Child } from "./child.ts";
import { type Churn, churnRows, measureChurn } from "./churn.ts";
import { anySecret } from "./fan-outs.ts";
import { isRotated, isServed } from "./served.ts";
import { operatorSide, type OperatorSide } from "./operator-side.ts";
import { type Burst, type Rows, rounded } from "./report.ts";
import type { Stage } from "./stage.ts";
import { median } from "./statistics.ts";
import { measureThree } from "./three-rotations.ts";

export const troubles = ["slow", "flaky", "throttled", "three", "churn"] as const;
export type Trouble = (typeof troubles)[number];

export interface TroubleOptions {
  readonly stage: Stage;
  readonly asked: readonly Trouble[];
  readonly churnMinutes: number;
  readonly step: (text: string) => void;
  /** After each of them, with all that were measured. */
  readonly keep: (measured: Troubles) => Promise<void>;
}

interface Played {
  readonly slow: { readonly operator: readonly Burst[]; readonly bare: readonly Burst[] };
  readonly flaky: readonly Burst[];
  readonly throttled: { readonly refused: number; readonly recoverySeconds: number };
  /** For each round the seconds until each of the RegistryCredentials was done. */
  readonly three: readonly (readonly number[])[];
  readonly churn: Churn;
}

/** Of what was asked for. */
export interface Troubles extends Partial<Played> {
  /** Through the same proxy, without trouble. */
  readonly calm: readonly Burst[];
}

const rounds = 3;
const slowWrites = { kind: "slow", milliseconds: 200 } satisfies Fault;
const fivePercent = { kind: "answer", code: 500, every: 20 } satisfies Fault;
const busy = { kind: "answer", code: 429, retryAfter: 1 } satisfies Fault;
const throttledSeconds = 60;

/** About how many seconds each call of `step` is followed by. */
export function troubleSteps(
  { asked, churnMinutes }: Pick<TroubleOptions, "asked" | "churnMinutes">,
  namespaces: number,
): readonly number[] {
  const perThousand = namespaces / 1000;
  const seconds: Readonly<Record<Trouble, number>> = {
    slow: rounds * (6 + 26 * perThousand),
    flaky: rounds * (5 + 6 * perThousand),
    throttled: throttledSeconds + 10 + 6 * perThousand,
    three: 10 + 30 * perThousand,
    churn: churnMinutes * 60,
  };
  return [15 + 15 * perThousand, ...troubles.filter((each) => asked.includes(each)).map((each) => seconds[each])];
}

interface Scene {
  readonly stage: Stage;
  readonly proxy: FaultProxy;
  readonly side: OperatorSide;
  readonly child: Child;
}

export async function measureTroubles({ stage, asked, churnMinutes, step, keep }: TroubleOptions): Promise<void> {
  step("fan-out and rotations without trouble");
  const proxy = await faultProxy(stage.cluster);
  try {
    const side = await operatorSide(stage, proxy.kubeconfig);
    const { child } = await side.startAtRest();
    const scene: Scene = { stage, proxy, side, child };
    await burst({
      what: "the fan-out",
      stage,
      child,
      changes: stage.seen.operatorSecrets,
      fits: isServed(stage, side),
      begin: () => side.createCredential("ServiceAccounts"),
    });
    const calm: Burst[] = [];
    for (let round = 0; round < rounds; round += 1) calm.push(await rotation(scene));

    const measures: { readonly [K in Trouble]: () => Promise<Played[K]> } = {
      slow: () => measureSlow(scene),
      flaky: () => troubled(scene, fivePercent, "all"),
      throttled: () => measureThrottled(scene),
      three: () => measureThree(stage, rounds),
      churn: () => measureChurn({ stage, side, child, minutes: churnMinutes }),
    };
    const measured: { -readonly [K in Trouble]?: Played[K] } = {};
    const play = async <K extends Trouble>(each: K): Promise<void> => {
      step(sentences[each]);
      measured[each] = await measures[each]();
      await keep({ calm, ...measured });
    };
    for (const each of troubles.filter((one) => asked.includes(one))) await play(each);
    await child.stop();
  } finally {
    await proxy.close();
  }
}

const sentences: Readonly<Record<Trouble, string>> = {
  slow: "rotations, 200 ms a write",
  flaky: "rotations, 5 % of all answers are 500",
  throttled: `a rotation, 429 for ${throttledSeconds} s`,
  three: "three RegistryCredentials rotate at once",
  churn: "namespaces come and go",
};

async function rotation({ stage, side, child }: Scene): Promise<Burst> {
  const password = side.newPassword();
  const took = await burst({
    what: "the rotation",
    stage,
    child,
    changes: stage.seen.operatorSecrets,
    fits: isRotated(stage, side, password),
    begin: () => side.changeSource(password),
  });
  await side.verify(password);
  return took;
}

async function troubled(scene: Scene, fault: Fault, victims: Victims): Promise<readonly Burst[]> {
  const took: Burst[] = [];
  scene.proxy.inject(fault, victims);
  try {
    for (let round = 0; round < rounds; round += 1) took.push(await rotation(scene));
  } finally {
    scene.proxy.heal();
  }
  return took;
}

/** Against the bare client, which has the same proxy before it. */
async function measureSlow(scene: Scene): Promise<Played["slow"]> {
  const { stage, proxy } = scene;
  const bareSide = await startBareSide({ ...stage, access: { ...stage.access, server: proxy.server } });
  try {
    const { namespaces } = stage;
    await bareSide.prepare({ kind: "prepareCreate", namespaces, secret: bareTemplate(await anySecret(stage)) });
    await bareSide.go();
    const operator = await troubled(scene, slowWrites, "writes");
    proxy.inject(slowWrites, "writes");
    const bare: Burst[] = [];
    for (let round = 0; round < rounds; round += 1) bare.push(await rotationOf(bareSide, stage));
    return { operator, bare };
  } finally {
    proxy.heal();
    await bareSide.stop();
  }
}

async function rotationOf(bare: BareSide, stage: Stage): Promise<Burst> {
  await bare.prepare({ kind: "prepareReplace", secret: bareTemplate(await anySecret(stage)) });
  return burst({
    what: "the bare client's rotation",
    stage,
    child: bare.child,
    changes: stage.seen.bareSecrets,
    fits: ({ type }) => type === "MODIFIED",
    begin: () => bare.go(),
  });
}

/** The source changes when the minute begins; Leases pass. */
async function measureThrottled({ stage, side, proxy }: Scene): Promise<Played["throttled"]> {
  const password = side.newPassword();
  const served = stage.seen.operatorSecrets.allOf(
    "the rotation after a minute of 429",
    stage.namespaces,
    isRotated(stage, side, password),
  );
  const before = proxy.count().writes;
  proxy.inject(busy, "objects");
  await side.changeSource(password);
  await sleep(throttledSeconds * 1000);
  const refused = proxy.count().writes - before;
  proxy.heal();
  const healed = performance.now();
  const { last } = await served;
  await side.verify(password);
  return { refused, recoverySeconds: (last - healed) / 1000 };
}

/** Ratios are how fast it is beside what stands in the comment. */
export function troubleRows({ calm, slow, flaky, throttled, three, churn }: Troubles): Rows {
  const seconds = (bursts: readonly Burst[]): number => median(bursts.map((each) => each.seconds));
  const rate = (bursts: readonly Burst[]): number => median(bursts.map((each) => each.writesPerSecond));
  return rounded({
    calmRotationSeconds: seconds(calm),
    ...(slow && {
      slowRotationSeconds: seconds(slow.operator),
      // Beside the bare client, to which the API server is as slow.
      slowRotationRatio: rate(slow.operator) / rate(slow.bare),
    }),
    ...(flaky && {
      flakyRotationSeconds: seconds(flaky),
      // Beside itself without trouble.
      flakyRotationRatio: seconds(calm) / seconds(flaky),
    }),
    ...(throttled && {
      throttledWrites: throttled.refused,
      throttledRecoverySeconds: throttled.recoverySeconds,
    }),
    ...(three && {
      threeRotationSeconds: median(three.map((each) => Math.max(...each))),
      fairness: median(three.map(fairnessOf)),
    }),
    ...(churn && churnRows(churn)),
  });
}

/** How much later than the mean the last one ends: 1 where all end at once. */
function fairnessOf(seconds: readonly number[]): number {
  const mean = seconds.reduce((total, each) => total + each, 0) / seconds.length;
  return Math.max(...seconds) / mean;
}
