// Tests that a call that hangs holds up nothing but itself, however many of them there are.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OperatorError } from "../../src/runtime/errors.ts";
import type { Grant } from "../../src/providers/grant.ts";
import { budgets } from "../../src/providers/authority.ts";
import { NetworkError } from "../../src/providers/http/network-error.ts";
import {
  type Answer,
  answers,
  askedWithin,
  atOnce,
  ecr,
  healthy,
  hub,
  icr,
  type Member,
  never,
  played,
  seconds,
  slowest,
} from "../controllers/played-tokens.ts";

const regions = (index: number): Member => healthy(ecr(`region-${index % 100}`), `acme/${index % 100}`);
const relations: Readonly<Record<string, readonly [hangs: (index: number) => Member, well: Grant]>> = {
  "another kind of cloud": [() => healthy(ecr("eu-west-1"), "acme/a"), icr],
  "another region of the cloud": [() => healthy(ecr("eu-west-1"), "acme/a"), ecr("eu-west-2")],
  "a hundred regions of the cloud": [regions, ecr("eu-west-2")],
  "the very region, for another entry": [() => healthy(ecr("eu-west-1"), "acme/a"), ecr("eu-west-1")],
};

describe.each(Object.entries(relations))("a cloud that, at %s,", (_relation, [hangs, well]) => {
  it.each(Object.entries(answers))("%s delays no healthy token by a second", async (_how, answer) => {
    const on = played();
    for (let index = 0; index < 200; index += 1) on.add(`hung-${index}`, { ...hangs(index), answer });
    expect(await slowest(on, well, [0, 0.5, 29, 15])).toBeLessThanOrEqual(1_000);
  });
});

describe("what hangs", () => {
  const hangs = answers["does not answer in 30 s"] ?? atOnce;

  it.each([1, 10, 200, 2_000, 10_000])(
    "delays nothing else and costs the more the more there is of it, no more for each: %s grants",
    async (count) => {
      const on = played();
      for (let index = 0; index < count; index += 1) {
        on.add(`hung-${index}`, { ...healthy(ecr("eu-west-1"), "acme/a"), answer: hangs });
      }
      expect(await slowest(on, ecr("eu-west-1"), [0, 0.5, 28.4])).toBeLessThanOrEqual(1_000);
      // Keys that were added, runs, and calls for those that stood aside.
      const { questions, runs } = on.counted;
      expect(questions / (count + runs)).toBeLessThan(6);
    },
  );

  it("is asked again and again, by one grant at a time, each quarter of a minute", async () => {
    const on = played();
    const reset = answers["resets each connection"] ?? atOnce;
    for (let index = 0; index < 20; index += 1) {
      on.add(`hung-${index}`, { ...healthy(ecr("eu-west-1"), "acme/a"), answer: reset });
    }
    await on.clock.advance(seconds(60));
    const before = [...on.asked.values()].flat().length;
    await on.clock.advance(seconds(600));
    const asked = [...on.asked.values()].flat().length - before;
    expect([asked >= 600 / 16 / 2, asked <= 600 / 7.5 + 1]).toEqual([true, true]);
  });

  it("is told of each of its grants, in the same words for as long as it lasts", async () => {
    const on = played();
    for (let index = 0; index < 50; index += 1) {
      on.add(`hung-${index}`, { ...healthy(ecr("eu-west-1"), "acme/a"), answer: hangs });
    }
    await on.clock.advance(seconds(70));
    const first = new Set([...on.reported.values()].map(({ message }) => message));
    await on.clock.advance(seconds(300));
    const later = new Set([...on.reported.values()].map(({ message, reason }) => `${reason}: ${message}`));
    expect([on.reported.size, first.size <= 2, [...later]]).toEqual([
      50,
      true,
      [
        "CloudUnavailable: no answer from away.example.com: DEADLINE; it is tried again; so it has been since 2026-01-01T00:00:30Z, so one grant at a time tries",
      ],
    ]);
  });

  it("is left alone even while a tenant withdraws its consent again and again, which no answer is needed for", async () => {
    const on = played();
    const refuses: Answer = async () => {
      throw new NetworkError("away.example.com", "ECONNREFUSED");
    };
    const withoutConsent: Answer = async () => {
      throw new OperatorError({ reason: "ConsentMissing", cause: "Tenant", retry: "slowly", message: "no" });
    };
    for (let index = 0; index < 10; index += 1)
      on.add(`away ${index}`, { grant: ecr("eu-west-1"), owner: "uid/ecr", answer: refuses });
    await on.clock.advance(seconds(30));
    const before = [...on.asked.values()].flat().length;
    for (let index = 0; index < 120; index += 1) {
      on.add(`tenant ${index}`, { grant: ecr("eu-west-1"), owner: "uid/ecr", answer: withoutConsent });
      await on.clock.advance(seconds(0.5));
    }
    const others = [...on.asked].flatMap(([name, at]) => (name.startsWith("away") ? at : [])).length;
    expect(others - before).toBeLessThan(10);
  });

  it("is given out within a minute when it answers again", async () => {
    const on = played();
    let isWell = false;
    const answer: Answer = (clock, signal) => (isWell ? atOnce(clock, signal) : hangs(clock, signal));
    for (let index = 0; index < 100; index += 1) {
      on.add(`hung-${index}`, { ...healthy(ecr("eu-west-1"), "acme/a"), answer });
    }
    await on.clock.advance(seconds(600));
    isWell = true;
    const since = on.clock.elapsed();
    await on.clock.advance(seconds(60));
    const slow = Array.from({ length: 100 }, (_, index) => askedWithin(on, `hung-${index}`, since));
    expect(Math.max(...slow)).toBeLessThan(60_000);
  });

  it("is asked at once for whom a person asks", async () => {
    const on = played();
    for (let index = 0; index < 20; index += 1) {
      on.add(`hung-${index}`, { ...healthy(ecr("eu-west-1"), "acme/a"), answer: hangs });
    }
    await on.clock.advance(seconds(200));
    const since = on.clock.elapsed();
    on.insist("hung-7");
    await on.clock.advance(seconds(1));
    expect(askedWithin(on, "hung-7", since)).toBeLessThanOrEqual(1_000);
  });

  it("is not remembered for grants that nobody needs any more", async () => {
    const on = played();
    for (let index = 0; index < 20; index += 1) {
      on.add(`hung-${index}`, { ...healthy(ecr("eu-west-1"), "acme/a"), answer: hangs });
    }
    await on.clock.advance(seconds(70));
    expect(on.admission.turnedAway()).toBeGreaterThan(15);
    for (let index = 0; index < 20; index += 1) on.admission.forget(`hung-${index}`);
    expect(on.admission.turnedAway()).toBe(0);
  });

  it("holds neither a login that is in memory nor its worker", async () => {
    const on = played();
    for (let index = 0; index < 500; index += 1) {
      on.add(`hung-${index}`, { ...healthy(ecr(`region-${index}`), `acme/${index}`), answer: hangs });
    }
    await on.clock.advance(seconds(1));
    const since = on.clock.elapsed();
    for (let index = 0; index < 100; index += 1) on.add(`memory-${index}`, healthy(hub));
    await on.clock.advance(seconds(0.1));
    expect(Array.from({ length: 100 }, (_, index) => askedWithin(on, `memory-${index}`, since))).toEqual(
      Array.from({ length: 100 }, () => 0),
    );
  });

  it("at one registry, where tokens are tried, holds no token for another", async () => {
    let isHanging = true;
    const on = played({ verify: () => (isHanging ? never : Promise.resolve()) });
    const tried = (host: string): Member => ({ ...healthy(ecr("eu-west-1")), target: { image: undefined, host } });
    for (let index = 0; index < 200; index += 1) on.add(`hung-${index}`, tried("silent.example.com"));
    await on.clock.advance(seconds(2));
    isHanging = false;
    const since = on.clock.elapsed();
    on.add("well", tried("well.example.com"));
    await on.clock.advance(seconds(1));
    expect([askedWithin(on, "well", since), on.asked.size]).toEqual([0, 5]);
  });
});

