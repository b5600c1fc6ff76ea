// Tests of a write of a pull Secret that was refused: to whom it is reported, and when it is tried again.
import { describe, expect, it } from "vitest";
import type { Context } from "../../../src/controllers/context.ts";
import { maxLost } from "../../../src/controllers/lost-races.ts";
import { resultOfFailure } from "../../../src/controllers/pull-secret/report.ts";
import { contributor, credential, failure, namespace, secretRecord } from "../../entitlement/objects.ts";

type Run = Parameters<typeof resultOfFailure>[0];
type Decision = Parameters<typeof resultOfFailure>[1];

const denied = failure({ reason: "AdmissionDenied", cause: "Tenant", retry: "slowly", message: "no" });
const ours = secretRecord({ labelled: true, credentials: ["acme"] });

function play(kind: string, { snapshot = {}, state = "usable" }: { snapshot?: object; state?: string } = {}) {
  const warned: string[] = [];
  const memory: Run["memory"] = {};
  const context = {
    runtime: { log: { warn: (message: string) => warned.push(message) } },
    cluster: { callFailure: () => ({ kind, failure: denied }) },
  } as unknown as Context;
  const run = { context, namespace: namespace(), name: "regcred", memory } as unknown as Run;
  const decision = {
    snapshot: {
      record: ours,
      contributing: [contributor()],
      leaving: [contributor(credential({ name: "leaver" }))],
      ours: undefined,
      ...snapshot,
    },
    plan: { state, action: { kind: "replace" } },
  } as unknown as Decision;
  return { warned, fails: () => resultOfFailure(run, decision, new Error(kind)) };
}

describe("a write of a pull Secret that was refused", () => {
  it.each(["namespaceTerminating", "namespaceNotFound"])("is over where it was by %s", (kind) => {
    const { warned, fails } = play(kind);
    expect([fails(), warned]).toEqual([{ finding: undefined, outcome: {} }, []]);
  });

  it.each(["alreadyExists", "notFound"])("is tried again, and nobody hears of it, where it was by %s", (kind) => {
    const { warned, fails } = play(kind);
    expect(fails()).toMatchObject({ finding: undefined, outcome: { failed: true, retry: "slowly" } });
    expect(warned).toEqual([]);
  });

  it("is told to all whom it is about, and in the log", () => {
    const { warned, fails } = play("admissionDenied");
    const { finding, outcome } = fails();
    expect(outcome).toMatchObject({ failed: true, retry: "slowly" });
    expect([...(finding?.credentials ?? [])].map(([name, { failures }]) => [name, failures])).toEqual([
      ["acme", [denied]],
      ["leaver", [denied]],
    ]);
    expect(warned).toEqual(["pull Secret not written"]);
  });

  it.each([
    ["is still to go where it may not be deleted", { state: "leaving" }, "leaving"],
    ["is as usable as it was", {}, "usable"],
    ["is absent where it could not be made", { snapshot: { record: undefined } }, "absent"],
    ["is somebody else's where it was", { snapshot: { record: secretRecord() } }, "foreign"],
  ])("%s", (_what, how, state) => {
    expect(play("admissionDenied", how).fails().finding?.state).toBe(state);
  });

  it("as too late is tried again at once where somebody leaves, and later where nobody does", () => {
    expect(play("conflict").fails()).toEqual({ finding: undefined, outcome: "changed meanwhile" });
    expect(play("conflict", { snapshot: { leaving: [] } }).fails()).toMatchObject({
      finding: undefined,
      outcome: { failed: true },
    });
  });

  it("as too late is a fight where that is so each time, of which each time is another version", () => {
    let version = 0;
    const versions = {
      get record() {
        version += 1;
        return secretRecord({ resourceVersion: String(version) });
      },
    };
    const { fails } = play("conflict");
    for (let count = 0; count < maxLost + 1; count += 1) expect(fails().finding).toBeUndefined();
    const memory: Run["memory"] = {};
    const reasons = Array.from({ length: maxLost }, () => {
      const run = {
        context: { cluster: { callFailure: () => ({ kind: "conflict", failure: denied }) } },
        namespace: namespace(),
        name: "regcred",
        memory,
      } as unknown as Run;
      const snapshot = { record: versions.record, contributing: [contributor()], leaving: [] };
      const decision = { snapshot, plan: { state: "usable" } } as unknown as Decision;
      return resultOfFailure(run, decision, new Error()).finding?.credentials.get("acme")?.failures[0]?.reason;
    });
    expect(reasons).toEqual([...Array.from({ length: maxLost - 1 }, () => undefined), "Contested"]);
  });
});
