// Tests that two installs in one cluster hurt nobody, whichever comes first, and that one that moves takes all of it over.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type History, history, secretsCalled } from "./history.ts";
import {
  eventually,
  loginsIn,
  operatorNamespace,
  type RunningOperator,
  type TestEnv,
  testEnv,
  staticSpec,
} from "./test-env.ts";

const elsewhere = "elsewhere";
const tenants = ["team-0", "team-1", "team-2"];
const hosts: Readonly<Record<string, string>> = { a: "a.example.com", b: "b.example.com", c: "c.example.com" };
const minute = Temporal.Duration.from({ minutes: 1 });

describe("two installs", () => {
  let world: TestEnv;
  let seen: History;
  let round = 0;
  const running = new Set<RunningOperator>();

  const start = async (namespace: string): Promise<RunningOperator> => {
    const operator = await world.startOperator({ settings: { namespace, leaderElection: true } });
    running.add(operator);
    return operator;
  };
  const stop = async (operator: RunningOperator): Promise<void> => {
    running.delete(operator);
    await operator.stop();
  };
  const standsBy = (operator: RunningOperator): Promise<void> =>
    eventually("it stands by", () =>
      Promise.resolve(operator.log.some(({ message }) => message === "another install serves this cluster")),
    );
  const wrote = (operator: RunningOperator): readonly string[] =>
    operator.log.map(({ message }) => message).filter((message) => /written|stored|changed/.test(message));
  /** Each install has the sources in its own namespace: which of them a login is from shows who has served it. */
  const rotate = async (): Promise<void> => {
    round += 1;
    for (const namespace of [operatorNamespace, elsewhere]) {
      for (const name of Object.keys(hosts)) {
        const path = `/api/v1/namespaces/${namespace}/secrets`;
        const stringData = { username: name, password: `${namespace}-${round}` };
        const body = { metadata: { name: `hub-${name}` }, type: "kubernetes.io/basic-auth", stringData };
        if (await world.admin.get(`${path}/hub-${name}`)) await world.admin.replace(`${path}/hub-${name}`, body);
        else await world.admin.create(path, body);
      }
    }
  };
  const servedFrom = (namespace: string): Promise<void> =>
    eventually(
      `all is served from ${namespace}`,
      async () => {
        for (const name of Object.keys(hosts)) {
          const { operatorNamespace: owner, namespaces } = await world.status(name);
          if (owner !== namespace || namespaces?.ready !== tenants.length) return false;
          if ((await world.condition(name, "Ready"))?.status !== "True") return false;
        }
        for (const tenant of tenants) {
          const logins = [await world.logins(tenant), await world.logins(tenant, "other")];
          for (const host of Object.values(hosts))
            if (!logins.some((each) => each?.[host]?.password === `${namespace}-${round}`)) return false;
          if ((await world.references(tenant)).toSorted().join() !== "other,regcred") return false;
        }
        return true;
      },
      minute,
    );
  /** Secrets in which a login was missing for a moment, though nobody has taken it back. */
  const losses = (): readonly string[] => {
    const held = new Map<string, readonly string[]>();
    return seen.versions.flatMap(({ type, object }) => {
      const { namespace = "" } = object.metadata;
      const before = held.get(namespace) ?? [];
      const now = type === "DELETED" ? [] : Object.keys(loginsIn(object) ?? {});
      held.set(namespace, now);
      return before.filter((host) => !now.includes(host)).map((host) => `${host} in ${namespace}`);
    });
  };

  beforeAll(async () => {
    world = await testEnv();
    await world.admin.create("/api/v1/namespaces", { metadata: { name: elsewhere } });
    await world.namespaces(tenants);
    await rotate();
    seen = await history(world, secretsCalled("regcred"));
    for (const name of ["a", "b"])
      await world.credential(name, staticSpec(`hub-${name}`, { hosts: [hosts[name] ?? ""] }));
    await world.credential("c", staticSpec("hub-c", { hosts: [hosts["c"] ?? ""], pullSecret: { name: "other" } }));
  });
  afterEach(async () => {
    for (const operator of running) await stop(operator);
  });
  afterAll(async () => {
    await seen?.[Symbol.asyncDispose]();
    await world?.close();
  });

  it.each([
    [operatorNamespace, elsewhere],
    [elsewhere, operatorNamespace],
  ])("of which the one in %s comes first leave the other nothing to do, until it takes all over", async (...both) => {
    const [first, second] = both;
    const serving = await start(first);
    await servedFrom(first);
    const waiting = await start(second);
    await standsBy(waiting);
    await rotate();
    await servedFrom(first);
    expect(wrote(waiting)).toEqual([]);
    await stop(serving);
    await servedFrom(second);
    await rotate();
    await servedFrom(second);
    expect(losses()).toEqual([]);
  });

  it("that start at once are one that serves and one that stands by, and no login goes to and fro", async () => {
    const both = await Promise.all([operatorNamespace, elsewhere].map(start));
    const hasLogged = (operator: RunningOperator, text: string): boolean =>
      operator.log.some(({ message }) => message === text);
    const waiting = (): number => both.findIndex((each) => hasLogged(each, "another install serves this cluster"));
    await eventually("one stands by", () => Promise.resolve(waiting() >= 0), Temporal.Duration.from({ minutes: 2 }));
    const namespace = waiting() === 0 ? elsewhere : operatorNamespace;
    await servedFrom(namespace);
    await rotate();
    await servedFrom(namespace);
    expect(both.filter((each) => hasLogged(each, "started"))).toHaveLength(1);
    expect(losses()).toEqual([]);
  });
});