describe("what hangs in numbers", () => {
  const hangs = answers["does not answer in 30 s"] ?? atOnce;

  it("leaves half of a cloud's places to calls that are short", async () => {
    const on = played();
    on.add("before", healthy(ecr("eu-west-1")));
    await on.clock.advance(seconds(1));
    for (let index = 0; index < 600; index += 1) {
      on.add(`hung-${index}`, { ...healthy(ecr(`region-${index % 300}`), `acme/${index % 300}`), answer: hangs });
    }
    expect(await slowest(on, ecr("eu-west-1"), [1])).toBeLessThanOrEqual(1_000);
    // And a quarter of it, where nothing is known of them.
    expect(on.admission.asked().get("ECR")).toBe(256 + 128);
  });

  it("at registries holds no place of the cloud that has given the tokens", async () => {
    const on = played({ verify: () => never });
    const tried = (host: string): Member => ({ ...healthy(ecr("eu-west-1")), target: { image: undefined, host } });
    on.add("before", healthy(ecr("eu-west-1")));
    await on.clock.advance(seconds(1));
    for (let index = 0; index < 40; index += 1) on.add(`tried-${index}`, tried(`registry-${index % 10}.example.com`));
    await on.clock.advance(seconds(1));
    const since = on.clock.elapsed();
    on.add("well", healthy(ecr("eu-west-1")));
    await on.clock.advance(seconds(1));
    expect([askedWithin(on, "well", since), on.asked.size, on.admission.asked().get("ECR")]).toEqual([0, 42, 0]);
  });

  it("for several entries is told to another one of that authority after one call of its own", async () => {
    const on = played();
    const refused = answers["refuses each connection"] ?? atOnce;
    on.add("before", healthy(ecr("eu-west-1")));
    await on.clock.advance(seconds(1));
    for (let index = 0; index < 4; index += 1) {
      on.add(`hung-${index}`, { ...healthy(ecr("eu-west-1"), `acme/${index % 2}`), answer: refused });
    }
    const since = on.clock.elapsed();
    for (const name of ["third", "its second"]) {
      await on.clock.advance(seconds(0.01));
      on.add(name, { ...healthy(ecr("eu-west-1"), "acme/third"), answer: refused });
    }
    on.add("proven", healthy(ecr("eu-west-1")));
    await on.clock.advance(seconds(0.1));
    const asked = ["third", "its second"].map((name) => on.asked.get(name)?.length ?? 0);
    expect([asked, on.reported.get("its second")?.reason, askedWithin(on, "proven", since)]).toEqual([
      [1, 0],
      "CloudUnavailable",
      20,
    ]);
  });
});

