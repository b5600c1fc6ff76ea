// What is remembered of how a call for a token has ended, and what is left of it afterwards.
import { describe, expect, it } from "vitest";
import { type TokenAdmissionOptions, tokenAdmission } from "../../src/grants/admission.ts";
import { tokenKey } from "../../src/controllers/keys.ts";
import { budgets } from "../../src/providers/authority.ts";
import type { CallEnd } from "../../src/providers/with-admission.ts";
import type { EcrGrant } from "../../src/providers/ecr/grant.ts";
import { failure } from "../entitlement/objects.ts";
import { fakeClock } from "../fake-clock.ts";
import { ecrGrant } from "../providers/grants.ts";

const noAnswer = failure({ reason: "CloudUnavailable", message: "no answer" });
const silence: CallEnd = { kind: "silence", failure: noAnswer };

/** Grants of one entry at one authority, told apart by their role. */
function scenario() {
  const clock = fakeClock();
  const replacing = new Set<string>();
  const stored = new Set<string>();
  const insisting = new Set<string>();
  const idle = new Set<string>();
  const again: string[] = [];
  const grantOf = (key: string): EcrGrant => ecrGrant({ roleARN: key });
  const tokens = {
    attempts: (key: string) => ({ grant: grantOf(key) }),
    owner: () => "acme/e1",
    target: () => undefined,
    token: (key: string) => (stored.has(key) ? {} : undefined),
    isUrgent: (key: string) => !replacing.has(key),
    insists: (key: string) => insisting.has(key),
  };
  const options = {
    clock,
    random: () => 0.5,
    budgets,
    tokens,
    grantKey: ({ roleARN }: EcrGrant) => roleARN,
    asks: (key: string) => !idle.has(key),
    again: (key: string) => again.push(key),
  };
  const admission = tokenAdmission(options as unknown as TokenAdmissionOptions);
  /** Its call takes so many milliseconds and ends so. */
  const calls = async (key: string, milliseconds: number, how: CallEnd) => {
    admission.enter(tokenKey(key));
    const displaced = admission.begin(grantOf(key));
    await clock.advance(Temporal.Duration.from({ milliseconds }));
    const reported = admission.ended(grantOf(key), how);
    admission.leave(tokenKey(key));
    return { displaced: displaced?.aborted, reported };
  };
  return {
    clock,
    admission,
    again,
    replacing,
    stored,
    insisting,
    idle,
    calls,
    begin: (key: string) => admission.begin(grantOf(key)),
    /** What sets its line apart from that of others of the entry. */
    traits: (key: string): readonly string[] | undefined =>
      admission.lineOf(tokenKey(key), "normal")?.name.split(" | ").slice(2).filter(Boolean),
  };
}

describe("a call for a token", () => {
  it.each<[string, number, CallEnd, readonly string[]]>([
    ["ends within a short call's time", 749, { kind: "token" }, []],
    ["takes as long as that or longer", 750, { kind: "token" }, ["slow"]],
    ["is answered otherwise, and late", 750, { kind: "answer" }, ["slow"]],
    ["is not answered", 0, silence, ["unanswered"]],
    [
      "is broken off for want of a place, of an entry that has been given none yet",
      750,
      { kind: "displaced" },
      ["unanswered"],
    ],
    ["is cut off by the operator itself", 900, { kind: "cut" }, []],
    ["fails before anybody is asked", 0, { kind: "unasked" }, []],
  ])("that %s is remembered as that: %i ms", async (_what, takes, how, expected) => {
    const { calls, traits } = scenario();
    await calls("a", takes, how);
    expect(traits("a")?.filter((each) => each !== "false")).toEqual(expected);
    expect(traits("b")?.filter((each) => each !== "false")).toEqual([]);
  });

  it("that is broken off for want of a place, of an entry that has been given tokens, is slow and no silence", async () => {
    const { calls, traits } = scenario();
    await calls("a", 0, { kind: "token" });
    const { reported } = await calls("b", 750, { kind: "displaced" });
    expect(reported).toMatchObject({ reason: "RateLimited", byOwnPolicy: true });
    expect(traits("b")).toContain("slow");
  });

  it("leaves no timer behind, however it ends", async () => {
    const { calls, clock } = scenario();
    for (const kind of ["token", "answer", "cut", "unasked", "displaced"] as const) await calls("a", 10, { kind });
    await calls("a", 10, silence);
    expect(clock.scheduled()).toBe(0);
  });

  it("gives its place back when it ends, before its run does", () => {
    const { admission, begin } = scenario();
    admission.enter(tokenKey("a"));
    begin("a");
    expect(admission.asked().get("ECR")).toBe(1);
    admission.ended(ecrGrant({ roleARN: "a" }), { kind: "token" });
    expect(admission.asked().get("ECR")).toBe(0);
  });

  it("is remembered as unanswered no more once the entry was given a token; who was turned away is called back", async () => {
    const { calls, begin, traits, again, admission } = scenario();
    for (const key of ["a", "b", "c"]) await calls(key, 0, silence);
    expect(() => begin("a")).toThrow("no answer");
    expect(admission.turnedAway()).toBe(1);
    admission.ended(ecrGrant({ roleARN: "e" }), { kind: "token" });
    expect([again, traits("a"), traits("b")]).toEqual([
      ["a"],
      expect.not.arrayContaining(["unanswered"]),
      ["false", "false", "unanswered"],
    ]);
  });

  it("is remembered for ten thousand grants, of which the oldest go first", async () => {
    const { admission, traits } = scenario();
    for (let index = 0; index <= 10_000; index += 1) admission.ended(ecrGrant({ roleARN: `g-${index}` }), silence);
    expect(traits("g-0")).not.toContain("unanswered");
    expect([traits("g-1"), traits("g-10000")]).toEqual([
      expect.arrayContaining(["unanswered"]),
      expect.arrayContaining(["unanswered"]),
    ]);
  });
});

describe("the line of a grant", () => {
  it("is another one where it is asked for in place of another and has no token yet, and where a person asks", () => {
    const { replacing, stored, insisting, traits } = scenario();
    for (const key of ["a", "b"]) replacing.add(key);
    stored.add("b");
    insisting.add("c");
    expect(["a", "b", "c"].map((key) => traits(key)?.filter((each) => each !== "false"))).toEqual([
      ["replacing"],
      [],
      ["insists"],
    ]);
  });

  it("is none, and no place is taken, where a run would ask nobody", () => {
    const { admission, idle, traits } = scenario();
    idle.add("a");
    expect([traits("a"), admission.enter(tokenKey("a")), admission.away()]).toEqual([undefined, undefined, 0]);
  });
});
