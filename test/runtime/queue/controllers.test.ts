// Controllers: events become keys, keys find their controller, and what a run waits for brings it back.
import { expect, it } from "vitest";
import type { Clock } from "../../../src/runtime/clock.ts";
import { inSlices } from "../../../src/runtime/in-slices.ts";
import {
  type Controller,
  controllers,
  waitable,
  watch,
  watchTogether,
} from "../../../src/runtime/queue/controllers.ts";
import { waits } from "../../../src/runtime/queue/waits.ts";
import type { Outcome } from "../../../src/runtime/queue/work-queue.ts";
import { listeners } from "../../../src/runtime/watch/listeners.ts";
import { fakeClock } from "../../fake-clock.ts";

const thrown = (error: unknown): never => {
  throw error;
};

const never = new AbortController().signal;

function scenario(given: Partial<Controller> = {}, outcome: Outcome = {}) {
  const things = listeners<string>(thrown);
  const asked: string[] = [];
  const ran: string[] = [];
  const thing: Controller = {
    name: "thing",
    watches: [watch(things, (name) => [{ key: `thing/${name}`, options: { lane: "interactive" } }])],
    reconcile: async (key) => {
      ran.push(key);
      return outcome;
    },
    ...given,
  };
  const begun = controllers({
    inSlices: inSlices(fakeClock()),
    enqueue: (key, { lane = "normal" } = {}) => asked.push(`${lane} ${key}`),
    waits: waits(),
    waitedFor: [waitable(things, (name) => name)],
    controllers: [thing],
  });
  return { things, asked, ran, ...begun };
}

it("what all events of one turn bring is gone through once, after them", async () => {
  const heard: (readonly string[])[] = [];
  const names = listeners<string>(thrown);
  watchTogether(names, (events) => {
    heard.push(events);
    return events.map((name) => ({ key: `thing/${name}` }));
  }).follow((requests) => heard.push([...requests].map(({ key }) => key)));
  for (const name of ["a", "b"]) names.tell(name);
  expect(heard).toEqual([]);
  await Promise.resolve();
  names.tell("c");
  await Promise.resolve();
  expect(heard).toEqual([["a", "b"], ["thing/a", "thing/b"], ["c"], ["thing/c"]]);
});

it("what is there already is queued at once, what changes from then on as it comes", () => {
  const { begin, things, asked } = scenario({ initial: () => [{ key: "thing/old" }] });
  things.tell("before");
  begin();
  things.tell("new");
  expect(asked).toEqual(["normal thing/old", "interactive thing/new"]);
});

it("a controller begins when it watches already", () => {
  const heard: string[] = [];
  const { begin, things } = scenario({
    watches: [{ follow: () => heard.push("watches") }],
    begin: () => heard.push("begins"),
  });
  begin();
  things.tell("x");
  expect(heard).toEqual(["watches", "begins"]);
});

it("a key is run by the controller that it names", async () => {
  const { run, ran } = scenario();
  await run("thing/a/b", never);
  expect(ran).toEqual(["thing/a/b"]);
  await expect(run("other/a", never)).rejects.toThrow("no controller is called other");
  await expect(run("thing", never)).rejects.toThrow("no controller is called");
});

it("what a run waits for brings it, once, behind everything else", async () => {
  const { begin, run, things, asked } = scenario({ watches: [] }, { waitsFor: ["source"] });
  begin();
  await run("thing/a", never);
  things.tell("another");
  expect(asked).toEqual([]);
  things.tell("source");
  things.tell("source");
  expect(asked).toEqual(["bulk thing/a"]);
});

it("what changes during a run that waits for it then brings the run again", async () => {
  const { begin, run, things, asked } = scenario({
    watches: [],
    reconcile: async (key) => {
      things.tell(key === "thing/a" ? "source" : "another");
      if (key === "thing/c") throw new Error("a bug");
      return { waitsFor: ["source"] };
    },
  });
  begin();
  await run("thing/a", never);
  await run("thing/b", never);
  await expect(run("thing/c", never)).rejects.toThrow("a bug");
  expect(asked).toEqual(["bulk thing/a"]);
});

/** Two controllers of which an event brings thousands of keys each, and so do a start and what runs wait for; a key takes a millisecond. */
async function largeCluster(does: (parts: ReturnType<typeof controllers>, tell: () => void) => void) {
  const still = fakeClock();
  const many = Array.from({ length: 1_000 }, (_, index) => index);
  const things = listeners<string>(thrown);
  let elapsed = 0;
  let inTurn = 0;
  let longest = 0;
  const asked = new Set<string>();
  const schedule: Clock["schedule"] = (delay, call) =>
    still.schedule(delay, () => {
      inTurn = 0;
      call();
    });
  const each = (name: string): Controller => ({
    name,
    watches: [watch(things, () => many.map((index) => ({ key: `${name}/${index}` })))],
    initial: () => many.map((index) => ({ key: `${name}/there/${index}` })),
    reconcile: async () => ({ waitsFor: ["a thing"] }),
  });
  const parts = controllers({
    inSlices: inSlices({ schedule, elapsed: () => elapsed }),
    enqueue: (key) => {
      elapsed += 1;
      inTurn += 1;
      longest = Math.max(longest, inTurn);
      asked.add(key);
    },
    waits: waits(),
    waitedFor: [waitable(things, (name) => name)],
    controllers: [each("one"), each("two")],
  });
  const wait = async (): Promise<void> => {
    for (const index of many) await parts.run(`one/waits/${index}`, never);
  };
  await wait();
  does(parts, () => things.tell("a thing"));
  await still.advance();
  return { longest, asked: [...asked] };
}

it("what is there at a start does not add up in one turn over the controllers", async () => {
  const { longest, asked } = await largeCluster(({ begin }) => begin());
  expect(longest).toBe(2);
  expect(asked).toHaveLength(2_000);
});

it("what one event means to several watches, and to runs that wait for it, does not add up in one turn either", async () => {
  const { longest, asked } = await largeCluster(({ begin }, tell) => {
    begin();
    tell();
  });
  expect(longest).toBe(2);
  expect(asked).toHaveLength(5_000);
});
