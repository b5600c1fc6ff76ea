// Tests of parsing settings: which texts are values of lists, numbers and addresses, and which are not.
import { describe, expect, it } from "vitest";
import {
  audienceGlobs,
  keyGlobs,
  listenAddress,
  namespaces,
  objectNames,
  trueOrFalse,
  wholeNumber,
} from "../../src/config/setting.ts";

describe("audiences", () => {
  it.each([
    ["", []],
    ["iam", ["iam"]],
    ["iam,sts.amazonaws.com, iam", ["iam", "sts.amazonaws.com"]],
    ["*.svc.id.goog,https://example.com/*", ["*.svc.id.goog", "https://example.com/*"]],
  ])("are %j: %j", (text, globs) => {
    expect(audienceGlobs(text)).toEqual(globs);
  });

  it.each(["*", "**", "iam,*", "iam,,sts", "a*b", "*a*", "with space", "a'b", '"a"', ","])("are not %j", (text) => {
    expect(audienceGlobs(text)).toBeUndefined();
  });
});

describe("keys", () => {
  it.each([
    "acme.io/team",
    "acme.io/*",
    "acme.io/te*",
    "team",
    "a.b/C_d.e-f",
    `${"p".repeat(253)}/${"n".repeat(63)}`,
    `a/${"n".repeat(63)}*`,
  ])("are %j", (text) => {
    expect(keyGlobs(text)).toEqual([text]);
  });

  it.each([
    "*",
    "*/team",
    "acme.io/",
    "/team",
    "Acme.io/team",
    "acme.io/a,*",
    "acme.io/a b",
    "a/b/c",
    "-a",
    "a-",
    `acme.io/${"n".repeat(64)}`,
    "n".repeat(64),
    `${"p".repeat(254)}/n`,
    `${"p".repeat(254)}/*`,
  ])("are not %j", (text) => {
    expect(keyGlobs(text)).toBeUndefined();
  });
});

describe("names", () => {
  it.each(["a,b,a", " a , b "])("are each once: %j", (text) => {
    expect(namespaces(text)).toEqual(["a", "b"]);
    expect(objectNames(text)).toEqual(["a", "b"]);
  });

  it.each(["a,", "A", "a,B", "a_b", "-a", "a,b,", "a".repeat(254)])("are all names, or none is: %j", (text) => {
    expect(namespaces(text)).toBeUndefined();
    expect(objectNames(text)).toBeUndefined();
  });

  it("of Secrets may have dots, those of namespaces may not, and neither may be too long", () => {
    expect(objectNames("a.b")).toEqual(["a.b"]);
    expect(namespaces("a.b")).toBeUndefined();
    expect([namespaces("a".repeat(63))?.length, namespaces("a".repeat(64))]).toEqual([1, undefined]);
    expect([objectNames("a".repeat(253))?.length, objectNames("a".repeat(254))]).toEqual([1, undefined]);
  });
});

describe("a number", () => {
  const read = wholeNumber(4, 64);

  it.each([
    ["4", 4],
    ["64", 64],
    ["007", 7],
  ])("is %j", (text, number) => {
    expect(read(text)).toBe(number);
  });

  it.each(["3", "65", "", " 5", "5.0", "5e0", "0x5", "-5", "+5", "five", "9".repeat(16)])("is not %j", (text) => {
    expect(read(text)).toBeUndefined();
  });
});

describe("an address", () => {
  it.each([
    ["0.0.0.0:1", { host: "0.0.0.0", port: 1 }],
    ["[::]:65535", { host: "::", port: 65_535 }],
    ["localhost:8080", { host: "localhost", port: 8080 }],
  ])("is %j", (text, address) => {
    expect(listenAddress(text)).toEqual(address);
  });

  it.each(["a:0", "a:65536", "a:99999", "a:", ":80", "::1:80", "[localhost]:80", "[::1]", "a:8o", "a:80 ", "a b:80"])(
    "is not %j",
    (text) => {
      expect(listenAddress(text)).toBeUndefined();
    },
  );
});

it("yes and no are true and false, and nothing else is", () => {
  expect(["true", "false", "True", "1", "yes", ""].map(trueOrFalse)).toEqual([
    true,
    false,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
