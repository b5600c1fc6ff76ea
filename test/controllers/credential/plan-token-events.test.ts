// Tests of the Events for administrators about an entry that cannot be renewed: which, why, and how long is left.
import { describe, expect, it } from "vitest";
import type { RegistryStatus } from "../../../src/api/registry-credential.ts";
import { tokenEvents } from "../../../src/controllers/credential/plan-token-events.ts";
import { frozen, now } from "../../entitlement/objects.ts";

const fresh: RegistryStatus = frozen({
  name: "images",
  identities: 1,
  failing: 0,
  state: "Verified",
  refreshedAt: "2026-01-01T06:00:00Z",
  expiresAt: "2026-01-01T17:53:20Z",
});
const failing: RegistryStatus = frozen({
  ...fresh,
  failing: 1,
  state: "Failing",
  reason: "Denied",
  message: "ECR refuses: allow it",
});

describe("the news of an entry", () => {
  it("that can no longer be renewed names it, says why, and how long is left", () => {
    expect(tokenEvents([fresh], [failing], now)).toEqual([
      {
        reason: "Denied",
        message:
          "entry images: ECR refuses: allow it; what tenants have lives until 2026-01-01T17:53:20Z (5 h 53 min left)",
      },
    ]);
  });

  it.each([
    ["2026-01-01T12:00:40Z", "(40 s left)"],
    ["2026-01-01T13:00:05Z", "(1 h left)"],
    ["2026-01-03T17:00:00Z", "(2 d 5 h left)"],
    ["2026-01-01T12:00:00.5Z", "(0 s left)"],
    ["2026-01-01T11:59:00Z", "what tenants had ended at 2026-01-01T11:59:00Z"],
    [undefined, "what tenants have names no end"],
  ])("whose first token ends at %s says %s", (expiresAt, text) => {
    const { expiresAt: _, ...endless } = failing;
    const [news] = tokenEvents([fresh], [expiresAt === undefined ? endless : { ...failing, expiresAt }], now);
    expect(news?.message).toContain(text);
  });

  it("of which there was never a token says so", () => {
    const { expiresAt: _, refreshedAt: __, ...never } = failing;
    expect(tokenEvents([], [never], now)[0]?.message).toMatch(/; tenants have nothing of it yet$/);
  });

  it("that has run out is told", () => {
    const { reason: _, message: __, ...rest } = failing;
    const expired = { ...rest, state: "Expired", expiresAt: "2026-01-01T11:00:00Z" } as const;
    expect(tokenEvents([failing], [expired], now)).toEqual([
      {
        reason: "Expired",
        message: "entry images: it cannot be renewed; what tenants had ended at 2026-01-01T11:00:00Z",
      },
    ]);
  });

  it("is told of each entry by itself, and once for each reason", () => {
    const hub = { ...failing, name: "hub" };
    expect(tokenEvents([failing], [failing, hub], now).map(({ message }) => message.split(":")[0])).toEqual([
      "entry hub",
    ]);
    expect(tokenEvents([failing, hub], [{ ...failing, message: "again" }, hub], now)).toEqual([]);
    expect(tokenEvents([failing], [{ ...failing, reason: "Throttled" }], now)).toHaveLength(1);
  });

  it("is none while it is renewed, or not needed yet", () => {
    const pending = { name: "images", identities: 0, failing: 0, state: "Pending" } as const;
    expect(tokenEvents([failing], [fresh], now)).toEqual([]);
    expect(tokenEvents([], [pending], now)).toEqual([]);
  });
});
