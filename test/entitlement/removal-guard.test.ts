// Does a hold belong to one spec and one change, and is it known after a restart which?
import { describe, expect, it } from "vitest";
import { removals, toldAsHeld } from "../../src/entitlement/removal-guard.ts";
import { fakeClock } from "../fake-clock.ts";
import { credential, namespace } from "./objects.ts";

const names = Array.from({ length: 12 }, (_, index) => `team-${index}`);

function held() {
  const brake = removals(fakeClock(), () => names.length);
  for (const name of names) brake.leaves(credential(), namespace({ name }), "Spec");
  expect(brake.keeps(credential(), "team-0")).toBe(true);
  return brake;
}

describe("a hold", () => {
  it("is not one of the next spec, which takes it from a few", () => {
    const brake = held();
    const next = credential({ generation: 4 });
    for (const name of names.slice(5)) brake.stays(next, name);
    expect(brake.keeps(next, "team-0")).toBe(false);
  });

  it("stays while somebody is left of those whom it is about, however few", () => {
    const brake = held();
    for (const name of names.slice(1)) brake.stays(credential(), name);
    expect(brake.keeps(credential(), "team-0")).toBe(true);
  });

  it("is over with the last one: who leaves next is a change of its own", () => {
    const brake = held();
    for (const name of names) brake.stays(credential(), name);
    brake.leaves(credential(), namespace({ name: "team-0" }), "Spec");
    expect(brake.keeps(credential(), "team-0")).toBe(false);
  });

  it("is known from the status where that is about the spec as it is", () => {
    const told = (observedGeneration: number, reason: string, status: "True" | "False" = "True") =>
      toldAsHeld(
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
      told(3, "TooManyNamespaces"),
      told(3, "NamespacesRelabelled"),
      told(2, "TooManyNamespaces"),
      told(3, "TooManyNamespaces", "False"),
    ]).toEqual(["Spec", "Labels", undefined, undefined]);
  });
});
