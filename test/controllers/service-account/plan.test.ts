// Tests that references are added and taken away without harm to what is not ours.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  planReferences,
  type ReferableSecret,
  recordedReferences,
  type ReferencesPlan,
  type ReferencesSnapshot,
} from "../../../src/controllers/service-account/plan.ts";
import { frozen, serviceAccount } from "../../entitlement/objects.ts";

function secret(changes: Partial<ReferableSecret> = {}): ReferableSecret {
  return {
    name: "regcred",
    wanted: true,
    usable: true,
    leaving: false,
    foreign: false,
    served: false,
    retained: false,
    frozen: false,
    ...changes,
  };
}

interface SnapshotOptions extends Partial<Omit<ReferencesSnapshot, "serviceAccount">> {
  readonly current?: readonly string[] | undefined;
  readonly record?: readonly string[];
}

function snapshot({ current, record, ...rest }: SnapshotOptions): ReferencesSnapshot {
  return frozen({
    serviceAccount: serviceAccount({ references: current, record: record && JSON.stringify(record) }),
    references: undefined,
    secrets: [],
    extras: [],
    formerExtras: new Set<string>(),
    unjudged: new Set<string>(),
    ...rest,
  });
}

function plan(given: SnapshotOptions): ReferencesPlan {
  return planReferences(snapshot(given));
}

