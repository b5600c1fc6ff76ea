// Tests that a namespace counts as observed only for the spec that was observed.
import { describe, expect, it } from "vitest";
import { statusCache } from "../../../src/controllers/status-cache.ts";
import type { Failure } from "../../../src/runtime/errors.ts";
import { namespaceView } from "../../../src/controllers/credential/observe.ts";
import { fakeClock } from "../../fake-clock.ts";
import { credential, failure } from "../../entitlement/objects.ts";

const conflict = failure({ reason: "SecretConflict" });

/** What was found for these versions of the spec. */
function findings(versions: {
  readonly secret?: number;
  readonly references?: number;
}): ReturnType<typeof statusCache> {
  const found = statusCache(fakeClock());
  if (versions.secret !== undefined) {
    const credentials = new Map([["acme", { failures: [conflict], notes: [], generation: versions.secret }]]);
    found.setSecret("team-a", "regcred", { state: "foreign", credentials });
  }
  if (versions.references !== undefined) {
    const generations = new Map([["acme", versions.references]]);
    found.setReferences("team-a", { failures: [], notes: [], generations });
  }
  return found;
}

describe("a namespace under the second version of a spec", () => {
  const second = credential({ name: "acme", generation: 2 });

  it.each([
    ["nothing was found yet", {}, true],
    ["its Secret was looked at for the first one", { secret: 1, references: 2 }, true],
    ["its references were looked at for the first one", { secret: 2, references: 1 }, true],
    ["its references were not looked at", { secret: 2 }, true],
    ["both were looked at for it", { secret: 2, references: 2 }, false],
  ])("where %s", (_what, versions, pending) => {
    expect(namespaceView(findings(versions), second, "team-a").pending).toBe(pending);
  });

  it("waits for no references where none are wanted", () => {
    const alone = { ...second, spec: { ...second.spec, references: "None" as const } };
    expect(namespaceView(findings({ secret: 2 }), alone, "team-a").pending).toBe(false);
  });

  it("waits for a first token, which is no failure, and has failed where something else is wrong beside it", () => {
    const found = statusCache(fakeClock());
    const view = (...failures: readonly Failure[]) => {
      const credentials = new Map([["acme", { failures, notes: [], generation: 2 }]]);
      found.setSecret("team-a", "regcred", { state: "absent", credentials });
      return namespaceView(found, { ...second, spec: { ...second.spec, references: "None" } }, "team-a");
    };
    const pending = failure({ reason: "TokenPending" });
    expect(view(pending)).toMatchObject({ pending: true, awaiting: true, failures: [] });
    expect(view(pending, conflict).failures.map((each) => each.failure.reason)).toEqual(["SecretConflict"]);
    expect(view()).toMatchObject({ pending: false, failures: [] });
  });

  it("still tells what was wrong under the first one", () => {
    const { failures } = namespaceView(findings({ secret: 1 }), second, "team-a");
    expect(failures.map(({ failure: { reason } }) => reason)).toEqual(["SecretConflict"]);
  });

  it("has failed for no longer than the credential is there, whoever failed there before for the same reason", () => {
    const found = findings({ secret: 2 });
    const [before] = namespaceView(found, second, "team-a").failures;
    const later = { ...second, creationTimestamp: before?.since.add({ minutes: 5 }) ?? second.creationTimestamp };
    expect(namespaceView(found, later, "team-a").failures[0]?.since).toEqual(later.creationTimestamp);
    expect(before?.since).not.toEqual(later.creationTimestamp);
  });
});
