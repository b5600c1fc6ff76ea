// Tests that everybody who was turned away is called back, once, and nobody who has gone.
import { describe, expect, it } from "vitest";
import { calledBack } from "../../src/grants/unresponsive.ts";

describe("who was turned away", () => {
  it("is called back once when the name answers, and nobody who waits for another one", () => {
    const waiting = calledBack(10);
    waiting.add("sts", "a");
    waiting.add("sts", "b");
    waiting.add("sts", "a");
    waiting.add("iam", "c");
    expect([...waiting.take("sts")]).toEqual(["a", "b"]);
    expect([[...waiting.take("sts")], waiting.size]).toEqual([[], 1]);
  });

  it("waits for the name that it was turned away for last", () => {
    const waiting = calledBack(10);
    waiting.add("sts", "a");
    waiting.add("sts for acme", "a");
    expect([[...waiting.take("sts")], [...waiting.take("sts for acme")]]).toEqual([[], ["a"]]);
  });

  it("is forgotten when it goes, and leaves its place to another one", () => {
    const waiting = calledBack(1);
    waiting.add("sts", "a");
    waiting.add("sts", "b");
    expect(waiting.size).toBe(1);
    waiting.forget("a");
    waiting.forget("a");
    expect(waiting.size).toBe(0);
    waiting.add("sts", "b");
    expect([...waiting.take("sts")]).toEqual(["b"]);
  });

  it("can wait again after it was called back", () => {
    const waiting = calledBack(10);
    waiting.add("sts", "a");
    expect([...waiting.take("sts")]).toEqual(["a"]);
    waiting.add("sts", "a");
    expect([...waiting.take("sts")]).toEqual(["a"]);
  });
});
