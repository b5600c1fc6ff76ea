// Tests of how many runs an event costs, and that none of them concerns anybody else.
import { describe, expect, it } from "vitest";
import { growingCluster, type Shape } from "./growing-cluster.ts";

const perCredential = 5;

/** Each credential selects five namespaces of its own, by name. */
const ownTeams = (credentials: number): Shape => ({
  credentials,
  namespaces: credentials * perCredential,
  selects: (credential) =>
    Array.from({ length: perCredential }, (_, index) => `team-${credential * perCredential + index}`),
});

describe("with credentials that have namespaces of their own", () => {
  it("nobody else's keys run where a namespace is relabelled or a credential goes", async () => {
    const cluster = growingCluster(ownTeams(6));
    await cluster.begin();
    expect(cluster.secrets()).toBe(6 * perCredential);
    expect((await cluster.label("team-1", { pull: "no" })).runs).toEqual({ secret: 1, references: 1, credential: 1 });
    const { secret = 0, references = 0 } = (await cluster.remove(0)).runs;
    expect(cluster.secrets()).toBe(5 * perCredential);
    expect([secret <= 4 * perCredential, references <= 4 * perCredential]).toEqual([true, true]);
    await cluster.stop();
  });
});

describe("with one credential", () => {
  it("a Secret runs twice for each write of a rotation, and no references do", async () => {
    const namespaces = 20;
    const cluster = growingCluster({ namespaces, credentials: 1 });
    await cluster.begin();
    const { runs, calls } = await cluster.rotate();
    // And the token's.
    expect(calls["replaceSecret"]).toBe(namespaces + 1);
    expect([runs["secret"], runs["references"]]).toEqual([2 * namespaces, undefined]);
    await cluster.stop();
  });
});
