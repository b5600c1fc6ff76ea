// Is every line found once, however the bytes are cut?
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lines } from "../../src/kube/lines.ts";

async function* pieces(bytes: Buffer, size: (index: number) => number): AsyncGenerator<Buffer> {
  for (let from = 0, index = 0; from < bytes.length; index += 1) {
    const to = from + Math.max(1, size(index));
    yield bytes.subarray(from, to);
    from = to;
  }
}

async function all(source: AsyncIterable<Buffer>): Promise<{ seen: string[]; rest: string }> {
  const generator = lines(source);
  const seen: string[] = [];
  for (;;) {
    const next = await generator.next();
    if (next.done) return { seen, rest: next.value };
    seen.push(next.value);
  }
}

describe("lines", () => {
  it("are the text split at newlines, however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom("a", "ü", "😀", "\n", "{") }),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        async (text, sizes) => {
          const { seen, rest } = await all(pieces(Buffer.from(text), (index) => sizes[index % sizes.length] ?? 1));
          expect([...seen, rest]).toEqual(text.split("\n"));
        },
      ),
    );
  });

  it("search each byte once: a line of 32 MiB in pieces of 1 KiB is no slower per byte than a short one", async () => {
    const searched = { bytes: 0 };
    const piece = Buffer.alloc(1024, "x");
    const indexOf = (value: number, from?: number): number => {
      searched.bytes += piece.length;
      return Buffer.prototype.indexOf.call(piece, value, from);
    };
    Object.assign(piece, { indexOf });
    const count = 32 * 1024;
    const { seen } = await all(
      (async function* () {
        for (let index = 0; index < count; index += 1) yield piece;
        yield Buffer.from("\n");
      })(),
    );
    expect(seen[0]).toHaveLength(count * 1024);
    expect(searched.bytes).toBe(count * 1024);
  });
});
