// Tests of placeholders: a template is filled in once, with the namespace's own values, and never with less than was asked for.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasPlaceholders, rendered } from "../../src/api/placeholders.ts";
import { namespace } from "../entitlement/objects.ts";
import { kubectl } from "../../src/runtime/steps.ts";

describe("a template", () => {
  it.each([
    ["docker-hub", "docker-hub"],
    ["pull-$(namespace.name)", "pull-team-a"],
    ["pull-$(namespace.labels['acme.io/tenant'])", "pull-blue"],
    ["$(namespace.name)-$(namespace.labels['acme.io/tenant'])-$(namespace.name)", "team-a-blue-team-a"],
  ])("%s becomes %s", (template, expected) => {
    expect(rendered(template, namespace({ labels: { "acme.io/tenant": "blue" } }))).toBe(expected);
  });

  it.each([
    ["missing", {}],
    ["empty", { tier: "" }],
    ["inherited by every object only", { other: "x" }],
  ])("with a label that is %s fails for the tenant, and says the command", (_why, labels) => {
    expect(rendered("pull-$(namespace.labels['tier'])", namespace({ labels }))).toMatchObject({
      reason: "MissingLabel",
      cause: "Tenant",
      retry: "on-change",
      message: "the Namespace needs the label tier",
      steps: [{ message: "label it", command: kubectl`label namespace team-a tier=VALUE --overwrite` }],
    });
  });

  it.each(["a/b", "a b", "-a", "a-", "x".repeat(64), "$(namespace.name)"])(
    "refuses %j, which is no label value",
    (tier) => {
      expect(rendered("pull-$(namespace.labels['tier'])", namespace({ labels: { tier } }))).toMatchObject({
        reason: "MissingLabel",
        cause: "Tenant",
      });
    },
  );

  it("fails where one of two labels is missing", () => {
    const template = "$(namespace.labels['a'])-$(namespace.labels['b'])";
    expect(rendered(template, namespace({ labels: { a: "1" } }))).toMatchObject({ reason: "MissingLabel" });
  });

  it("keeps the text around a value, whatever the value", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9_.-]{0,20}[A-Za-z0-9])?$/), (tier) => {
        expect(rendered("a-$(namespace.labels['tier'])-b", namespace({ labels: { tier } }))).toBe(`a-${tier}-b`);
      }),
    );
  });

  it("differs from one namespace to the next only with placeholders", () => {
    expect(hasPlaceholders("pull-$(namespace.name)")).toBe(true);
    expect(hasPlaceholders("pull-$name")).toBe(false);
  });
});
