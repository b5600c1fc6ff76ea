// Tests that `status` says what a person must know, whatever the width of the terminal.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conditions, conditionTypes } from "../../../src/api/conditions.ts";
import { credentialReport } from "../../../src/cli/status/credential-view.ts";
import { statusText } from "../../../src/cli/status/status-text.ts";
import { terminal } from "../../../src/cli/terminal/terminal.ts";
import { transformCredential } from "../../../src/cluster/transform/credential.ts";
import { minimal, stored } from "../../api/registry-credential.ts";
import { testTerminal } from "../terminal/terminals.ts";
import { anything, obeyedIn } from "../../foreign-texts.ts";

const now = Temporal.Instant.from("2026-11-25T12:00:00Z");
const ready = {
  type: "Ready",
  status: "True",
  reason: "Served",
  message: "well",
  lastTransitionTime: "2026-11-25T10:00:00Z",
};

function report(status: object | undefined): ReturnType<typeof credentialReport> {
  const object = stored({ ...minimal, ...(status && { status }) });
  return credentialReport(transformCredential(object), now);
}

const well = report({
  observedGeneration: 1,
  conditions: [ready],
  namespaces: { selected: 3, ready: 2, pending: 0, failed: 1 },
  registries: [
    {
      name: "hub",
      identities: 1,
      failing: 0,
      state: "Issued",
      refreshedAt: "2026-11-25T08:00:00Z",
      expiresAt: "2026-11-25T18:00:00Z",
    },
  ],
  failures: [
    { reason: "SecretConflict", cause: "Tenant", count: 5, oldestSince: "2026-11-25T09:00:00Z", examples: ["team-a"] },
  ],
});

