// Tests that exactly what is wanted is parsed from a JSON document, whatever else is in it and however it is cut.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shapedReader } from "../../../src/runtime/client/shaped-json.ts";
import {
  characters,
  each,
  list,
  map,
  record,
  type Shape,
  text,
  tooLarge,
  whole,
} from "../../../src/runtime/client/shape.ts";
import { pieces } from "./pieces.ts";

const mebibyte = 1024 * 1024;
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });

function read(shape: Shape, json: string, cut: readonly number[] = [64 * 1024]): unknown {
  const reader = shapedReader(shape);
  for (const piece of pieces(Buffer.from(json), cut)) reader.write(piece);
  return reader.end();
}

/** With more spaces between the tokens, and escapes instead of characters. */
const spaced = (value: unknown): string => JSON.stringify(value, undefined, "\t ");
const escaped = (value: unknown): string =>
  JSON.stringify(value).replaceAll(/[a-z<]/g, (letter) => {
    const code = letter.codePointAt(0) ?? 0;
    return `\\u${code.toString(16).padStart(4, "0")}`;
  });

describe("a value that is wanted whole", () => {
  it("is what JSON.parse reads, however it is written and cut", () => {
    fc.assert(
      fc.property(fc.jsonValue(), sizes, fc.boolean(), (value, cut, isSpaced) => {
        const json = isSpaced ? spaced(value) : JSON.stringify(value);
        expect(read(whole(mebibyte), json, cut)).toEqual(JSON.parse(json));
      }),
    );
  });

  it("is marked where it is larger than may be, and what stands beside it comes", () => {
    const shape = record({ a: whole(20), b: text(10) });
    const read20 = (a: unknown): unknown => read(shape, JSON.stringify({ a, b: 1 }), [3]);
    expect(read20("x".repeat(18))).toEqual({ a: "x".repeat(18), b: 1 });
    for (const large of ["x".repeat(19), { a: "x".repeat(20) }, Array.from({ length: 100 }, () => [{}])])
      expect(read20(large)).toEqual({ a: tooLarge, b: 1 });
  });
});

/** A Kubernetes object of some kind, with anything at all beside what is looked for, and in any order. */
const anyObject = fc
  .record({
    identity: fc.record({ name: fc.string({ maxLength: 30 }), uid: fc.string({ maxLength: 30 }) }),
    beside: fc.dictionary(fc.string(), fc.jsonValue()),
    more: fc.dictionary(fc.string(), fc.jsonValue()),
    isLast: fc.boolean(),
  })
  .map(({ identity, beside, more, isLast }) => {
    const others = without(beside, ["name", "uid"]);
    const metadata = isLast ? { ...others, ...identity } : { ...identity, ...others };
    const rest = without(more, ["metadata"]);
    return { identity, object: isLast ? { ...rest, metadata } : { metadata, ...rest } };
  });

function without(from: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name)));
}

describe("what is wanted of an object", () => {
  const identityShape = record({ metadata: record({ name: text(30), uid: text(30) }) });

  it("comes wherever it stands, whatever stands beside it", () => {
    fc.assert(
      fc.property(
        anyObject,
        sizes,
        fc.constantFrom(JSON.stringify, spaced, escaped),
        ({ identity, object }, cut, written) => {
          expect(read(identityShape, written(object), cut)).toEqual({ metadata: identity });
        },
      ),
    );
  });

  it("takes no more memory for an object of any size", () => {
    const field = fc.constantFrom("labels", "finalizers", "managedFields", "ownerReferences", "data");
    fc.assert(
      fc.property(field, fc.boolean(), (name, isDeep) => {
        const large = isDeep
          ? Array.from({ length: 20_000 }, (_, index) => ({ [`k${index}`]: { v: ["", '"', "\\"] } }))
          : '"\\'.repeat(200_000);
        const object = { [name]: large, metadata: { name: "a", [name]: large, uid: "b" }, last: large };
        expect(read(identityShape, JSON.stringify(object))).toEqual({ metadata: { name: "a", uid: "b" } });
      }),
      { numRuns: 20 },
    );
  });

  it("is absent where it is of another kind than the API says, and null where it is null", () => {
    const shape = record({ a: text(5), b: list(text(5), 2), c: record({}), d: map({}, 5), e: each });
    expect(read(shape, '{"a":{"x":1},"b":{"x":1},"c":[1],"d":"x","e":{"x":[]}}')).toEqual({});
    expect(read(shape, '{"a":null,"b":null,"c":null,"d":null,"e":null}')).toEqual({
      a: null,
      b: null,
      c: null,
      d: null,
      e: null,
    });
  });

  it("is never an inherited property", () => {
    const shape = record({ data: map({}, 100) });
    const json = '{"constructor":1,"data":{"__proto__":"x","constructor":"y"},"__proto__":{"data":{}}}';
    expect(JSON.stringify(read(shape, json))).toBe('{"data":{"__proto__":"x","constructor":"y"}}');
  });
});

