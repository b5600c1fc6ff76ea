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
  it("a Secret, and the references of a namespace, run once for each write of a fan-out", async () => {
    const namespaces = 200;
    const cluster = growingCluster({ namespaces, credentials: 1 });
    const { runs, calls } = await cluster.begin();
    expect(calls["patchServiceAccount"]).toBe(namespaces);
    const { secret = 0, references = 0 } = runs;
    // A few wait for the first token.
    expect([secret <= 1.3 * namespaces, references <= 1.3 * namespaces]).toEqual([true, true]);
    await cluster.stop();
  });

  it("a status tells of a second at a time while a fan-out goes on, and not of each moment in which it was written last", async () => {
    const writeTakes = Temporal.Duration.from({ milliseconds: 40 });
    const cluster = growingCluster({ namespaces: 400, credentials: 1, writeTakes });
    const { seconds, calls } = await cluster.begin();
    expect(calls["patchCredentialStatus"]).toBeLessThanOrEqual(seconds + 3);
    await cluster.stop();
  });

  it("a Secret that the API server answers to be another than was sent runs again", async () => {
    let isAltered = false;
    const cluster = growingCluster({
      namespaces: 1,
      credentials: 1,
      answered: (call, answer) => {
        if (call !== "replaceSecret" || isAltered || answer.metadata.namespace !== "team-0") return answer;
        isAltered = true;
        return { ...answer, metadata: { ...answer.metadata, annotations: {} } };
      },
    });
    await cluster.begin();
    // As it was sent, the token's, and what was altered.
    expect((await cluster.rotate()).calls["replaceSecret"]).toBe(3);
    await cluster.stop();
  });

  it("a Secret runs once for each write of a rotation, and no references do", async () => {
    const namespaces = 20;
    const cluster = growingCluster({ namespaces, credentials: 1 });
    await cluster.begin();
    const { runs, calls } = await cluster.rotate();
    // And the token's.
    expect(calls["replaceSecret"]).toBe(namespaces + 1);
    expect([runs["secret"], runs["references"]]).toEqual([namespaces, undefined]);
    await cluster.stop();
  });
});

