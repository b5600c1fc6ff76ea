// Do credentials reach every selected namespace, and stay there?
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, type Scene, scene, staticSpec } from "./scene.ts";

describe("a credential on a real cluster", () => {
  let world: Scene;

  beforeAll(async () => {
    world = await scene();
    await world.startOperator();
  }, 120_000);
  afterAll(() => world.close());

  it("gives every selected namespace its Secret and its reference", async () => {
    await world.source("hub", { username: "ann", password: "first" });
    await world.namespaces(["team-a", "team-b", "other"]);
    await world.credential("hub", staticSpec("hub"));
    await eventually("both namespaces are ready", async () => (await world.status("hub")).namespaces?.ready === 2);
    expect(await world.logins("team-a")).toEqual({
      "registry.example.com": { username: "ann", password: "first", auth: Buffer.from("ann:first").toString("base64") },
    });
    expect(await world.references("team-b")).toEqual(["regcred"]);
    expect(await world.secret("other")).toBeUndefined();
    expect(await world.condition("hub", "Ready")).toMatchObject({ status: "True" });
  });
});
