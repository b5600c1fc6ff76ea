// Are the commands in a message found, and is what a tenant wrote read with care?
import { describe, expect, it } from "vitest";
import { commandsIn, credentialPatch, quoted } from "../../../src/plan/explain/obstacle.ts";
import { writtenEntries } from "../../../src/plan/explain/written-entries.ts";

describe("commands in a message", () => {
  it.each([
    ["label it: kubectl label namespace a k=VALUE", ["kubectl label namespace a k=VALUE"]],
    ["create it (kubectl create secret generic -n a b), then wait", ["kubectl create secret generic -n a b"]],
    [
      "create it (kubectl create secret x) and label it: kubectl label secret x y=true",
      ["kubectl create secret x", "kubectl label secret x y=true"],
    ],
    ["kubectl annotate sa a b=GUID (or another, for a role)", ["kubectl annotate sa a b=GUID"]],
    ["ask for it", []],
  ])("are found: %s", (message, commands) => {
    expect(commandsIn(message)).toEqual(commands);
  });

  it("hold patches that a shell takes as they are", () => {
    expect(credentialPatch("acme", { suspend: false })).toBe(
      `kubectl patch regcred acme --type=merge -p '{"spec":{"suspend":false}}'`,
    );
    expect(quoted("it's")).toBe(String.raw`'it'\''s'`);
  });
});

describe("the entries of a pull Secret", () => {
  const entries = (text: string): unknown => writtenEntries({ "regcred.dev/entries": text });

  it("are read from the annotation", () => {
    expect(entries('[{"name":"a/b","grant":"g","hosts":["h"],"expires":"2026-01-01T00:00:00Z"}]')).toEqual([
      { name: "a/b", grantKey: "g", hosts: ["h"], expiresAt: Temporal.Instant.from("2026-01-01T00:00:00Z") },
    ]);
  });

  it("are none where a tenant has made it unreadable, and unknown where the Secret is not ours", () => {
    for (const text of ["", "{", "{}", "[1]", '[{"name":"a"}]', '[{"name":"a","hosts":[],"expires":"soon"}]']) {
      expect(entries(text)).toEqual([]);
    }
    expect(writtenEntries({})).toBeUndefined();
  });
});
