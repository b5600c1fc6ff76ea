// Tests that a call to an authority of which nothing good is known may not take what others need.
import { describe, expect, it } from "vitest";
import { budgets } from "../../src/providers/authority.ts";
import { type CallAsked, callNeeds, isShort } from "../../src/grants/call-needs.ts";

const call: CallAsked = {
  authority: { kind: "ICR", name: "iam", counters: ["iam"] },
  way: "ICR iam for acme/a",
  place: "ICR iam",
  standing: "proven",
  isSlow: false,
  isReplacing: false,
  trial: undefined,
};

function reported(asked: Partial<CallAsked>): readonly string[] {
  return callNeeds(budgets)
    .toBegin({ ...call, ...asked })
    .map((need) => {
      const order = need.newestFirst === true ? ", newest first" : "";
      if ("place" in need) return `${need.place}: ${need.max}${order}`;
      return `${need.rate}${need.isOwed === true ? ", owed" : ""}${order}`;
    });
}

describe("to begin, a call", () => {
  it("of who has given tokens needs a place of its entry, its authority and its kind of cloud, and its time", () => {
    expect(reported({})).toEqual([
      "entry ICR iam for acme/a: 4",
      "authority ICR iam: 16, newest first",
      "provider ICR: 512, newest first",
      "rate ICR iam",
    ]);
  });

  it("of who has never been asked needs one of a quarter of these, and has half of the time", () => {
    expect(reported({ standing: "new" })).toEqual([
      "entry ICR iam for acme/a (new): 2",
      "entry ICR iam for acme/a: 4",
      "authority ICR iam (new): 4, newest first",
      "authority ICR iam: 16, newest first",
      "provider ICR (new): 128, newest first",
      "provider ICR: 512, newest first",
      "rate ICR iam (new), newest first",
      "rate ICR iam, owed",
    ]);
  });

  it("of who did not answer needs one of a quarter of those that may hang, in turn, and has a quarter of the time", () => {
    expect(reported({ standing: "suspect", trial: "ICR iam" })).toEqual([
      "trial ICR iam: 1",
      "entry ICR iam for acme/a (suspect): 1",
      "entry ICR iam for acme/a: 4",
      "authority ICR iam (suspect): 4",
      "authority ICR iam (slow): 8",
      "authority ICR iam: 16, newest first",
      "provider ICR (suspect): 128",
      "provider ICR (slow): 256",
      "provider ICR: 512, newest first",
      "rate ICR iam (suspect)",
      "rate ICR iam, owed",
    ]);
  });

  it("that was slow the last time needs at once what it is going to need", () => {
    expect(reported({ isSlow: true })).toContain("provider ICR (slow): 256");
  });

  it("in place of another grant is one of a few of its entry", () => {
    expect(reported({ isReplacing: true })).toContain("replacing ICR iam for acme/a: 4");
  });
});

describe("to go on beyond a short time, a call", () => {
  it.each([
    ["proven", []],
    ["new", ["authority ICR iam (new)", "provider ICR (new)"]],
  ] as const)(
    "that is %s needs places of those that may hang, and gives back what it had as such",
    (standing, from) => {
      const { from: given, to } = callNeeds(budgets).toGoOn({ ...call, standing });
      expect([given, to.map(({ place }) => place)]).toEqual([
        from,
        ["authority ICR iam (slow)", "provider ICR (slow)"],
      ]);
    },
  );

  it("of who did not answer, or was slow, needs nothing more", () => {
    expect([isShort({ standing: "suspect", isSlow: false }), isShort({ standing: "new", isSlow: true })]).toEqual([
      false,
      false,
    ]);
  });
});
