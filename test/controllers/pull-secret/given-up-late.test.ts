// Tests that a login that has come into a Secret is known to be there, though its fields could not be given up after it.
import { describe, expect, it, vi } from "vitest";
import { smallCluster } from "../small-cluster.ts";

const applied = { manager: "argocd-controller", operation: "Apply", apiVersion: "v1" };

/** As a tenant, or a tool of theirs, applies it. */
function theirs(): object {
  const auths = { "ann.example.com": { username: "ann", password: "secret" } };
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "team-a", name: "regcred", managedFields: [applied] },
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": btoa(JSON.stringify({ auths })) },
  };
}

const spec = {
  registries: [{ name: "main", provider: "Static", hosts: ["hub.example.com"], static: { secretName: "hub" } }],
  namespaces: { include: ["team-*"] },
  pullSecret: { onConflict: "Merge" },
};

describe("a login in a Secret that others apply", () => {
  it("is taken out again though its owner has taken off the marks before the fields were given up", async () => {
    const world = smallCluster();
    world.source("hub", "of hub");
    world.credential("hub", spec);
    await world.start();
    await world.pass({ seconds: 15 });
    world.put("secrets", theirs());
    const {
      cluster: { api },
    } = world.context();
    const real = api.replaceSecret.bind(api);
    let writes = 0;
    const transform = (): void => {
      const { metadata, ...rest } = world.get("secrets", "team-a/regcred") ?? { metadata: { name: "" } };
      const { annotations: _, ...others } = metadata as { annotations?: unknown; name: string };
      world.put("secrets", { ...rest, metadata: { ...others, managedFields: [applied] } });
    };
    vi.spyOn(api, "replaceSecret").mockImplementation(async (namespace, name, body, signal) => {
      if (namespace === "team-a" && (writes += 1) === 2) {
        transform();
        // Nobody serves it any more.
        world.credential("hub", { ...spec, namespaces: { include: ["others"] } });
      }
      return real(namespace, name, body, signal);
    });
    world.namespaces("team-a");
    await world.settle();
    expect(writes).toBeGreaterThanOrEqual(2);
    await world.pass({ minutes: 3 });
    expect(world.passwords("team-a")).toEqual({ "ann.example.com": "secret" });
  });
});

describe("a ServiceAccount that others apply", () => {
  it("is written ever more seldom where its owner undoes it before the fields are given up", async () => {
    const world = smallCluster();
    world.source("hub", "of hub");
    world.credential("hub", { ...spec, pullSecret: {} });
    await world.start();
    await world.pass({ seconds: 15 });
    const {
      cluster: { api },
    } = world.context();
    const real = api.patchServiceAccount.bind(api);
    const account = {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { namespace: "team-a", name: "default", managedFields: [applied] },
    };
    let written = 0;
    vi.spyOn(api, "patchServiceAccount").mockImplementation(async (namespace, name, body, signal) => {
      if ("imagePullSecrets" in (body as object)) written += 1;
      else world.put("serviceAccounts", account);
      return real(namespace, name, body, signal);
    });
    world.namespaces("team-a");
    world.put("serviceAccounts", account);
    await world.pass({ minutes: 1 });
    expect(written).toBeGreaterThan(5);
    expect(written).toBeLessThan(15);
  });
});
