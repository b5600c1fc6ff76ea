// Tests that what waits is told of each thing that it waits for, and of nothing else.
import { describe, expect, it } from "vitest";
import { waits } from "../../../src/runtime/queue/waits.ts";

describe("keys that wait", () => {
  it("hear of any of the things that they wait for, once", () => {
    const parked = waits();
    parked.wait("a", ["x", "y"]);
    parked.wait("b", ["x"]);
    expect([...parked.changed("z")]).toEqual([]);
    expect([...parked.changed("y")]).toEqual(["a"]);
    expect([...parked.changed("y"), ...parked.changed("x")]).toEqual(["b"]);
  });

  it("wait after each run for what that run says, or for nothing", () => {
    const parked = waits();
    parked.wait("a", ["x"]);
    parked.wait("a", ["y"]);
    expect([...parked.changed("x")]).toEqual([]);
    parked.wait("a", []);
    expect([...parked.changed("y")]).toEqual([]);
  });

  it("are to run again where what they wait for has changed during their run, and only then", () => {
    const parked = waits();
    parked.changed("x");
    parked.begin("a");
    expect(parked.wait("a", ["x"])).toBe(false);
    parked.begin("a");
    parked.begin("b");
    expect([...parked.changed("x")]).toEqual(["a"]);
    parked.begin("c");
    expect(parked.wait("a", ["y", "x"])).toBe(true);
    expect([...parked.changed("y")]).toEqual([]);
    expect([parked.wait("c", ["x"]), parked.wait("b", ["x"])]).toEqual([false, true]);
    expect([...parked.changed("x")]).toEqual(["c"]);
  });
});