describe("with many credentials", () => {
  /** What a start takes of runs and of questions, against the same namespaces with one credential. */
  const startAgainst = async (shape: Shape): Promise<{ runs: number; operations: number; writes: number }> => {
    const start = async (each: Shape) => {
      const cluster = growingCluster(each);
      const { runs, calls, operations } = await cluster.begin();
      expect(cluster.secrets()).toBe(each.namespaces);
      await cluster.stop();
      const { secret = 0, references = 0 } = runs;
      return { runs: secret + references, operations, writes: calls["patchServiceAccount"] ?? 0 };
    };
    const one = await start({ namespaces: shape.namespaces, credentials: 1 });
    const many = await start(shape);
    return {
      runs: many.runs / one.runs,
      operations: many.operations / one.operations,
      writes: many.writes / one.writes,
    };
  };

  it("that have namespaces of their own, the start costs what it costs with one", async () => {
    const { runs, operations, writes } = await startAgainst(ownTeams(20));
    expect([runs <= 1.1, operations <= 1.3, writes]).toEqual([true, true, 1]);
  });

  it("that share a token, its Secret is written once a second while they become known, and not for each", async () => {
    let writes = 0;
    const answered: Shape["answered"] = (_call, answer) => {
      if (answer?.metadata?.name?.startsWith("regcred-token-")) writes += 1;
      return answer;
    };
    const writeTakes = Temporal.Duration.from({ milliseconds: 40 });
    const cluster = growingCluster({ ...ownTeams(40), answered, writeTakes });
    const { seconds } = await cluster.begin();
    expect(writes).toBeLessThanOrEqual(seconds + 2);
    await cluster.stop();
  });

  it("that all write the same Secret of every namespace, only the Secret runs twice: it waits for the records", async () => {
    const { runs, writes } = await startAgainst({ namespaces: 20, credentials: 30, oneSecret: true });
    expect([runs <= 1.6, writes]).toEqual([true, 1]);
  });

  it("that all write the same Secret, all are served in three times what it takes with one, where writes take their time", async () => {
    const served = async (credentials: number): Promise<number> => {
      const writeTakes = Temporal.Duration.from({ milliseconds: 40 });
      const cluster = growingCluster({ namespaces: 100, credentials, oneSecret: true, writeTakes });
      const { seconds } = await cluster.begin();
      expect(cluster.secrets()).toBe(100);
      await cluster.stop();
      return seconds;
    };
    expect((await served(20)) / (await served(1))).toBeLessThanOrEqual(3);
  });

  it("that all write the same Secret and become known one after the other, all who wait for a record have one run", async () => {
    const writeTakes = Temporal.Duration.from({ milliseconds: 5 });
    const cluster = growingCluster({ namespaces: 50, credentials: 60, oneSecret: true, writeTakes });
    const { secret = 0 } = (await cluster.begin()).runs;
    expect(cluster.secrets()).toBe(50);
    // With a run for each answer of a record it was three.
    expect(secret).toBeLessThanOrEqual(50 * 2.6);
    await cluster.stop();
  });

  it("that all write the same Secret, the records are written for many namespaces at a time", async () => {
    const credentials = 10;
    /** How often the record of each is written. */
    const recorded = async (namespaces: number): Promise<number> => {
      let writes = 0;
      const answered: Shape["answered"] = (_call, answer) => {
        if (answer?.metadata?.name?.startsWith("regcred-members-")) writes += 1;
        return answer;
      };
      const cluster = growingCluster({ namespaces, credentials, oneSecret: true, answered });
      await cluster.begin();
      expect(cluster.secrets()).toBe(namespaces);
      await cluster.stop();
      return writes / credentials;
    };
    const [few, many] = [await recorded(10), await recorded(80)];
    expect([few <= 4, many <= 4]).toEqual([true, true]);
  });
});

describe("with a grant of its own for each namespace", () => {
  it("another source is nobody else's affair, however many there are", async () => {
    const cluster = growingCluster({ namespaces: 50, credentials: 1, ownGrants: true });
    await cluster.begin();
    expect(cluster.secrets()).toBe(50);
    const { runs, calls } = await cluster.rotateOne("team-3");
    expect(runs).toEqual({ token: 1, secret: 1, credential: 1 });
    // And the token's.
    expect(calls["replaceSecret"]).toBe(2);
    await cluster.stop();
  });
});

describe("what is asked of what is kept", () => {
  /** Of each namespace, at a start and in a rotation; and where one namespace is relabelled, and one Secret is changed. */
  const asked = async (shape: Shape): Promise<readonly number[]> => {
    const each = (operations: number): number => operations / shape.namespaces;
    const cluster = growingCluster(shape);
    const begun = (await cluster.begin()).operations;
    const { operations: changed } = await cluster.fill("team-2");
    const rotated = (await cluster.rotate()).operations;
    await cluster.stop();
    const other = growingCluster(shape);
    await other.begin();
    const { operations: labelled } = await other.label("team-1", { pull: "maybe" });
    await other.stop();
    return [each(begun), each(rotated), labelled, changed];
  };

  it("of one namespace is as much among two hundred as among twenty", async () => {
    const [few, many] = [
      await asked({ namespaces: 20, credentials: 1 }),
      await asked({ namespaces: 200, credentials: 1 }),
    ];
    for (const [index, count] of many.entries()) expect(count).toBeLessThanOrEqual((few[index] ?? 0) * 1.05);
  });

  it("of a Secret in a rotation is as much among twenty credentials as among five", async () => {
    const rotation = async (credentials: number): Promise<number> => {
      const cluster = growingCluster(ownTeams(credentials));
      await cluster.begin();
      const { operations } = await cluster.rotate();
      await cluster.stop();
      return operations / (credentials * perCredential);
    };
    expect(await rotation(20)).toBeLessThanOrEqual((await rotation(5)) * 1.05);
  });
});
