// Tests what follows from the bench's dimensions.
import { describe, expect, it } from "vitest";
import { type Dimensions, hostsOfSecret, includes, namesOfOneSpec, oneOfEach, passwordBytesOf } from "./dimensions.ts";

const namespaces = Array.from({ length: 10 }, (_, index) => `team-${index}`);
const several: Dimensions = { ...oneOfEach, credentials: 3 };

describe("RegistryCredentials with namespaces of their own", () => {
  const shares = includes(several, namespaces);

  it("select each namespace once, and as many as the others", () => {
    const named = shares.map((names) => names.filter((name) => name.startsWith("team-")));
    expect(named.flat()).toEqual(namespaces);
    expect(named.map(({ length }) => length)).toEqual([3, 3, 4]);
  });

  it("select each one that comes later once", () => {
    expect(shares.filter((names) => names.includes("new-*"))).toHaveLength(1);
  });

  it("name as many as a spec can hold at most", () => {
    const most = Array.from({ length: namesOfOneSpec * 2 }, (_, index) => `team-${index}`);
    for (const names of includes({ ...oneOfEach, credentials: 2 }, most)) expect(names.length).toBeLessThanOrEqual(64);
  });
});

it("selects all of them by each RegistryCredential, where it is asked to", () => {
  expect(includes({ ...several, select: "all" }, namespaces)).toEqual(
    Array.from({ length: 3 }, () => ["team-*", "new-*"]),
  );
});

describe("a Secret", () => {
  it("holds a login of each RegistryCredential that selects its namespace, for each grant of it", () => {
    expect(hostsOfSecret(oneOfEach)).toBe(1);
    expect(hostsOfSecret(several)).toBe(1);
    expect(hostsOfSecret({ ...several, select: "all" })).toBe(3);
    expect(hostsOfSecret({ ...several, select: "all", grantsPerNamespace: 2 })).toBe(6);
  });

  it("stays below what a Secret may have, with passwords as long as a cloud's where there are few", () => {
    const many: Dimensions = { ...oneOfEach, credentials: 200, select: "all" };
    expect(passwordBytesOf(oneOfEach)).toBe(750);
    // A base64url of it, and one of that again.
    expect(passwordBytesOf(many) * hostsOfSecret(many) * (4 / 3 + 16 / 9)).toBeLessThan(32 * 1024);
  });
});
