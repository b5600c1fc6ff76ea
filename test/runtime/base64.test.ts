// Tests that base64 is the same here as in Node, without Node's types.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { base64OfText, textOfBase64 } from "../../src/runtime/base64.ts";

const anyText = fc.string({ unit: "binary" });

describe("base64", () => {
  it("encodes as Node does, whatever the characters", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(base64OfText(text)).toBe(Buffer.from(text, "utf8").toString("base64"));
      }),
    );
  });

  it("gives back every well-formed text", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(textOfBase64(base64OfText(text))).toBe(text);
      }),
    );
  });

  it("encodes a lone surrogate as the replacement character", () => {
    expect(textOfBase64(base64OfText("a\ud800"))).toBe("a\ufffd");
  });

  it("reads text without padding and with line breaks", () => {
    expect(textOfBase64("dXNlcjpw\nYXNz\r\nMQ")).toBe("user:pass1");
  });

  it.each(["!", "a", "dXNlcg===", "_-_-"])("refuses %j, which is not standard base64", (text) => {
    expect(textOfBase64(text)).toBeUndefined();
  });

  it("refuses bytes that are not UTF-8", () => {
    expect(textOfBase64(Buffer.from([0x75, 0x3a, 0xff]).toString("base64"))).toBeUndefined();
  });
});