describe("status", () => {
  it("is whole in a pipe", () => {
    expect(statusText([well], now, testTerminal())).toBe(
      [
        "CREDENTIAL   READY   NAMESPACES   ENTRY   PROVIDER   STATE    TIME LEFT   HOSTS",
        "minimal      yes     2/3          hub     Static     Issued   6h (60%)    docker.io",
        "",
        "Failing namespaces",
        "CREDENTIAL   REASON           WHO FIXES IT   FOR   NAMESPACES",
        "minimal      SecretConflict   the tenant     3h    team-a, and 4 more",
        "Why, and how to fix it: kubectl regcred explain team-a",
        "",
      ].join("\n"),
    );
  });

  it("fits into 80 columns, with bars", () => {
    const text = statusText([well], now, testTerminal({ width: 80 }));
    expect(text).toContain("██████░░░░ 6h");
    expect(text).not.toContain("HOSTS");
    expect(text.split("\n").every((line) => line.length <= 80)).toBe(true);
  });

  it("says which entry lives by a login of before, and until when", () => {
    const former = { since: "2026-11-25T10:00:00Z", until: "2026-11-25T18:00:00Z", namespaces: 3 };
    const registries = [{ name: "hub", identities: 0, failing: 0, state: "Pending", former }];
    const altered = report({ observedGeneration: 1, conditions: [ready], registries });
    expect(altered.entries[0]).toMatchObject({ former });
    expect(statusText([altered], now, testTerminal())).toContain(
      "minimal, entry hub, since 2026-11-25T10:00:00Z: what the entry had before it was altered stays in 3 namespaces, and lives until 2026-11-25T18:00:00Z",
    );
  });

  it("says that the operator has not looked at a change", () => {
    const stale = report({ observedGeneration: 0, conditions: [ready] });
    expect(stale).toMatchObject({ ready: false, observed: false, reason: "Unobserved" });
    expect(statusText([stale], now, testTerminal())).toContain(
      "minimal is not ready (Unobserved): the operator has not looked at change 1, only at change 0",
    );
  });

  it("says so where it never looked at it", () => {
    expect(statusText([report(undefined)], now, testTerminal())).toContain("has not looked at it yet");
  });

  it("says what is wrong with a spec that cannot be read", () => {
    const broken = stored({ ...minimal, spec: { ...minimal.spec, registries: [] } });
    const unread = credentialReport(transformCredential(broken), now);
    expect(unread).toMatchObject({ ready: false, observed: false });
    const text = statusText([unread], now, testTerminal());
    expect(text).toMatch(/minimal is not ready \(InvalidSpec\): spec\.registries: /);
  });

  it("tells conditions that need a look, but not what Ready says already", () => {
    const held = { ...ready, type: "RemovalHeld", reason: "TooManyNamespaces", message: "12 of 20 would lose it" };
    const notReady = { ...ready, status: "False", reason: "SourceMissing", message: "hub: no Secret" };
    const stalled = { ...notReady, type: "Stalled", status: "True" };
    const text = statusText(
      [report({ observedGeneration: 1, conditions: [notReady, held, stalled] })],
      now,
      testTerminal(),
    );
    expect(text).toContain("minimal: RemovalHeld (TooManyNamespaces): 12 of 20 would lose it");
    expect(text.match(/hub: no Secret/g)).toHaveLength(1);
  });

  it.each(conditionTypes.filter((type) => conditions[type].inStatus))(
    "lists %s while it is bad, in the text and for machines",
    (type) => {
      const status = conditions[type].good === "True" ? "False" : "True";
      const bad = { ...ready, type, status, reason: "SomeReason", message: "what to do about it" };
      const found = report({ observedGeneration: 1, conditions: [ready, bad] });
      expect(found.warnings).toEqual([{ type, reason: "SomeReason", message: "what to do about it" }]);
      expect(statusText([found], now, testTerminal())).toContain(`minimal: ${type} (SomeReason): what to do about it`);
      const good = report({ observedGeneration: 1, conditions: [ready, { ...bad, status: conditions[type].good }] });
      expect(good.warnings).toEqual([]);
    },
  );

  it("lists that the installed kind is older, and leaves to Ready, the table and the work itself what they say", () => {
    const listed = conditionTypes.filter((type) => conditions[type].inStatus);
    expect(listed).toEqual(["Stalled", "TokensFresh", "RemovalHeld", "DrainBlocked", "CRDOutdated"]);
  });

  it("shows no proven login worse than one that is only there", () => {
    const styleOf = (state: string): string | undefined => {
      const painted: string[] = [];
      const registries = [{ name: "hub", identities: 1, failing: 0, state }];
      const out = testTerminal({ paint: (style, text) => (text.trim() === state && painted.push(style), text) });
      statusText([report({ observedGeneration: 1, conditions: [ready], registries })], now, out);
      return painted[0];
    };
    expect(["Issued", "Authenticated", "Verified"].map(styleOf)).toEqual(["green", "green", "green"]);
    expect(["Pending", "PublishedUnverified", "Failing"].map(styleOf)).toEqual(["yellow", "yellow", "yellow"]);
    expect(styleOf("Expired")).toBe("red");
  });

  it("points to the README where there is none", () => {
    expect(statusText([], now, testTerminal())).toContain("README");
  });
});

describe("status, whatever its objects say", () => {
  it("prints no character that a terminal obeys, and begins no line with what it was told", () => {
    fc.assert(
      fc.property(anything, (text) => {
        const credential = report({
          observedGeneration: 1,
          conditions: [
            { ...ready, status: "False", reason: "SourceMissing", message: `a\n${text}` },
            { ...ready, type: "RemovalHeld", reason: "TooManyNamespaces", message: `b\n${text}` },
          ],
          registries: [{ name: "hub", identities: 1, failing: 1, state: "Failing", reason: "X", message: text }],
        });
        let printed = "";
        const out = terminal({ write: (each: string) => (printed += each) }, {});
        out.write(statusText([credential], now, out));
        expect(obeyedIn(printed.replaceAll("\n", ""))).toEqual([]);
        expect(printed.split("\n")).toHaveLength(6);
      }),
    );
  });
});
