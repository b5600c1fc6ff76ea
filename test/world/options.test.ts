// Tests what `npm run world` may be asked.
import { describe, expect, it } from "vitest";
import { parseOptions } from "./options.ts";

describe("npm run world", () => {
  it.each(["--seconds", "--seeds", "--histories"])("refuses %s 0, by which nothing would be played", (option) => {
    expect(parseOptions([option, "0"])).toEqual({
      kind: "wrong",
      message: `${option} cannot be 0: nothing would be played. Write a number from 1 on`,
    });
  });

  it.each(["--seconds", "--seeds", "--from", "--seed", "--histories", "--shrink"])(
    "refuses what is no number for %s",
    (option) => {
      expect(parseOptions([option, "few"])).toEqual({
        kind: "wrong",
        message: `${option} cannot be "few": write a number`,
      });
    },
  );

  it("refuses an expression that cannot be one", () => {
    expect(parseOptions(["--only", "("])).toMatchObject({ kind: "wrong" });
  });

  it("plays new histories for a minute", () => {
    expect(parseOptions([])).toEqual({
      kind: "play",
      options: {
        which: { kind: "lasting", from: undefined, seconds: 60 },
        histories: 100,
        path: undefined,
        only: undefined,
        shrink: 60,
      },
    });
  });

  it("plays so many seeds from one on, which may be 0, without looking for shorter histories", () => {
    expect(parseOptions(["--seeds", "3", "--from", "0", "--shrink", "0"])).toMatchObject({
      options: { which: { kind: "many", from: 0, seeds: 3 }, shrink: 0 },
    });
  });

  it("plays the one history that was told with a failure", () => {
    expect(parseOptions(["--seed", "7", "--path", "3:1", "--histories", "1", "--only", "^taken"])).toMatchObject({
      options: { which: { kind: "one", seed: 7 }, path: "3:1", histories: 1, only: /^taken/ },
    });
  });

  it("shows its help, whatever else is asked", () => {
    expect(parseOptions(["--seeds", "0", "--help"])).toEqual({ kind: "help" });
  });
});
