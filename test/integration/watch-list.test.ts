// Tests that the operator gets its first lists as watches where the API server knows WatchList, and in pages where it does not.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { variantOf } from "../cluster/variant.ts";
import { operatorRequests } from "./audit-log.ts";
import { eventually, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

const { name, kubernetes, knowsWatchList } = variantOf(process.env);

describe(`an API server ${knowsWatchList ? "with" : "without"} WatchList`, () => {
  let world: TestEnv;

  beforeAll(async () => {
    world = await testEnv({ auditLog: true });
  }, 120_000);
  afterAll(() => world.close());

  it("is of the release, and has the features, that this run is meant for", async () => {
    expect(await world.admin.get("/version")).toMatchObject({ gitVersion: kubernetes.version });
    const metrics = await world.cluster.metricsText();
    const isOn = (feature: string): string | undefined =>
      new RegExp(`^kubernetes_feature_enabled\\{name="${feature}",stage="\\w*"\\} (\\d)$`, "m").exec(metrics)?.[1];
    expect(isOn("WatchList")).toBe(knowsWatchList ? "1" : "0");
    // Releases before 1.32 have never heard of it.
    expect(isOn("MutatingAdmissionPolicy") ?? "0").toBe(name === "newest" ? "1" : "0");
  });

  it(`gives its lists ${knowsWatchList ? "as watches" : "in pages"}, and tenants are served`, async () => {
    await world.source("hub", { username: "ann", password: "first" });
    await world.namespaces(["team-a"]);
    await world.credential("listed", staticSpec("hub"));
    const running = await world.startOperator();
    await eventually("it is served", async () => (await world.status("listed")).namespaces?.ready === 1);
    await running.stop();
    const requests = await operatorRequests(world);
    const streamed = requests.filter(({ uri }) => uri.includes("sendInitialEvents=true"));
    const paged = requests.filter(({ verb, uri }) => verb === "list" && uri.includes("limit="));
    const kinds = ["namespaces", "registrycredentials", "secrets", "serviceaccounts"];
    const of = (found: typeof requests): string[] =>
      [...new Set(found.map(({ resource }) => resource))].filter((each) => kinds.includes(each)).toSorted();
    expect(of(knowsWatchList ? streamed : paged)).toEqual(kinds);
    expect(knowsWatchList ? paged : streamed.filter(({ code }) => code < 400)).toEqual([]);
  });
});
