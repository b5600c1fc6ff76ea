// Tests that the document of every line is found once, however the bytes are cut.
import { inspect } from "node:util";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonLines } from "../../../src/runtime/client/json-lines.ts";
import { whole } from "../../../src/runtime/client/shape.ts";
import { pieces } from "./pieces.ts";

const anything = whole(64 * 1024 * 1024);

function all(source: Iterable<Buffer>): { seen: unknown[]; isWhole: boolean } {
  const seen: unknown[] = [];
  const lines = jsonLines(
    () => anything,
    (value) => seen.push(value),
  );
  for (const piece of source) lines.write(piece);
  return { seen, isWhole: lines.isWhole() };
}

describe("the documents of a stream", () => {
  it("are those of its lines, however it is cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.json(), fc.constant(""))),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        (documents, sizes) => {
          const bytes = Buffer.from(documents.map((each) => `${each}\n`).join(""));
          expect(all(pieces(bytes, sizes))).toEqual({
            seen: documents.filter((each) => each !== "").map((each) => JSON.parse(each) as unknown),
            isWhole: true,
          });
        },
      ),
    );
  });

  it("are not whole where the last line is not", () => {
    expect(all([Buffer.from('{"a":1}\n{"b"')])).toEqual({ seen: [{ a: 1 }], isWhole: false });
  });

  it.each(["hunter2\n", '{"password":"hunter2"\n', `{"a":"${"hunter2".repeat(20_000)}"\n`])(
    "that are none are refused without a word of them",
    (line) => {
      const error = thrownBy(() => all([Buffer.from(line)]));
      expect(error).toBeInstanceOf(SyntaxError);
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("hunter2");
    },
  );

  it("search each byte once: a line of 32 MiB in pieces of 1 KiB is no slower per byte than a short one", () => {
    const searched = { bytes: 0 };
    const piece = Buffer.alloc(1024, "x");
    const indexOf = (value: number, from?: number): number => {
      searched.bytes += piece.length;
      return Buffer.prototype.indexOf.call(piece, value, from);
    };
    Object.assign(piece, { indexOf });
    const count = 32 * 1024;
    const { seen } = all(
      (function* () {
        yield Buffer.from('"');
        for (let index = 0; index < count; index += 1) yield piece;
        yield Buffer.from('"\n');
      })(),
    );
    expect(seen[0]).toHaveLength(count * 1024);
    expect(searched.bytes).toBe(count * 1024);
  });
});

function thrownBy(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}