describe("an authority", () => {
  const slow: Answer = (clock, signal) => clock.sleep(seconds(1), signal);

  it("is asked at once for no more than one entry may have, and less before it has given anything", async () => {
    const on = played();
    for (let index = 0; index < 60; index += 1) on.add(`slow-${index}`, { ...healthy(icr, "acme/a"), answer: slow });
    await on.clock.advance(seconds(0.9));
    expect(on.max.get("acme/a")).toBe(2);
    await on.clock.advance(seconds(30));
    expect([on.max.get("acme/a"), on.asked.size]).toEqual([budgets.ICR.concurrency, 60]);
  });

  it("is asked no faster than its rate, and what waits for that runs no clock down", async () => {
    const on = played();
    on.add("first", healthy(icr));
    await on.clock.advance(seconds(60));
    for (let index = 0; index < 100; index += 1) on.add(`due-${index}`, healthy(icr));
    await on.clock.advance(seconds(0));
    expect([on.asked.size - 1, on.queue.stats().running]).toEqual([budgets.ICR.burst, 0]);
    await on.clock.advance(seconds(10));
    expect(on.asked.size - 1).toBe(budgets.ICR.burst + 10 * budgets.ICR.perSecond);
  });

  it("is shared fairly by its entries when all is waiting for its rate, and a new namespace overtakes", async () => {
    const on = played();
    for (let index = 0; index < 1_000; index += 1)
      on.add(`many-${index}`, { ...healthy(icr, "acme/many"), replacing: true });
    await on.clock.advance(seconds(2));
    const since = on.clock.elapsed();
    on.add("few", { ...healthy(icr, "acme/few"), replacing: true });
    on.add("new", healthy(icr, "acme/many"));
    await on.clock.advance(seconds(1));
    expect([askedWithin(on, "few", since) <= 1_000, askedWithin(on, "new", since) <= 400]).toEqual([true, true]);
  });

  it("is asked in place of other grants for a few at a time, beside which the others go on", async () => {
    const on = played();
    on.add("first", healthy(ecr("eu-west-1"), "acme/a"));
    await on.clock.advance(seconds(1));
    for (let index = 0; index < 50; index += 1) {
      on.add(`other-${index}`, { ...healthy(ecr("eu-west-1"), "acme/a"), answer: slow, replacing: true });
    }
    await on.clock.advance(seconds(0.5));
    expect(on.max.get("acme/a")).toBe(4);
    on.add("new", { ...healthy(ecr("eu-west-1"), "acme/a"), answer: slow });
    await on.clock.advance(seconds(0.1));
    expect(on.max.get("acme/a")).toBe(5);
  });

  it("whose grants fail before anyone is asked has lost nothing of its rate", async () => {
    const on = played();
    const { admission } = on;
    on.add("one", healthy(icr));
    for (let index = 0; index < 1_000; index += 1) {
      admission.enter("token/one");
      admission.leave("token/one");
    }
    await on.clock.advance(seconds(1));
    expect(on.asked.get("one")).toEqual([0]);
  });
});

describe("places", () => {
  it("come back however a run ends, and all is forgotten when nothing is due", async () => {
    const end = fc.constantFrom(...Object.values(answers), atOnce);
    const member = fc.record({ region: fc.nat(3), owner: fc.nat(3), answer: end, replacing: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(member, { maxLength: 40 }), async (members) => {
        const on = played();
        for (const [index, { region, owner, answer, replacing }] of members.entries()) {
          on.add(`some-${index}`, { grant: ecr(`region-${region}`), owner: `acme/${owner}`, answer, replacing });
        }
        await on.clock.advance(seconds(20));
        const stopped = on.workers.drain(seconds(1));
        await on.clock.advance(seconds(5));
        await stopped;
        expect([on.admission.away(), on.queue.stats().running, on.queue.stats().aside.size]).toEqual([0, 0, 0]);
        for (const max of on.max.values()) expect(max).toBeLessThanOrEqual(4 * budgets.ECR.concurrency);
      }),
      { numRuns: 25 },
    );
  });

  it("that keys wait for do not hold up the end", async () => {
    const on = played();
    for (let index = 0; index < 100; index += 1) {
      on.add(`hung-${index}`, { ...healthy(icr), answer: answers["does not answer in 30 s"] ?? atOnce });
    }
    await on.clock.advance(seconds(1));
    const stopped = on.workers.drain(seconds(2));
    await on.clock.advance(seconds(4));
    expect([(await stopped).length, on.admission.away()]).toEqual([2, 0]);
  });
});
