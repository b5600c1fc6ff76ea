// Tests that a Secret stays its tenant's whose write comes before ours.
import { describe, expect, it, vi } from "vitest";
import { smallCluster } from "../small-cluster.ts";

function mergingSpec(source: string): object {
  const entry = { name: "main", provider: "Static", hosts: [`${source}.example.com`], static: { secretName: source } };
  return {
    registries: [entry],
    namespaces: { include: ["team-*"] },
    pullSecret: { onConflict: "Merge" },
  };
}

function theirs(passwords: Readonly<Record<string, string>>): object {
  const auths = Object.fromEntries(
    Object.entries(passwords).map(([host, password]) => [host, { username: "ann", password }]),
  );
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "team-a", name: "regcred" },
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": btoa(JSON.stringify({ auths })) },
  };
}

type World = ReturnType<typeof smallCluster>;

async function withTwo(): Promise<World> {
  const world = smallCluster();
  for (const name of ["hub", "own"]) {
    world.source(name, `of ${name}`);
    world.credential(name, mergingSpec(name));
  }
  await world.start();
  await world.pass({ seconds: 15 });
  return world;
}

/** The tenant writes between what the operator reads and its next write. */
function writesBefore(world: World, method: "replaceSecret" | "createSecret", write: () => void): void {
  const {
    cluster: { api },
  } = world.context();
  const real = api[method].bind(api) as (...args: unknown[]) => Promise<never>;
  let done = false;
  vi.spyOn(api, method).mockImplementation((...args: unknown[]) => {
    if (!done && args[0] === "team-a") {
      done = true;
      write();
    }
    return real(...args);
  });
}

const both = { "hub.example.com": "of hub", "own.example.com": "of own" };

describe("a tenant's own Secret", () => {
  it("keeps the tenant's logins where it is written just before two are merged into it", async () => {
    const world = await withTwo();
    world.put("secrets", theirs({ "ann.example.com": "secret" }));
    writesBefore(world, "replaceSecret", () => {
      world.put("secrets", theirs({ "ann.example.com": "new" }));
    });
    world.namespaces("team-a");
    await world.pass({ minutes: 2 });
    expect(world.passwords("team-a")).toEqual({ "ann.example.com": "new", ...both });
  });

  it("keeps them where it is made just before ours for two is", async () => {
    const world = await withTwo();
    writesBefore(world, "createSecret", () => {
      world.put("secrets", theirs({ "ann.example.com": "secret" }));
    });
    world.namespaces("team-a");
    await world.pass({ minutes: 2 });
    expect(world.passwords("team-a")).toEqual({ "ann.example.com": "secret", ...both });
  });
});
