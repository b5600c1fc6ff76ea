// Tests that a tenant that does all that it may to the operator delays nobody else.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arnOf, type Ecr, ecr, ecrHost, environment } from "./ecr.ts";
import { eventually, type TestEnv, testEnv } from "./test-env.ts";

const greedy = Array.from({ length: 500 }, (_, index) => `greedy-${index}`);
const lifetime = Temporal.Duration.from({ seconds: 24 });
const hub = "registry.example.com";
/** Milliseconds. */
const longestDelay = 1_000;
/** A thousand writes by the share of one namespace, 500 at once and 50 a second: src/operator/queues.ts. */
const minForThousand = 10_000;
/** Every two seconds. */
const maxLooks = 90;

describe("a tenant with 500 namespaces that changes all that it can", () => {
  let world: TestEnv;
  let cloud: Ecr;
  const over = new AbortController();
  const ended: Promise<void>[] = [];

  const namespacePath = (name: string): string => `/api/v1/namespaces/${name}`;
  /** Over and over, so often in a second. */
  const keepDoing = (perSecond: number, what: (round: number) => Promise<unknown>): void => {
    const loop = async (): Promise<void> => {
      for (let round = 0; !over.signal.aborted; round += 1) {
        const next = pause(1_000 / perSecond);
        await what(round).catch(() => undefined);
        await next;
      }
    };
    ended.push(loop());
  };
  /** How long a new namespace waits for its Secret, in milliseconds: the middle of some. */
  const newNamespaces = async (prefix: string): Promise<number> => {
    const waits: number[] = [];
    for (let index = 0; index < 5; index += 1) {
      const name = `team-${prefix}-${index}`;
      const began = performance.now();
      await world.admin.create("/api/v1/namespaces", { metadata: { name, labels: { tenant: "honest" } } });
      await eventually(`${name} is served`, async () => (await world.logins(name))?.[hub] !== undefined);
      waits.push(performance.now() - began);
    }
    return waits.toSorted((a, b) => a - b)[2] ?? Infinity;
  };
  /** What the tenant hears of its shares. */
  const sharesReported = async (namespace: string): Promise<readonly string[]> =>
    (await world.events(namespace)).flatMap(({ reason, note }) => (reason === "ShareReached" ? [String(note)] : []));
  const work = "work for this namespace waits for its turn";
  const logins = "more new registry logins than one namespace may have";
  const hears = async (namespace: string, of: string): Promise<boolean> =>
    (await sharesReported(namespace)).some((note) => note.includes(of));

  beforeAll(async () => {
    cloud = await ecr({ roles: ["honest"], lifetime });
    world = await testEnv();
    await world.source("hub", { username: "ann", password: "first" });
    await world.namespaces(["team-a"], { labels: { tenant: "honest" } });
    for (let from = 0; from < greedy.length; from += 50) {
      await Promise.all(
        greedy
          .slice(from, from + 50)
          .map((name) => world.admin.create("/api/v1/namespaces", { metadata: { name, labels: { tenant: "first" } } })),
      );
    }
    await world.startOperator({ settings: { environment }, routes: cloud.routes });
    await world.credential("acme", {
      registries: [
        {
          name: "cloud",
          provider: "ECR",
          hosts: [ecrHost],
          ecr: { roleARN: arnOf("$(namespace.labels['tenant'])") },
        },
        { name: "hub", provider: "Static", hosts: [hub], static: { secretName: "hub" } },
      ],
      namespaces: { include: ["team-*", "greedy-*"] },
    });
    await eventually("the honest are served", async () => (await world.logins("team-a"))?.[ecrHost] !== undefined);
    await eventually(
      "the greedy have a Secret",
      async () => (await world.status("acme")).namespaces?.pending === 0,
      Temporal.Duration.from({ minutes: 2 }),
    );
  });
  afterAll(async () => {
    over.abort();
    await Promise.all(ended);
    await world.close();
    await cloud.close();
  });

  it("delays no new namespace by more than a second, and no renewal", async () => {
    const atRest = await newNamespaces("rest");
    const mintsOfHonest = (): readonly number[] =>
      cloud.mints.filter(({ role }) => role === "honest").map(({ until }) => until.epochMilliseconds);

    keepDoing(60, (round) =>
      world.admin.patch(`${namespacePath("greedy-0")}/secrets/regcred`, {
        metadata: { annotations: { round: `${round}` } },
        data: { ".dockerconfigjson": btoa(`{"auths":{"${round}":{}}}`) },
      }),
    );
    keepDoing(60, (round) =>
      world.admin.patch(`${namespacePath("greedy-0")}/serviceaccounts/default`, {
        metadata: { annotations: { round: `${round}` } },
      }),
    );
    keepDoing(30, (round) =>
      world.admin.create(`${namespacePath("greedy-1")}/serviceaccounts`, { metadata: { name: `account-${round}` } }),
    );
    keepDoing(30, (round) =>
      world.admin.patch(namespacePath("greedy-2"), { metadata: { labels: { tenant: `label-${round}` } } }),
    );
    keepDoing(30, (round) =>
      world.admin.patch(namespacePath(greedy[3 + (round % 490)] ?? ""), {
        metadata: { labels: { tenant: `second-${round}` } },
      }),
    );
    keepDoing(5, async () => {
      await world.admin.remove(namespacePath("greedy-499"));
      await world.admin.create("/api/v1/namespaces", { metadata: { name: "greedy-499", labels: { tenant: "x" } } });
    });

    await pause(5_000);
    expect(await newNamespaces("attacked")).toBeLessThan(atRest + longestDelay);
    const before = mintsOfHonest().length;
    await eventually(
      "the honest login is renewed twice",
      async () => mintsOfHonest().length >= before + 2,
      Temporal.Duration.from({ seconds: 60 }),
    );
    const ends = mintsOfHonest();
    // At half of the life at the latest.
    const half = lifetime.total("milliseconds") / 2;
    const gaps = ends.slice(1).map((end, index) => end - (ends[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(half + longestDelay);
    expect(await newNamespaces("last")).toBeLessThan(atRest + longestDelay);
  });

  it("has its share of what it asks for, and hears of it", async () => {
    const accounts = `${namespacePath("greedy-1")}/serviceaccounts`;
    const began = performance.now();
    for (let from = 0; from < 1_000; from += 50) {
      const names = Array.from({ length: 50 }, (_, index) => `one-of-many-${from + index}`);
      await Promise.all(names.map((name) => world.admin.create(accounts, { metadata: { name } })));
    }
    const isDone = async (): Promise<boolean> =>
      (await world.admin.list(accounts)).every(
        (account) => !account.metadata.name.startsWith("one-of-many-") || account["imagePullSecrets"] !== undefined,
      );
    // To list thousands more often than that would take the time of whom it waits for.
    for (let look = 0; look < maxLooks && !(await hears("greedy-1", work)) && !(await isDone()); look += 1) {
      await pause(2_000);
    }
    const reported = (await sharesReported("greedy-1")).filter((note) => note.includes(work));
    // A machine on which its work goes no faster than its share has nothing to tell.
    const wasWithin = performance.now() - began > minForThousand;
    expect([
      [1, false],
      [1, true],
      [0, true],
    ]).toContainEqual([reported.length, wasWithin]);
    await eventually("it is told of its logins", () => hears("greedy-2", logins));
    expect(await sharesReported("team-a")).toEqual([]);
  }, 240_000);
});

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
