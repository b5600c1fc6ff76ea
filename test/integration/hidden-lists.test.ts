// Tests of a list of the operator that is refused to it while it runs, and allowed again: what becomes of everybody.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { FaultProxy } from "../cluster/fault-proxy.ts";
import { names, type Stage, reportedBy } from "./denial-stage.ts";
import { operatorKubeconfig } from "./installed.ts";
import { everybodyHasTheLast, type List, listingStage, lists, tokensOf } from "./listing-stage.ts";
import { rulesOf } from "./rights.ts";
import { eventually } from "./test-env.ts";
import { type Thief, thief } from "./thief.ts";

describe("an operator that may not list", () => {
  let stage: Stage;
  let proxy: FaultProxy;
  /** With the operator's own token. */
  let itself: Thief;
  const before = new Map<string, ReturnType<typeof rulesOf>>();

  const takeAway = async ({ role: path, resource }: List): Promise<void> => {
    const { admin } = stage.world;
    const role = await admin.get(path);
    const rules = role ? rulesOf(role) : [];
    before.set(path, rules);
    const others = rules
      .map((rule) =>
        rule.resources.includes(resource)
          ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== "list" && verb !== "watch") }
          : rule,
      )
      .filter(({ verbs }) => verbs.length > 0);
    await admin.patch(path, { rules: others });
  };
  const giveBack = async (): Promise<void> => {
    for (const [path, rules] of before) await stage.world.admin.patch(path, { rules });
    before.clear();
  };
  const isRefused = async ({ path, fieldSelector = "" }: List): Promise<boolean> =>
    (await itself.call({ method: "GET", path: `${path}${fieldSelector}` })).status === 403;

  beforeAll(async () => {
    ({ stage, proxy } = await listingStage());
    itself = await thief(stage.world, await operatorKubeconfig(stage.world));
  });
  afterEach(giveBack);
  afterAll(async () => {
    await itself?.close();
    await stage?.close();
    await proxy?.close();
  });

  it.each(lists)("$what any more takes nothing from anybody, says so, and goes on by itself later", async (list) => {
    const tokens = await tokensOf(stage);
    await takeAway(list);
    await eventually("the right is gone", () => isRefused(list));
    // A watch that is open lives on without its right.
    proxy.inject({ kind: "reset" }, (url) => url.includes(list.path));
    proxy.heal();
    const { reported } = list;
    for (const name of reported ? names : [])
      await eventually(`${name} tells`, async () => reported?.test(await reportedBy(stage.world, name)) === true);
    await stage.rotate();
    if (list.rotates) await everybodyHasTheLast(stage);
    expect(await tokensOf(stage)).toEqual(tokens);
    await giveBack();
    await stage.well();
    expect(stage.losses()).toEqual([]);
  });
});
