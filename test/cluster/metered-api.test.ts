// Tests that a namespace pays for the calls about its own objects only.
import { expect, it } from "vitest";
import type { ClusterApi } from "../../src/cluster/cluster-api.ts";
import { charged } from "../../src/cluster/metered-api.ts";
import { done } from "../../src/controllers/outcome.ts";

it("a run costs its namespace each call for it, and none for what the operator stores in its own", async () => {
  const api = { replaceSecret: () => Promise.resolve({}) } as unknown as ClusterApi;
  const context = { cluster: { api }, settings: { namespace: "regcred-system" } };
  const costOf = async (namespace: string): Promise<number | undefined> => {
    const { cost } = await charged(context, async ({ cluster }) => {
      await cluster.api.replaceSecret(namespace, "any", "{}");
      return done;
    });
    return cost;
  };
  expect(await costOf("team")).toBeCloseTo(1, 3);
  expect(await costOf("regcred-system")).toBe(0);
});
