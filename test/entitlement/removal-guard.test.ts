// Tests that a hold belongs to one spec and one change, and that it is known after a restart which.
import { describe, expect, it } from "vitest";
import { allowRemovalAnnotation } from "../../src/api/names.ts";
import { removals, reportedAsHeld } from "../../src/entitlement/removal-guard.ts";
import { fakeClock } from "../fake-clock.ts";
import { credential, namespace } from "./objects.ts";

const names = Array.from({ length: 12 }, (_, index) => `team-${index}`);

function held() {
  const guard = removals(fakeClock(), () => names.length);
  for (const name of names) guard.leaves(credential(), namespace({ name }), "Spec");
  expect(guard.keeps(credential(), "team-0")).toBe(true);
  return guard;
}

describe("a hold", () => {
  it("is not one of the next spec, which takes it from a few", () => {
    const guard = held();
    const next = credential({ generation: 4 });
    for (const name of names.slice(5)) guard.stays(next, name);
    expect(guard.keeps(next, "team-0")).toBe(false);
  });

  it("stays while somebody is left of those whom it is about, however few", () => {
    const guard = held();
    for (const name of names.slice(1)) guard.stays(credential(), name);
    expect(guard.keeps(credential(), "team-0")).toBe(true);
  });

  it("is over with the last one: who leaves next is a change of its own", () => {
    const guard = held();
    for (const name of names) guard.stays(credential(), name);
    guard.leaves(credential(), namespace({ name: "team-0" }), "Spec");
    expect(guard.keeps(credential(), "team-0")).toBe(false);
  });

  it.each(["leaves", "isTakenOut"] as const)(
    "that is confirmed stays confirmed where one of those who had left is a member once more, and %s again",
    (how) => {
      const guard = held();
      const confirmed = credential({ annotations: { [allowRemovalAnnotation]: "3-12" } });
      for (const name of names) guard.left(confirmed, namespace({ name }));
      const again = namespace({ name: "team-0" });
      if (how === "leaves") guard.leaves(confirmed, again, "Spec");
      else guard.isTakenOut(confirmed, again);
      expect([guard.keeps(confirmed, "team-0"), guard.held(confirmed)]).toEqual([false, undefined]);
    },
  );

  it("is known from the status where that is about the spec as it is", () => {
    const reported = (observedGeneration: number, reason: string, status: "True" | "False" = "True") =>
      reportedAsHeld(
        credential({
          generation: 3,
          status: {
            conditions: [
              {
                type: "RemovalHeld",
                status,
                reason,
                message: "",
                observedGeneration,
                lastTransitionTime: "2026-01-01T00:00:00Z",
              },
            ],
          },
        }),
      );
    expect([
      reported(3, "TooManyNamespaces"),
      reported(3, "NamespacesRelabelled"),
      reported(2, "TooManyNamespaces"),
      reported(3, "TooManyNamespaces", "False"),
    ]).toEqual(["Spec", "Labels", undefined, undefined]);
  });
});
