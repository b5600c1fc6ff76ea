// Tests that no answer is held in memory beyond its bound.
import { expect, it } from "vitest";
import { refusalReader } from "../../../src/runtime/client/api-answer.ts";

it("of a refusal that does not end its beginning is held, and no more", () => {
  const reader = refusalReader();
  for (let piece = 0; piece < 100; piece += 1) reader.write(Buffer.alloc(64 * 1024, "x"));
  expect(reader.end()).toHaveLength(256 * 1024);
});
