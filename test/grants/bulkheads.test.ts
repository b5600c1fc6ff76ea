// Tests of bulkheads: who answers is asked within a second, however many do not, and nobody can hold places for good.
import { describe, expect, it } from "vitest";
import { budgets } from "../../src/providers/authority.ts";
import {
  acr,
  type Answer,
  answers,
  askedWithin,
  atOnce,
  ecr,
  exchange,
  healthy,
  type Member,
  played,
  type Played,
  seconds,
} from "../controllers/played-tokens.ts";

const counts = [1, 10, 200, 2_000, 10_000];
const hangs = answers["does not answer in 30 s"] ?? atOnce;

// While all are new, when the first have been given up, and when they are tried again: for many the first two say as much.
const soon = [0, 0.5];
const later = [...soon, 3, 20, 6, 15];

/** The longest that one of these waited that became due after each of the pauses, in milliseconds. */
async function slowestOf(
  on: Played,
  pauses: readonly number[],
  due: (round: number) => readonly Member[],
): Promise<number> {
  const waits: number[] = [];
  for (const [round, pause] of pauses.entries()) {
    await on.clock.advance(seconds(pause));
    const since = on.clock.elapsed();
    const members = due(round);
    for (const [index, member] of members.entries()) on.add(`due-${round}-${index}`, member);
    await on.clock.advance(seconds(1));
    for (const index of members.keys()) waits.push(askedWithin(on, `due-${round}-${index}`, since));
  }
  return Math.max(...waits);
}

const add = (on: Played, count: number, hung: (index: number) => Member): void => {
  for (let index = 0; index < count; index += 1) on.add(`hung-${index}`, hung(index));
};

interface Relation {
  /** Grants that hang. */
  readonly max: number;
  /** What hangs, from now on; returns what becomes due after each pause. */
  readonly begin: (on: Played, count: number) => Promise<(round: number) => readonly Member[]>;
}

const few = 2_000;
const many = 10_000;

const relations: Readonly<Record<string, Relation>> = {
  "each at an authority of its own that never gave anything": {
    max: many,
    begin: async (on, count) => {
      add(on, count, (index) => ({ ...healthy(ecr(`away-${index}`), `acme/${index}`), answer: hangs }));
      return (round) => [healthy(ecr(`new-${round}`), `new/${round}`)];
    },
  },
  "each at an authority of its own that gave tokens before": {
    max: few,
    begin: async (on, count) => {
      let isWell = true;
      const answer: Answer = (clock, signal) => (isWell ? atOnce(clock, signal) : hangs(clock, signal));
      const once = (): void =>
        add(on, count, (index) => ({ ...healthy(ecr(`away-${index}`), `acme/${index}`), answer }));
      on.add("before", healthy(ecr("well"), "well/well"));
      once();
      await on.clock.advance(seconds(1));
      isWell = false;
      once();
      return (round) => [healthy(ecr(`new-${round}`), `new/${round}`), healthy(ecr("well"), "well/well")];
    },
  },
  "each at a registry of its own behind one Entra": {
    max: few,
    begin: async (on, count) => {
      on.add("before", healthy(acr("well"), "well/well"));
      await on.clock.advance(seconds(1));
      add(on, count, (index) => ({ ...healthy(acr(`away-${index}`), `acme/${index}`), answer: hangs }));
      return (round) => [healthy(acr(`new-${round}`), `new/${round}`), healthy(acr("well"), "well/well")];
    },
  },
  "for entries of their own at one token server": {
    max: many,
    begin: async (on, count) => {
      on.add("before", healthy(exchange("sts.example.com"), "well/well"));
      await on.clock.advance(seconds(1));
      add(on, count, (index) => ({ ...healthy(exchange("sts.example.com"), `acme/${index}`), answer: hangs }));
      return (round) => [
        healthy(exchange("sts.example.com"), `new/${round}`),
        healthy(exchange("sts.example.com"), "well/well"),
      ];
    },
  },
};

describe.each(Object.entries(relations))("where grants hang %s", (_where, { max, begin }) => {
  it.each(counts.filter((count) => count <= max))(
    "who answers, and was asked before or not, is asked within a second: %s of them",
    async (count) => {
      const on = played();
      const due = await begin(on, count);
      expect(await slowestOf(on, count > few ? [0] : count > 10 ? soon : later, due)).toBeLessThanOrEqual(1_000);
    },
  );
});

describe("what hangs", () => {
  it("costs no more for each, and no more memory, the more authorities there are of it", async () => {
    const on = played();
    add(on, 1_000, (index) => ({ ...healthy(ecr(`away-${index}`), `acme/${index}`), answer: hangs }));
    const under: number[] = [];
    for (let second = 0; second < 5; second += 1) {
      await on.clock.advance(seconds(1));
      under.push(on.admission.asked().get("ECR") ?? 0);
    }
    const { questions, runs } = on.counted;
    expect([Math.max(...under) <= 512, questions / (1_000 + runs) < 6]).toEqual([true, true]);
  });

  it("at one token server is asked no faster than that may be", async () => {
    const on = played();
    add(on, 200, (index) => ({ ...healthy(exchange("sts.example.com"), `acme/${index}`), answer: hangs }));
    await on.clock.advance(seconds(30));
    const { burst, perSecond } = budgets.TokenExchange;
    expect([...on.asked.values()].flat().length).toBeLessThanOrEqual(2 * burst + 30 * perSecond);
  });

  it("is asked after three quarters of a second no more, where as many hang as may, and told so", async () => {
    const on = played();
    const slow: Answer = (clock, signal) => clock.sleep(seconds(0.9), signal);
    on.add("before", healthy(ecr("well"), "well/well"));
    await on.clock.advance(seconds(1));
    add(on, 600, (index) => ({ ...healthy(ecr(`away-${index}`), `acme/${index}`), answer: hangs }));
    await on.clock.advance(seconds(2));
    on.add("new and slow", { ...healthy(ecr("slow"), "new/slow"), answer: slow });
    on.add("proven and slow", { ...healthy(ecr("well"), "well/well"), answer: slow });
    await on.clock.advance(seconds(1.6));
    const reported = ["new and slow", "proven and slow"].map((name) => on.reported.get(name));
    expect(reported.map((error) => `${error?.reason}: ${error?.message}`)).toEqual([
      "CloudUnavailable: no ECR token came in the first 750 ms, and so many calls take longer that no further one may; it is tried again",
      "RateLimited: no ECR token came in the first 750 ms, and so many calls take longer that no further one may; it is tried again",
    ]);
  });

  it("keeps none from its token that takes longer, once it may", async () => {
    const on = played();
    const slow: Answer = (clock, signal) => clock.sleep(seconds(5), signal);
    add(on, 600, (index) => ({ ...healthy(ecr(`away-${index}`), `acme/${index}`), answer: hangs }));
    await on.clock.advance(seconds(2));
    on.add("slow", { ...healthy(ecr("slow"), "new/slow"), answer: slow });
    await on.clock.advance(seconds(180));
    expect(on.isDue("slow")).toBe(false);
  });
});