describe("a reference", () => {
  it("is added behind the tenant's own, and noted", () => {
    expect(plan({ current: ["mine", "other"], secrets: [secret()] })).toEqual({
      kind: "patch",
      references: ["mine", "other", "regcred"],
      record: '["regcred"]',
      added: ["regcred"],
      removed: [],
    });
  });

  it("that is there already calls for no write, whoever put it there", () => {
    expect(plan({ current: ["regcred", "mine"], secrets: [secret()] })).toEqual({ kind: "none" });
    expect(plan({ current: ["regcred"], record: ["regcred"], secrets: [secret()] })).toEqual({ kind: "none" });
  });

  it("waits for its Secret", () => {
    expect(plan({ current: [], secrets: [secret({ usable: false })] })).toEqual({ kind: "none" });
  });

  it("stays while its Secret is away for a moment", () => {
    const given = { current: ["regcred"], record: ["regcred"], secrets: [secret({ usable: false })] };
    expect(plan(given)).toEqual({ kind: "none" });
  });

  it("goes before its Secret does, also where the tenant has put it there", () => {
    const gone = { current: ["a", "regcred", "b"], secrets: [secret({ leaving: true })] };
    expect(plan(gone)).toMatchObject({ references: ["a", "b"], record: null, removed: ["regcred"] });
  });

  it("that is not wanted any more goes where we have added it, and stays where the tenant has", () => {
    const secrets = [secret({ wanted: false })];
    expect(plan({ current: ["regcred"], record: ["regcred"], secrets })).toMatchObject({
      references: [],
      record: null,
      removed: ["regcred"],
    });
    expect(plan({ current: ["regcred"], secrets })).toEqual({ kind: "none" });
  });

  it("to a foreign Secret stays, also where the record claims it", () => {
    const secrets = [secret({ wanted: false, foreign: true })];
    expect(plan({ current: ["regcred"], record: ["regcred"], secrets })).toMatchObject({
      references: ["regcred"],
      record: null,
      removed: [],
    });
  });

  it("to a foreign Secret stays known as ours while somebody is to serve the namespace under that name", () => {
    const given = { current: ["regcred"], record: ["regcred"] };
    const foreign = { wanted: false, foreign: true, served: true };
    expect(plan({ ...given, secrets: [secret(foreign)] })).toEqual({ kind: "none" });
    const released = plan({ ...given, secrets: [secret({ ...foreign, retained: true })] });
    expect(released).toMatchObject({ references: ["regcred"], record: null });
    const again = secret({ wanted: false, served: true });
    expect(plan({ ...given, secrets: [again] })).toMatchObject({ references: [], removed: ["regcred"] });
  });

  it("to a foreign Secret goes where it was referred to beside another name, and is so no more", () => {
    const formerExtras = new Set(["regcred"]);
    const gone = { current: ["regcred"], record: ["regcred"], formerExtras };
    const foreign = { wanted: false, foreign: true };
    expect(plan({ ...gone, secrets: [secret(foreign)] })).toMatchObject({ references: [], removed: ["regcred"] });
    for (const stays of [{ retained: true }, { frozen: true }, { wanted: true, usable: false }])
      expect(plan({ ...gone, secrets: [secret({ ...foreign, ...stays })] })).not.toMatchObject({
        removed: ["regcred"],
      });
    expect(plan({ ...gone, record: [], secrets: [secret(foreign)] })).toEqual({ kind: "none" });
  });

  it("is added once for several names and extras, oldest credential first", () => {
    const given = {
      current: ["mine"],
      secrets: [secret(), secret({ name: "second" })],
      extras: ["extra", "second"],
    };
    expect(plan(given)).toMatchObject({
      references: ["mine", "regcred", "second", "extra"],
      record: '["regcred","second","extra"]',
    });
  });

  it("to an extra Secret goes when no credential names it any more, if we have added it", () => {
    const formerExtras = new Set(["extra", "theirs"]);
    const given = { current: ["theirs", "extra"], record: ["extra"], formerExtras };
    expect(plan(given)).toMatchObject({ references: ["theirs"], record: null, removed: ["extra"] });
  });

  it("that one credential names as an extra and another one no longer as its own stays", () => {
    const given = {
      current: ["shared"],
      record: ["shared"],
      secrets: [secret({ name: "shared", wanted: false })],
      extras: ["shared"],
    };
    expect(plan(given)).toEqual({ kind: "none" });
  });

  it("to an extra Secret that is about to be deleted is not added again", () => {
    const secrets = [secret({ name: "shared", wanted: false, leaving: true })];
    expect(plan({ current: [], secrets, extras: ["shared"] })).toEqual({ kind: "none" });
  });

  it("whose Secret is not judged yet stays as it is, and so does its note", () => {
    const unjudged = new Set(["regcred"]);
    expect(plan({ current: ["regcred"], record: ["regcred"], unjudged })).toEqual({ kind: "none" });
    expect(plan({ current: [], record: ["regcred"], unjudged })).toEqual({ kind: "none" });
    const formerExtras = new Set(["regcred"]);
    expect(plan({ current: ["regcred"], record: ["regcred"], unjudged, formerExtras })).toEqual({ kind: "none" });
    expect(
      plan({ current: ["regcred"], record: ["regcred"], unjudged, secrets: [secret({ name: "second" })] }),
    ).toMatchObject({ references: ["regcred", "second"], record: '["second","regcred"]' });
  });

  it("that may be that of a credential which cannot be judged stays with its note, and others come all the same", () => {
    const kept = secret({ wanted: false, frozen: true });
    expect(plan({ current: ["regcred"], record: ["regcred"], secrets: [kept] })).toEqual({ kind: "none" });
    expect(
      plan({ current: ["regcred"], record: ["regcred"], secrets: [kept, secret({ name: "second" })] }),
    ).toMatchObject({ references: ["regcred", "second"], record: '["regcred","second"]' });
    expect(plan({ current: [], secrets: [kept] })).toEqual({ kind: "none" });
  });

  it("to a name that nobody deals in any more keeps its note: who went without a drain may come again", () => {
    const given = { current: ["theirs"], record: ["theirs"], secrets: [secret({ wanted: false })] };
    expect(plan(given)).toEqual({ kind: "none" });
    expect(plan({ ...given, secrets: [] })).toEqual({ kind: "none" });
    expect(plan({ ...given, current: [] })).toMatchObject({ references: [], record: null });
    const formerExtras = new Set(["theirs"]);
    expect(plan({ ...given, formerExtras })).toMatchObject({ references: [], record: null });
  });

  it("is not written to a ServiceAccount that is being deleted", () => {
    const account = serviceAccount({ terminating: true });
    expect(planReferences({ ...snapshot({ secrets: [secret()] }), serviceAccount: account })).toEqual({ kind: "none" });
  });

  it("in a list too long to be kept is judged once the list has been read", () => {
    const long = snapshot({ current: undefined, secrets: [secret()] });
    expect(planReferences(long)).toEqual({ kind: "read" });
    expect(planReferences({ ...long, references: ["a", "b"] })).toMatchObject({ references: ["a", "b", "regcred"] });
  });
});

