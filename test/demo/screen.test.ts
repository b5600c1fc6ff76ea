// Tests that the story is readable on a terminal and in a file.
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { screen, wrap } from "./screen.ts";

function sink(shape: { readonly isTTY: boolean; readonly columns?: number }): {
  stream: PassThrough & typeof shape;
  text: () => string;
} {
  const stream = Object.assign(new PassThrough({ encoding: "utf8" }), shape);
  return { stream, text: () => String(stream.read() ?? "") };
}

describe("a screen that is no terminal", () => {
  it("has no colours, no control characters and nothing that is only live", () => {
    const { stream, text } = sink({ isTTY: false });
    const show = screen(stream);
    show.live("7 of 50");
    show.done("served", 1234.5);
    show.failed("broken");
    expect(text()).toBe("  ✓  1,235 ms  served\n  ✗            broken\n");
  });

  it("sets in what follows in a wrapped line", () => {
    const { stream, text } = sink({ isTTY: false, columns: 27 });
    screen(stream).done("one two three four", 5);
    expect(text()).toBe("  ✓      5 ms  one two\n               three four\n");
  });

  it("keeps the empty lines of a block empty", () => {
    const { stream, text } = sink({ isTTY: false });
    screen(stream).block("a\n\n  b\n");
    expect(text()).toBe("      a\n\n        b\n");
  });
});

describe("a screen on a terminal", () => {
  it("shows what is live in one line, which the next line replaces", () => {
    const { stream, text } = sink({ isTTY: true, columns: 80 });
    const show = screen(stream);
    show.live("1 of 50");
    show.live("1 of 50");
    show.live("2 of 50");
    show.paragraph("done");
    expect(text()).toBe("\r\u001B[2K  … 1 of 50\r\u001B[2K  … 2 of 50\r\u001B[2K  done\n");
  });
});

describe("wrapping", () => {
  it("breaks at spaces and leaves a long word whole", () => {
    expect(wrap("a bb https://127.0.0.1:12345 c", 10)).toEqual(["a bb", "https://127.0.0.1:12345", "c"]);
  });
});
