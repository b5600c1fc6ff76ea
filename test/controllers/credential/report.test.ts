// Tests that each condition that turns bad is reported once, as an Event and in the log, and only Ready when it is good again.
import { contextOf } from "../context-of.ts";
import { describe, expect, it } from "vitest";
import { conditions, conditionTypes } from "../../../src/api/conditions.ts";
import type { Status } from "../../../src/api/registry-credential.ts";
import type { CredentialRecord } from "../../../src/cluster/records.ts";
import type { Context } from "../../../src/controllers/context.ts";
import { publishTransitions, reportDenial, reportSchema } from "../../../src/controllers/credential/report.ts";
import { failure } from "../../entitlement/objects.ts";
import { fakeClock } from "../../fake-clock.ts";

const record = { name: "acme", uid: "u1" } as CredentialRecord;

/** What is told when a status of these conditions is followed by one of those. */
function play(before: Status["conditions"], after: Status["conditions"]): readonly string[] {
  const heard: string[] = [];
  const note = (level: string) => (_message: string, fields?: object) =>
    heard.push(`${level} ${(fields as { condition: string }).condition}`);
  publishTransitions(
    contextOf({
      runtime: {
        clock: fakeClock(),
        events: {
          publish: ({ type, note: text }: Record<"type" | "note", string>) => heard.push(`Event ${type} ${text}`),
        },
        log: { info: note("info"), warn: note("warn") },
      },
    }),
    record,
    { conditions: before },
    { conditions: after },
  );
  return heard;
}

const was = (type: string, status: "True" | "False", reason: string): NonNullable<Status["conditions"]>[number] => ({
  type,
  status,
  reason,
  message: "why",
  observedGeneration: 1,
  lastTransitionTime: "2026-01-01T00:00:00Z",
});

const other = { True: "False", False: "True" } as const;

describe("a condition", () => {
  it.each(conditionTypes.filter((type) => type !== "Reconciling" && type !== "TokensFresh"))(
    "%s that turns bad is a Warning and a line in the log, once",
    (type) => {
      const bad = [was(type, other[conditions[type].good], "Why")];
      expect(play([], bad)).toEqual([`warn ${type}`, `Event Warning ${type}: why`]);
      expect(play(bad, bad)).toEqual([]);
    },
  );

  it("TokensFresh is a line in the log: each entry that fails has an Event of its own", () => {
    expect(play([], [was("TokensFresh", "False", "Denied")])).toEqual(["warn TokensFresh"]);
  });

  it("Reconciling is told nowhere, and no work that goes on by itself", () => {
    expect(play([], [was("Reconciling", "True", "Denied")])).toEqual([]);
    expect(play([], [was("Ready", "False", "Progressing")])).toEqual([]);
  });

  it("that stays bad for another reason is told again", () => {
    const [before, after] = [[was("Ready", "False", "Why")], [was("Ready", "False", "Other")]];
    expect(play(before, after)).toEqual(["warn Ready", "Event Warning Ready: why"]);
  });

  it("that turns good is told for Ready alone", () => {
    const good = conditionTypes.map((type) => was(type, conditions[type].good, "Well"));
    expect(play([], good)).toEqual(["info Ready", "Event Normal Ready: why"]);
  });
});

describe("what a status cannot say", () => {
  const hearing = () => {
    const heard: unknown[] = [];
    const say = (message: string): void => void heard.push(message);
    const events = { publish: (event: object) => void heard.push(event) };
    return { heard, context: { runtime: { events, log: { info: say, warn: say } } } as unknown as Context };
  };

  it("is an Event about the very object that could not be written, and a line in the log", () => {
    const { heard, context } = hearing();
    reportDenial(context, record, failure({ reason: "AdmissionDenied", retry: "slowly" }));
    const regarding = { kind: "RegistryCredential", name: "acme", uid: "u1" };
    expect(heard).toMatchObject(["RegistryCredential not updated", { regarding, reason: "AdmissionDenied" }]);
  });

  it("is a line in the log alone where time mends it", () => {
    const { heard, context } = hearing();
    reportDenial(context, record, failure({ reason: "ApiUnavailable", retry: "backoff" }));
    expect(heard).toEqual(["RegistryCredential not updated"]);
  });

  it("is whether the installed schema has all that is asked of it", () => {
    const { heard, context } = hearing();
    for (const gaps of [[], ["spec.suspend"]]) reportSchema(context, { key: "crd", resourceVersion: "1", gaps });
    expect(heard).toEqual(["installed schema complete", "installed schema outdated"]);
  });
});
