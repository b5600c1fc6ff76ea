// Counts what of the operator's own source is executed: each call of a function and each run of a block, as V8 counts them. It sees
// every loop, whatever it goes through; of what V8 does by itself, such as a spread, `counted-operations.ts` tells.
import { Session } from "node:inspector";

export interface ExecutedBlocks {
  /** Since the last time; by function too. */
  readonly take: () => Executed;
  readonly end: () => void;
}

export interface Executed {
  readonly count: number;
  /** `file function`: how much of it. */
  readonly by: ReadonlyMap<string, number>;
}

export function executedBlocks(): ExecutedBlocks {
  const session = new Session();
  session.connect();
  // Each of these answers before it returns.
  session.post("Profiler.enable");
  session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  const take = (): Executed => {
    const by = new Map<string, number>();
    let count = 0;
    session.post("Profiler.takePreciseCoverage", (error, given) => {
      if (error) throw error;
      for (const { url, functions } of given.result) {
        const [, file] = /\/src\/(.*)$/.exec(url) ?? [];
        if (file === undefined) continue;
        for (const { functionName, ranges } of functions) {
          const executed = ranges.reduce((sum, range) => sum + range.count, 0);
          count += executed;
          if (executed > 0) by.set(`${file} ${functionName}`, (by.get(`${file} ${functionName}`) ?? 0) + executed);
        }
      }
    });
    return { count, by };
  };
  take();
  return { take, end: () => session.disconnect() };
}
