// Tests of the addresses that a socket gets to see.
import type { LookupAddress } from "node:dns";
import { describe, expect, it } from "vitest";
import { type Address, checkedLookup, sharedLookups } from "../../../src/providers/http/checked-lookup.ts";

const at = (...addresses: string[]): Address[] =>
  addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));

type Found = readonly [error: { readonly reason?: string; readonly code?: string } | null, addresses: unknown];

function looked(addresses: readonly Address[], all: boolean, isPrivateAllowed = false): Promise<Found> {
  const rules = { privateAllowed: () => isPrivateAllowed, metadata: false };
  const lookup = checkedLookup(() => Promise.resolve(addresses), rules);
  return new Promise((resolve) => {
    lookup("registry.test", { all }, (error: NodeJS.ErrnoException | null, found: string | LookupAddress[]) =>
      resolve([error, found]),
    );
  });
}

describe("a socket", () => {
  it("gets only those that are allowed, in their order", async () => {
    const addresses = at("169.254.169.254", "203.0.113.7", "10.0.0.1", "2001:4860:4860::8888", "0.0.0.0", "8.8.8.8");
    const [error, found] = await looked(addresses, true);
    expect(error).toBeNull();
    expect(found).toEqual(at("2001:4860:4860::8888", "8.8.8.8"));
  });

  it("that wants one gets the first that is allowed", async () => {
    const [error, found] = await looked(at("10.0.0.1", "8.8.8.8", "1.1.1.1"), false);
    expect([error, found]).toEqual([null, "8.8.8.8"]);
  });

  it.each([true, false])("gets none where all are refused, but the reason of the first (all: %j)", async (all) => {
    const [error, found] = await looked(at("10.0.0.1", "0.0.0.0"), all);
    expect(error?.reason).toBe("AddressNotAllowed");
    expect(found).toEqual([]);
  });

  it("gets a private one where its host may have one, and all the same none of a metadata service", async () => {
    const [, found] = await looked(at("10.0.0.1", "169.254.169.254"), true, true);
    expect(found).toEqual(at("10.0.0.1"));
  });

  it("is told where a name has no address", async () => {
    expect((await looked([], true))[0]?.code).toBe("ENOTFOUND");
  });
});

describe("lookups of one name", () => {
  it("that are asked for while one is under way are that one, of whatever end, and later ones are asked anew", async () => {
    const asked: string[] = [];
    const answers: PromiseWithResolvers<readonly Address[]>[] = [];
    const resolve = sharedLookups((host) => {
      asked.push(host);
      const answer = Promise.withResolvers<readonly Address[]>();
      answers.push(answer);
      return answer.promise;
    });
    const hung = Array.from({ length: 100 }, () => resolve("silent.test"));
    const other = resolve("well.test");
    answers[1]?.resolve([{ address: "192.0.2.1", family: 4 }]);
    expect(await other).toEqual([{ address: "192.0.2.1", family: 4 }]);
    answers[0]?.reject(new Error("EAI_AGAIN"));
    const ends = await Promise.allSettled(hung);
    expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(["rejected"]));
    void resolve("silent.test");
    expect(asked).toEqual(["silent.test", "well.test", "silent.test"]);
  });
});