describe("the record", () => {
  it("is cleaned of what it claims in vain", () => {
    expect(plan({ current: ["regcred"], record: ["regcred", "never"], secrets: [secret()] })).toMatchObject({
      references: ["regcred"],
      record: '["regcred"]',
    });
  });

  it.each([undefined, "", "nonsense", "{}", "null", "7"])("%j claims nothing", (annotation) => {
    expect(recordedReferences(annotation)).toEqual(new Set());
  });

  it("claims names only", () => {
    expect(recordedReferences('["a",1,null,{"name":"b"}]')).toEqual(new Set(["a"]));
  });
});

describe("whatever the record claims", () => {
  const dealtIn = ["regcred", "second", "extra", "former"];
  const theirs = ["mine", "yours", "third"];
  const some = (names: readonly string[]) => fc.subarray([...names]);
  const snapshots = fc
    .record({
      current: fc.array(fc.constantFrom(...dealtIn, ...theirs), { maxLength: 8 }),
      record: fc.option(some([...dealtIn, ...theirs]), { nil: undefined }),
      secrets: fc.tuple(...["regcred", "second"].map((name) => secretsOf(name))).map((each) => each.flat()),
      extras: some(["extra", "second"]),
      former: some(["former", "extra"]),
      unjudged: some(["third"]),
    })
    .map(({ record, former, unjudged, ...rest }) =>
      snapshot({ ...rest, ...(record && { record }), formerExtras: new Set(former), unjudged: new Set(unjudged) }),
    );

  function secretsOf(name: string): fc.Arbitrary<ReferableSecret[]> {
    const flags = {
      wanted: fc.boolean(),
      usable: fc.boolean(),
      leaving: fc.boolean(),
      foreign: fc.boolean(),
      served: fc.boolean(),
      retained: fc.boolean(),
      frozen: fc.boolean(),
    };
    return fc.option(fc.record(flags)).map((found) => (found ? [{ name, ...found }] : []));
  }

  it("foreign references stay, in their order", () => {
    fc.assert(
      fc.property(snapshots, (given) => {
        const plan = planReferences(given);
        if (plan.kind !== "patch") return;
        const foreign = (names: readonly string[]): string[] => names.filter((name) => theirs.includes(name));
        expect(foreign(plan.references)).toEqual(foreign(given.serviceAccount.references ?? []));
      }),
    );
  });

  it("what stays keeps its order, and what comes stands behind it", () => {
    fc.assert(
      fc.property(snapshots, (given) => {
        const plan = planReferences(given);
        if (plan.kind !== "patch") return;
        const kept = (given.serviceAccount.references ?? []).filter((name) => !plan.removed.includes(name));
        expect(plan.references).toEqual([...kept, ...plan.added]);
      }),
    );
  });

  it("nothing behind which a foreign Secret stands is taken away, unless it is ours and leaves", () => {
    fc.assert(
      fc.property(snapshots, (given) => {
        const plan = planReferences(given);
        const removed = plan.kind === "patch" ? plan.removed : [];
        const { formerExtras } = given;
        const kept = given.secrets.filter(
          ({ name, foreign, retained, leaving }) => !leaving && (retained || (foreign && !formerExtras.has(name))),
        );
        expect(kept.filter(({ name }) => removed.includes(name))).toEqual([]);
      }),
    );
  });

  it("one patch is enough: seen again, nothing is left to do", () => {
    fc.assert(
      fc.property(snapshots, (given) => {
        const plan = planReferences(given);
        if (plan.kind !== "patch") return;
        const after = serviceAccount({ references: plan.references, record: plan.record ?? undefined });
        expect(planReferences({ ...given, serviceAccount: after })).toEqual({ kind: "none" });
      }),
    );
  });
});
