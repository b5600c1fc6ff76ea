// Tests that tokens that nobody needs are collected while one token is refused.
import { describe, expect, it } from "vitest";
import { OperatorError } from "../../../src/runtime/errors.ts";
import type { Context } from "../../../src/controllers/context.ts";
import { smallCluster } from "../small-cluster.ts";

function staticSpec(source: string, include: string): object {
  const entry = { name: "main", provider: "Static", hosts: [`${source}.example.com`], static: { secretName: source } };
  return { registries: [entry], namespaces: { include: [include] } };
}

describe("a token that nobody needs", () => {
  it("is collected though the API server gives the operator no token of a tenant's ServiceAccount", async () => {
    const world = smallCluster();
    for (const name of ["hub", "own"]) world.source(name, `of ${name}`);
    await world.start();
    const context = world.context();
    const grants = context.grants as { -readonly [K in keyof Context["grants"]]: Context["grants"][K] };
    const { provider } = grants;
    grants.provider = {
      fetch: (grant, signal) => {
        if (!JSON.stringify(grant).includes("own")) return provider.fetch(grant, signal);
        // As src/providers/identity-source.ts has it where the install's own policy refuses the audience.
        return Promise.reject(
          new OperatorError({ reason: "NotPermitted", cause: "Platform", retry: "slowly", message: "no" }),
        );
      },
    };
    world.credential("hub", staticSpec("hub", "team-a"));
    world.credential("own", staticSpec("own", "team-b"));
    world.namespaces("team-a", "team-b");
    await world.pass({ minutes: 1 });
    expect(world.tokens()).toBe(1);
    world.remove("namespaces", "team-a");
    await world.pass({ minutes: 30 });
    expect([world.tokens(), context.credentials.judged.nobodyElse().kind]).toEqual([0, "absent"]);
  });
});
