// Controllers: events become keys, keys find their controller, and what a run waits for brings it back.
import { expect, it } from "vitest";
import { type Controller, controllers, waitable, watch } from "../../../src/runtime/queue/controllers.ts";
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
  const begun = controllers({
    clock: fakeClock(),
    enqueue: (key, { lane = "normal" } = {}) => asked.push(`${lane} ${key}`),
    waits: waits(),
    waitedFor: [waitable(things, (name) => name)],
    controllers: [
      {
        name: "thing",
        watches: [watch(things, (name) => [{ key: `thing/${name}`, options: { lane: "interactive" } }])],
        reconcile: async (key) => {
          ran.push(key);
          return outcome;
        },
        ...given,
      },
    ],
  });
  return { things, asked, ran, ...begun };
}

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
