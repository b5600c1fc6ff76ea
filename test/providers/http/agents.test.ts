// Tests that the number of pools is bounded, and that the least recently used one goes.
import { describe, expect, it } from "vitest";
import { agents } from "../../../src/providers/http/agents.ts";
import { certificateAuthority } from "../../cluster/certificates.ts";
import { fakeClock } from "../../fake-clock.ts";

const { certificate } = certificateAuthority("ca");
/** Each is another one to whoever compares texts. */
const ca = (index: number): string => `${certificate}# ${index}`;
const isClosed = (dispatcher: object): boolean => (dispatcher as { readonly closed: boolean }).closed;
const lookup = (): never => {
  throw new TypeError("nothing is looked up");
};

describe("the pools", () => {
  it("are one per CA, used again, and 32 at most", async () => {
    const open = agents(lookup, fakeClock());
    const direct = open.to({ proxy: undefined, ca: undefined });
    const first = open.to({ proxy: undefined, ca: ca(0) });
    expect(first).not.toBe(direct);
    expect(open.to({ proxy: undefined, ca: ca(0) })).toBe(first);
    for (let index = 1; index <= 30; index += 1) open.to({ proxy: undefined, ca: ca(index) });
    expect([isClosed(direct), isClosed(first)]).toEqual([false, false]);
    // The one that has just been used stays.
    expect(open.to({ proxy: undefined, ca: undefined })).toBe(direct);
    open.to({ proxy: undefined, ca: ca(31) });
    expect([isClosed(direct), isClosed(first)]).toEqual([false, true]);
    expect(open.to({ proxy: undefined, ca: ca(0) })).not.toBe(first);
    await open.close();
  });
});
