// How many steps does a piece of work take? The calls of functions of src/ that V8 counts while it runs.
import { Session } from "node:inspector/promises";

const counted = /\/src\/(?:controllers|entitlement|cluster|metrics|providers|registry|runtime|api)\//;
// Stand-ins for the API server.
const notCounted = /\/src\/cluster\/in-memory\//;

/** Steps, by file: the same for the same work, however busy the machine is. */
export async function stepsOf(work: () => Promise<void>): Promise<ReadonlyMap<string, number>> {
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
    await session.post("Profiler.takePreciseCoverage");
    await work();
    const { result } = await session.post("Profiler.takePreciseCoverage");
    return new Map(
      result
        .filter(({ url }) => counted.test(url) && !notCounted.test(url))
        .map(({ url, functions }) => [
          url.slice(url.lastIndexOf("/src/") + 1),
          functions.flatMap(({ ranges }) => ranges).reduce((sum, { count }) => sum + count, 0),
        ]),
    );
  } finally {
    await session.post("Profiler.stopPreciseCoverage");
    session.disconnect();
  }
}

export function total(steps: ReadonlyMap<string, number>): number {
  return steps.values().reduce((sum, each) => sum + each, 0);
}
