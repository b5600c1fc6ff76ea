// Tests that the installed operator keeps its promises, whatever a tenant thinks of. Histories are invented, and shrunk where one fails.
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/runtime/clock.ts";
import { knownAttacks } from "../threats/known.ts";
import { type Step, steps } from "../threats/steps.ts";
import { play } from "./threat-play.ts";
import { type Stage, threatStage } from "./threat-stage.ts";

const clock = systemClock();
/** Each gives the same histories on every machine. */
const fixedSeeds = (process.env["REGCRED_THREAT_SEEDS"] ?? "1,2,3").split(",").map(Number);
const newSeeds = Number(process.env["REGCRED_THREAT_NEW_SEEDS"] ?? 1);
const historiesPerSeed = Number(process.env["REGCRED_THREAT_HISTORIES"] ?? 3);
/** Another tenant never waits longer, in milliseconds. */
const longestWait = 10_000;
/** The pod's memory limit, in bytes: config/operator. */
const maxMemory = 512 * 1024 * 1024;
const shrinkingMilliseconds = 60_000;
const patience = 10 * 60_000;

describe("the installed operator, under attack", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await threatStage();
  });
  afterAll(() => stage?.close());

  it(
    "gives nobody what he has no right to, writes nothing of others, and serves others in time",
    async () => {
      const seeds = [...fixedSeeds, ...Array.from({ length: newSeeds }, () => Math.floor(Math.random() * 2 ** 31))];
      process.stdout.write(`threats: seeds ${seeds.join(", ")}\n`);
      const started = clock.elapsed();
      let count = 0;
      let failed = false;
      const property = propertyOf(async (history) => {
        if (failed) return [];
        const faults = await play(stage, history);
        count += 1;
        failed ||= faults.length > 0;
        return faults;
      });
      // Side by side, because a history mostly waits; the first that fails ends all.
      const checked = await Promise.all(
        seeds.map((seed) => fc.check(property, { seed, numRuns: historiesPerSeed, endOnFailure: true })),
      );
      const minutes = (clock.elapsed() - started) / 60_000;
      process.stdout.write(`threats: ${count} histories, ${Math.round(count / minutes)} a minute\n`);
      const found = checked.find((each) => each.failed);
      expect(found && (await report(found))).toBeUndefined();
    },
    patience,
  );

  const propertyOf = (faultsOf: (history: readonly Step[]) => Promise<readonly string[]>) =>
    fc.asyncProperty(steps, async (history) => {
      const faults = await faultsOf(history);
      if (faults.length > 0) throw new Error(faults.join("\n"));
    });

  /** Shrunk alone, so that what it tells is its own doing. */
  async function report(found: fc.RunDetails<[readonly Step[]]>): Promise<string> {
    const { seed, counterexamplePath: path } = found;
    process.stdout.write(`threats: seed ${seed} has failed, and is looked at more closely\n${textOf(found)}\n`);
    const end = clock.elapsed() + shrinkingMilliseconds;
    const shrunk = await fc.check(
      // What is not tried any more counts as no smaller one that fails.
      propertyOf((history) => (clock.elapsed() < end ? play(stage, history) : Promise.resolve([]))),
      { seed, ...(path !== null && { path }), numRuns: 1 },
    );
    if (shrunk.failed && shrunk.counterexample) return `with seed ${seed}, path ${path}:\n${textOf(shrunk)}`;
    return `with seed ${seed}, path ${path}, and not again when it was tried alone:\n${textOf(found)}`;
  }

  // Side by side as well.
  describe.concurrent("a tenant gains nothing and holds up nobody", () => {
    // %s, because what a field gives is cut.
    it.each(knownAttacks.map(({ what, steps: attack }) => [what, attack] as const))("who %s", async (_what, attack) =>
      expect(await play(stage, attack)).toEqual([]),
    );
  });

  it("serves other tenants in time all the while", () => {
    const worst = stage.waits.toSorted((one, other) => other.milliseconds - one.milliseconds)[0];
    process.stdout.write(
      `threats: ${stage.waits.length} waits of others, at most ${Math.round(worst?.milliseconds ?? 0)} ms\n`,
    );
    expect(stage.waits.length).toBeGreaterThan(10);
    expect(worst).toEqual(
      expect.objectContaining({ milliseconds: expect.toSatisfy((each: number) => each < longestWait) }),
    );
  });

  it("stays up, in the memory of its pod, and logs no login", async () => {
    expect(stage.crashes).toEqual([]);
    expect((await stage.replicas.at(-1)?.probe("/livez"))?.status).toBe(200);
    const peak = await stage.peak();
    process.stdout.write(`threats: ${Math.round((peak ?? 0) / 1024 / 1024)} MiB at most\n`);
    expect(peak ?? 0).toBeLessThan(maxMemory);
    for (const replica of stage.replicas) expect(JSON.stringify(replica.log())).not.toContain("hush~");
  });
});

function textOf({ counterexample, errorInstance }: fc.RunDetails<[readonly Step[]]>): string {
  const [history = []] = counterexample ?? [];
  const why = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  return `${history.map((step) => JSON.stringify(step)).join("\n")}\n${why}`;
}
