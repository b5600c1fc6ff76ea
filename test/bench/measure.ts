// The measurements of the bench, in their order.
import { statSync } from "node:fs";
import { cpus, platform } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeRuntimeFiles } from "../../tools/build/runtime-files.ts";
import { bareTemplate, startBareSide } from "./bare-side.ts";
import { burst, inPairs } from "./bursts.ts";
import { type Change, refersTo } from "./changes.ts";
import type { Child } from "./child.ts";
import { measureNewNamespaces } from "./new-namespaces.ts";
import { type OperatorSide, operatorSide } from "./operator-side.ts";
import type { Burst, Raw } from "./report.ts";
import { bareSecret, operatorSecret, secretsCalled, type Stage } from "./stage.ts";

export interface MeasureOptions {
  readonly stage: Stage;
  readonly pairs: number;
  readonly step: (text: string) => void;
}

// Fan-outs and first rotations need a new process on each side each time: two pairs are some 20 s.
const coldPairs = 2;
const starts = 3;
// V8 has compiled what is hot long before the two-thousandth write.
const warmWrites = 2_000;
const steadySeconds = 60;
const quietMs = 3_000;

const isAdded = ({ type }: Change): boolean => type === "ADDED";
const isModified = ({ type }: Change): boolean => type === "MODIFIED";

/** How many times `step` will be called. */
export function stepsOf(pairs: number, namespaces: number): number {
  return coldPairs * 2 + 1 + starts + coldPairs * 2 + warmUps(namespaces) + pairs * 2 + 3;
}

function warmUps(namespaces: number): number {
  return Math.min(Math.ceil(warmWrites / namespaces), 10);
}

export async function measure({ stage, pairs, step }: MeasureOptions): Promise<Raw> {
  const side = await operatorSide(stage);
  const fanOuts = await measureFanOuts(stage, side, step);
  const template = bareTemplate(await anySecret(stage));
  const start = await measureStarts(stage, side, step);

  // First rotations: nobody has written anything in this process yet.
  let operator: Child | undefined;
  let bare = await startBareSide(stage);
  await bare.prepare({ kind: "prepareCreate", namespaces: stage.namespaces, secret: template });
  await bare.go();
  const rotateBare = (child: Child | undefined): Promise<Burst> =>
    burst({
      what: "the bare client's rotation",
      stage,
      child,
      changes: stage.seen.bareSecrets,
      fits: isModified,
      begin: () => bare.go(),
    });
  const rotationCold = await inPairs(coldPairs, {
    operator: async () => {
      step("first rotation of a fresh process: operator");
      await operator?.stop();
      const password = await side.changeSource();
      const took = await burst({
        what: "the operator's first rotation",
        stage,
        child: undefined,
        changes: stage.seen.operatorSecrets,
        fits: isModified,
        begin: async () => {
          operator = side.start();
        },
      });
      await side.verify(password);
      return took;
    },
    bare: async () => {
      step("first rotation of a fresh process: bare client");
      await bare.stop();
      bare = await startBareSide(stage);
      await bare.prepare({ kind: "prepareReplace", secret: bareTemplate(await anySecret(stage)) });
      return rotateBare(bare.child);
    },
  });
  if (!operator) throw new Error("no operator runs");
  const running: Child = operator;

  const rotate = async (): Promise<Burst> => {
    let password = "";
    const took = await burst({
      what: "the operator's rotation",
      stage,
      child: running,
      changes: stage.seen.operatorSecrets,
      fits: isModified,
      begin: async () => {
        password = await side.changeSource();
      },
    });
    await side.verify(password);
    return took;
  };
  const rotateOther = async (): Promise<Burst> => {
    await bare.prepare({ kind: "prepareReplace", secret: bareTemplate(await anySecret(stage)) });
    return rotateBare(bare.child);
  };
  for (let round = 1; round <= warmUps(stage.namespaces.length); round += 1) {
    step("warming both up");
    await rotate();
    await rotateOther();
  }
  const rotation = await inPairs(pairs, {
    operator: () => {
      step("rotation: operator");
      return rotate();
    },
    bare: () => {
      step("rotation: bare client");
      return rotateOther();
    },
  });
  const afterRotations = await running.usage();
  await bare.stop();

  step("new namespaces");
  const newNamespace = await measureNewNamespaces(stage, side, step);
  step(`steady state, ${steadySeconds} s`);
  const steadyState = await measureSteadyState(running);
  const { peakRssMegabytes } = await running.usage();
  await running.stop();
  return {
    setting: {
      namespaces: stage.namespaces.length,
      singleSecretWatches: stage.singleSecretWatches,
      secretBytes: JSON.stringify(template).length,
      node: process.version,
      platform: `${platform()} ${process.arch}`,
      cpus: cpus().length,
    },
    size: {
      bundleMegabytes: side.bundleMegabytes,
      imageMegabytes: side.bundleMegabytes + side.compiledMegabytes + runtimeMegabytes(stage),
    },
    ...fanOuts,
    memory: {
      afterFanOut: fanOuts.rssAfterFanOut,
      afterRotations: afterRotations.rssMegabytes,
      peak: Math.max(peakRssMegabytes, fanOuts.peakRssAfterFanOut),
    },
    ...start,
    rotationCold,
    rotation,
    newNamespace,
    steadyState,
    droppedWatches: await stage.droppedWatches(),
  };
}

/** What the image holds beside the program: Node and the files that it needs. */
function runtimeMegabytes({ cluster }: Stage): number {
  const folder = join(cluster.folder, "runtime");
  const bytes = writeRuntimeFiles(folder).map((path) => statSync(join(folder, path)).size);
  return bytes.reduce((total, size) => total + size, 0) / 1e6;
}

