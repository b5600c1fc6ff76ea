// Tests that judging a failure does not block the event loop, however many namespaces it concerns.
import { afterEach, describe, expect, it } from "vitest";
import { largeCluster, type LargeCluster } from "./large-cluster.ts";

const count = 10_000;
/** Milliseconds of processor time: docs/performance.md */
const longest = 50;
const include = (...globs: readonly string[]): object => ({ namespaces: { include: globs } });
const deletionTimestamp = "2026-11-29T12:00:00Z";

// A collection of garbage may fall into it.
describe("the longest time in which nothing else has a turn is short", { retry: 2 }, () => {
  let here: LargeCluster;
  afterEach(() => here.stop());
  const held = (): boolean =>
    here.status().conditions?.some(({ type, status }) => type === "RemovalHeld" && status === "True") === true;
  const mistype = (): void => here.put({ metadata: { generation: 2 }, spec: include("temm-*") });

  it.each<[string, () => void, () => boolean]>([
    ["the removal guard holds a mistyped glob", mistype, () => held()],
    ["the credential is deleted", () => here.put({ metadata: { deletionTimestamp } }), () => !here.isThere()],
    [
      "a person gives up on a deletion",
      () => {
        const annotations = { "regcred.dev/force-finalize": "true" };
        here.put({ metadata: { deletionTimestamp, annotations } });
      },
      () => !here.isThere(),
    ],
    [
      "the pull Secret gets another name",
      () => here.put({ metadata: { generation: 2 }, spec: { pullSecret: { name: "other", onConflict: "Fail" } } }),
      () => here.status().observedGeneration === 2 && here.status().namespaces?.ready === count,
    ],
  ])("while %s", async (_what, change, isOver) => {
    here = await largeCluster(count);
    expect(await here.longestStall(change, isOver)).toBeLessThan(longest);
  });

  it("while a held removal is allowed", async () => {
    here = await largeCluster(count);
    await here.longestStall(mistype, held);
    const annotations = { "regcred.dev/allow-removal": `2-${count}` };
    const stall = await here.longestStall(
      () => here.put({ metadata: { annotations } }),
      () => here.secretsCalled("regcred") === 0,
    );
    expect(stall).toBeLessThan(longest);
  });
});
