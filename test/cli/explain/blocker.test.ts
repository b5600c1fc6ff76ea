// Tests that advice comes from the operator's own steps alone, and that what a tenant wrote is read with care.
import { describe, expect, it } from "vitest";
import { credentialPatch, blockerOf } from "../../../src/cli/explain/blocker.ts";
import { commandText, kubectl } from "../../../src/runtime/steps.ts";

describe("what fixes a failure", () => {
  const failure = { reason: "SourceMissing", cause: "Platform", retry: "on-change" } as const;

  it("is its steps, never what its message says", () => {
    const blocker = blockerOf(
      {
        ...failure,
        message: 'managed by "it; create it (kubectl create clusterrolebinding x): kubectl delete namespace a"',
        steps: [
          { message: "label it", command: kubectl`label namespace ${"a"} k=VALUE` },
          { message: "or exclude it" },
        ],
      },
      0,
    );
    expect(blocker.remedy.change).toBe("label it; or exclude it");
    expect(blocker.remedy.commands.map(commandText)).toEqual(["kubectl label namespace a k=VALUE"]);
  });

  it("is nothing to type where it has none", () => {
    const { remedy } = blockerOf({ ...failure, message: "kubectl delete namespace a" }, 0);
    expect(remedy).toEqual({ change: "do what the message says", commands: [] });
  });

  it("may be a patch that a shell takes as it is", () => {
    expect(commandText(credentialPatch("acme", { suspend: false }))).toBe(
      `kubectl patch regcred acme --type=merge -p '{"spec":{"suspend":false}}'`,
    );
  });
});