describe("a limit", () => {
  it.each(["x", "<", "\u00fc", "\ud83d\ude00", "\u0000", '"', "\\"])(
    "is passed visibly by a text of %j that is longer, and leaves one that is not as it is",
    (character) => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 80 }), sizes, (limit, length, cut) => {
          const value = character.repeat(length);
          // As Go writes it.
          const json = JSON.stringify(value).replaceAll("<", "\\u003c");
          const came = read(text(limit), json, cut) as string;
          expect(came === value || value.length > limit).toBe(true);
          expect(came.length > limit).toBe(value.length > limit);
          expect(came.length).toBeLessThanOrEqual(characters(limit) + 1);
        }),
      );
    },
  );

  it("is passed visibly by a list that is longer", () => {
    const read3 = (count: number): unknown =>
      read(list(record({ n: text(3) }), 3), JSON.stringify(Array.from({ length: count }, (_, n) => ({ n, m: [n] }))));
    expect(read3(3)).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
    expect(read3(0)).toEqual([]);
    for (const count of [4, 5, 100_000]) expect(read3(count)).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it("of a map counts all that is not named, and never what is", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.string({ maxLength: 30 })),
        fc.integer({ min: 0, max: 100 }),
        sizes,
        (others, limit, cut) => {
          const value = { ...without(others, ["named"]), named: "n".repeat(50) } as Record<string, string>;
          const came = read(map({ named: 50 }, limit), JSON.stringify(value), cut) as Record<string, string>;
          expect(came["named"]).toBe(value["named"]);
          const size = (of: Record<string, string>): number => JSON.stringify(without(of, ["named"])).length;
          const isAll = JSON.stringify(came) === JSON.stringify(value);
          expect(isAll || size(came) > limit).toBe(true);
          expect(isAll || size(value) > limit).toBe(true);
        },
      ),
    );
  });

  it("of a map keeps the named ones that come after 100,000 others", () => {
    const value = {
      ...Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, "v"])),
      named: "n",
    };
    const came = read(map({ named: 5 }, 100), JSON.stringify(value)) as object;
    expect(came).toHaveProperty("named", "n");
    expect(JSON.stringify(came).length).toBeLessThan(2000);
    expect(read(map({ named: 5 }), JSON.stringify(value))).toEqual({ named: "n" });
  });
});

describe("a document that is no whole JSON", () => {
  it.each([
    "",
    "{",
    '{"a":1',
    '{"a":1,',
    '{"a" 1}',
    '{"a":1}}',
    "{a:1}",
    '{"a":1]',
    '{"a":hunter2}',
    '{"a":}',
    '{"b":}',
    '{"b":[}',
    '{"a":"hunter2',
    '{"a":"\\x"}',
  ])("is refused without being quoted: %s", (json) => {
    const error = errorOf(record({ a: text(100), b: list(text(10), 2) }), json);
    expect(error).toBeInstanceOf(SyntaxError);
    expect(String((error as Error).stack)).not.toContain("hunter2");
  });

  it.each(["[1]]", "[1", "[1 2]", '["hunter2', "[hunter2]"])("is refused as a list, too: %s", (json) => {
    expect(errorOf(list(text(10), 2), json)).toBeInstanceOf(SyntaxError);
  });
});

function errorOf(shape: Shape, json: string): unknown {
  try {
    return read(shape, json, [1]);
  } catch (error) {
    return error;
  }
}
