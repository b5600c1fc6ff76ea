// Tests that a login is taken back from a tenant that writes to its Secret all the time.
import { expect, it } from "vitest";
import { removalScenario } from "../removal-scenario.ts";

it("is taken away in the same run, though the tenant has changed it meanwhile, and again", async () => {
  const { run, deletions, pullSecrets } = removalScenario({ changes: 3 });
  expect(await run()).not.toMatchObject({ failed: true });
  expect([deletions(), pullSecrets.get("team-a/regcred")]).toEqual([4, undefined]);
});

it("is tried no more than five times in one run, and then it is told who keeps it", async () => {
  const { run, deletions, reported } = removalScenario({ changes: 100 });
  expect(await run()).toMatchObject({ failed: true, retry: "backoff" });
  expect(deletions()).toBe(5);
  expect(reported()).toEqual([
    expect.objectContaining({
      reason: "Contested",
      cause: "Tenant",
      retry: "backoff",
      message: expect.stringContaining("the Secret team-a/regcred") as string,
    }),
  ]);
});

it("is no fight while it wins one race in five", async () => {
  const { run, reported } = removalScenario({ changes: 4 });
  expect(await run()).not.toMatchObject({ failed: true });
  expect(reported()).toEqual([]);
});

it("is left for another time where it is refused as changed, and is not", async () => {
  const { run, deletions } = removalScenario({ changes: 100, pretends: true });
  expect(await run()).toMatchObject({ failed: true, retry: "backoff" });
  expect(deletions()).toBe(1);
});
