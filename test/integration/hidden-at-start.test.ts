// Tests of a list of the operator that is refused to it from its start on, and allowed later: what becomes of everybody.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { FaultProxy } from "../cluster/fault-proxy.ts";
import type { Stage } from "./denial-stage.ts";
import { everybodyHasTheLast, listingStage, lists, tokensOf } from "./listing-stage.ts";
import { eventually } from "./test-env.ts";

describe("an operator that starts, and may not list", () => {
  let stage: Stage;
  let proxy: FaultProxy;

  beforeAll(async () => {
    ({ stage, proxy } = await listingStage());
  });
  afterEach(() => proxy.heal());
  afterAll(async () => {
    await stage?.close();
    await proxy?.close();
  });

  it.each(lists)("$what takes nothing from anybody, and begins by itself later", async ({ path, starts }) => {
    const tokens = await tokensOf(stage);
    await stage.stop();
    let denials = 0;
    proxy.inject({ kind: "answer", code: 403 }, (url) => {
      if (!url.includes(path)) return false;
      denials += 1;
      return true;
    });
    await stage.rotate();
    const starting = stage.start();
    // By then all else has been shown to it.
    await eventually("it has been refused twice", () => Promise.resolve(denials > 1));
    if (starts) await everybodyHasTheLast(stage);
    expect(await tokensOf(stage)).toEqual(tokens);
    proxy.heal();
    await starting;
    await stage.well();
    expect(stage.losses()).toEqual([]);
  });
});
