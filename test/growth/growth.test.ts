// Does what an event costs grow with what it does not concern?
import { afterEach, describe, expect, it } from "vitest";
import { total } from "./counted-steps.ts";
import { type Cost, type GrowingCluster, growingCluster, type Shape } from "./growing-cluster.ts";

const perCredential = 5;

/** Each credential selects five namespaces of its own, by name. */
const ownTeams = (credentials: number): Shape => ({
  credentials,
  namespaces: credentials * perCredential,
  selects: (credential) =>
    Array.from({ length: perCredential }, (_, index) => `team-${credential * perCredential + index}`),
});

/** They have everything already, and nothing is left to be done. */
async function settled(shape: Shape): Promise<GrowingCluster & { readonly cost: Cost }> {
  const cluster = growingCluster(shape);
  running.push(cluster);
  const cost = await cluster.begin();
  return { ...cluster, cost };
}

let running: GrowingCluster[] = [];
afterEach(async () => {
  for (const each of running) await each.stop();
  running = [];
});

const [few, many] = [6, 30];
// Steps that are counted vary by a few per cent with what V8 has inlined.
const slack = 1.25;

describe("with five times as many credentials, each for namespaces of its own", () => {
  it("a namespace costs about the same until it is served, and so do a relabelled one and a credential that goes", async () => {
    const measured = async (credentials: number): Promise<readonly number[]> => {
      const cluster = await settled(ownTeams(credentials));
      expect(cluster.secrets()).toBe(credentials * perCredential);
      const label = await cluster.label("team-1", { pull: "no" });
      const removal = await cluster.remove(0);
      expect(cluster.secrets()).toBe((credentials - 1) * perCredential);
      return [total(cluster.cost.steps) / (credentials * perCredential), total(label.steps), total(removal.steps)];
    };
    const before = await measured(few);
    const after = await measured(many);
    expect(after.map((steps, index) => steps / (before[index] ?? 0) < slack)).toEqual([true, true, true]);
  });

  it("nobody else's keys run", async () => {
    const { label, remove } = await settled(ownTeams(many));
    expect((await label("team-1", { pull: "no" })).runs).toEqual({ secret: 1, references: 1, credential: 1 });
    const { secret = 0, references = 0 } = (await remove(0)).runs;
    expect([secret <= 4 * perCredential, references <= 4 * perCredential]).toEqual([true, true]);
  });
});

describe("with four times as many namespaces of one credential", () => {
  it("a fan-out and a rotation cost about the same for each", async () => {
    const measured = async (namespaces: number): Promise<readonly number[]> => {
      const { cost, rotate } = await settled({ namespaces, credentials: 1 });
      return [total(cost.steps), total((await rotate()).steps)].map((steps) => steps / namespaces);
    };
    const before = await measured(50);
    const after = await measured(200);
    expect(after.map((steps, index) => steps / (before[index] ?? 0) < slack)).toEqual([true, true]);
  });

  it("a Secret is run twice at most for each write, and so are references and one time more", async () => {
    const namespaces = 50;
    const { cost, rotate } = await settled({ namespaces, credentials: 1 });
    const writes = cost.calls["createSecret"] ?? 0;
    expect(writes).toBeGreaterThanOrEqual(namespaces);
    expect(cost.runs["secret"]).toBeLessThanOrEqual(2.2 * namespaces);
    const rotated = await rotate();
    expect(rotated.runs["secret"]).toBeLessThanOrEqual(2 * namespaces);
    expect(rotated.runs["references"] ?? 0).toBe(0);
  });
});