type FanOuts = Pick<Raw, "fanOut" | "references" | "fanOutSeconds" | "deletionSeconds"> & {
  readonly rssAfterFanOut: number;
  readonly peakRssAfterFanOut: number;
};

/** First Secrets alone, then references alone, each against the bare client; then both together, as they usually come. */
async function measureFanOuts(stage: Stage, side: OperatorSide, step: (text: string) => void): Promise<FanOuts> {
  const references: { operator: Burst[]; bare: Burst[] } = { operator: [], bare: [] };
  const deletionSeconds: number[] = [];
  const { namespaces, seen } = stage;
  let secret: Parameters<typeof bareTemplate>[0] | undefined;
  let round = 0;

  const fanOut = await inPairs(coldPairs, {
    operator: async () => {
      step("fan-out and deletion: operator");
      const operator = side.start();
      await sleep(quietMs);
      const took = await burst({
        what: "the operator's fan-out",
        stage,
        child: operator,
        changes: seen.operatorSecrets,
        fits: isAdded,
        begin: () => side.createCredential("None"),
      });
      secret ??= await anySecret(stage);
      references.operator.push(
        await burst({
          what: "the operator's references",
          stage,
          child: operator,
          changes: seen.serviceAccounts,
          fits: ({ object }) => refersTo(object, operatorSecret),
          begin: () => side.referFromServiceAccounts(),
        }),
      );
      deletionSeconds.push(await measureDeletion(stage, side));
      await operator.stop();
      return took;
    },
    bare: async () => {
      step("fan-out: bare client");
      if (!secret) throw new Error("the operator goes first");
      const bare = await startBareSide(stage);
      await bare.prepare({ kind: "prepareCreate", namespaces, secret: bareTemplate(secret) });
      const took = await burst({
        what: "the bare client's fan-out",
        stage,
        child: bare.child,
        changes: seen.bareSecrets,
        fits: isAdded,
        begin: () => bare.go(),
      });
      round += 1;
      const reference = `${bareSecret}-${round}`;
      await bare.prepare({ kind: "prepareReferences", namespaces, reference });
      references.bare.push(
        await burst({
          what: "the bare client's references",
          stage,
          child: bare.child,
          changes: seen.serviceAccounts,
          fits: ({ object }) => refersTo(object, reference),
          begin: () => bare.go(),
        }),
      );
      await bare.prepare({ kind: "prepareDelete", namespaces, name: bareSecret });
      await bare.go();
      await bare.stop();
      return took;
    },
  });

  step("fan-out of Secrets and references together");
  const operator = side.start();
  await sleep(quietMs);
  const secrets = seen.operatorSecrets.allOf("all Secrets", namespaces, isAdded);
  const refers = seen.serviceAccounts.allOf("all references", namespaces, ({ object }) =>
    refersTo(object, operatorSecret),
  );
  const began = performance.now();
  await side.createCredential("ServiceAccounts");
  const lasts = (await Promise.all([secrets, refers])).map(({ last }) => last);
  await sleep(quietMs);
  const usage = await operator.usage();
  await operator.stop();
  return {
    fanOut,
    references,
    fanOutSeconds: (Math.max(...lasts) - began) / 1000,
    deletionSeconds,
    rssAfterFanOut: usage.rssMegabytes,
    peakRssAfterFanOut: usage.peakRssMegabytes,
  };
}

async function measureDeletion(stage: Stage, side: OperatorSide): Promise<number> {
  const began = performance.now();
  await side.deleteCredential();
  const seconds = (performance.now() - began) / 1000;
  const secrets = await secretsCalled(stage.admin, operatorSecret);
  const accounts = await stage.admin.list("/api/v1/serviceaccounts?fieldSelector=metadata.name%3Ddefault");
  const references = accounts.filter((account) => refersTo(account, operatorSecret));
  if (secrets.length + references.length > 0) {
    throw new Error(`${secrets.length} Secrets and ${references.length} references outlived the RegistryCredential`);
  }
  return seconds;
}

/** Restarts with one Secret missing, then one with nothing to do. */
async function measureStarts(
  stage: Stage,
  side: OperatorSide,
  step: (text: string) => void,
): Promise<Pick<Raw, "startToFirstWriteSeconds" | "startNoChangeWrites">> {
  const startToFirstWriteSeconds: number[] = [];
  let writes = 0;
  for (let round = 1; round <= starts; round += 1) {
    step("restart");
    const namespace = stage.namespaces.at(-round) ?? "";
    await stage.admin.remove(`/api/v1/namespaces/${namespace}/secrets/${operatorSecret}`);
    const back = stage.seen.operatorSecrets.allOf("the Secret to come back", [namespace], isAdded);
    const reverting = side.start();
    startToFirstWriteSeconds.push(((await back).last - reverting.startedAt) / 1000);
    await sleep(quietMs);
    await reverting.stop();
    const idle = side.start();
    await sleep(2 * quietMs);
    writes += (await idle.usage()).requests["write"] ?? 0;
    await idle.stop();
  }
  return { startToFirstWriteSeconds, startNoChangeWrites: writes };
}

async function measureSteadyState(operator: Child): Promise<Raw["steadyState"]> {
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

async function anySecret(stage: Stage): Promise<Parameters<typeof bareTemplate>[0]> {
  const secret = await stage.admin.get(`/api/v1/namespaces/${stage.namespaces[0]}/secrets/${operatorSecret}`);
  if (!secret) throw new Error("the operator's Secret is not there");
  return secret;
}
