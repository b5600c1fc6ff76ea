// Tests that each write of a pull Secret names the version that it replaces, and waits for what has to come before it.
import { describe, expect, it } from "vitest";
import type { Context } from "../../../src/controllers/context.ts";
import { type SecretWrite, writeSecret } from "../../../src/controllers/pull-secret/apply.ts";
import type { PlannedSecret } from "../../../src/cluster/pull-secret-object.ts";
import { members } from "../../../src/entitlement/members.ts";
import type { Contributor } from "../../../src/entitlement/credential-index.ts";
import { contributor, credential, namespace, secretRecord } from "../../entitlement/objects.ts";
import { sending } from "../sending.ts";

const never = new AbortController().signal;
const body: PlannedSecret = {
  type: "kubernetes.io/dockerconfigjson",
  labels: {},
  annotations: { "regcred.dev/credentials": "acme,beta" },
  ownerReferences: [],
  finalizers: [],
  dockerConfig: "{}",
  otherData: {},
};
const record = secretRecord({ resourceVersion: "7", uid: "uid-regcred" });

interface Asked {
  readonly metadata: { readonly resourceVersion?: string; readonly managedFields?: unknown };
}

/** Steps are taken one at a time: each waits until the test lets it pass. */
function play(
  action: SecretWrite,
  { before = true, leaving = [] }: { before?: boolean; leaving?: Contributor[] } = {},
) {
  const steps: string[] = [];
  const waiting: PromiseWithResolvers<unknown>[] = [];
  const step = (what: string): Promise<unknown> => {
    steps.push(what);
    const held = Promise.withResolvers<unknown>();
    waiting.push(held);
    return held.promise;
  };
  const of = (json: string): string => {
    const { metadata } = JSON.parse(json) as Asked;
    return `${metadata.resourceVersion ?? "new"}${metadata.managedFields ? " with owners" : ""}`;
  };
  const known = members();
  known.lead();
  for (const name of ["acme", "beta"]) known.begin(`uid-${name}`);
  const context = {
    credentials: {
      members: known,
      index: { readable: (name: string) => credential({ name, uid: `uid-${name}` }) },
      membersStore: { soon: (_context: unknown, uid: string) => step(`note ${uid}`) },
    },
    cluster: {
      api: {
        deleteSecret: (_namespace: string, _name: string, { uid, resourceVersion }: Record<string, string>) =>
          step(`delete ${uid} at ${resourceVersion}`),
        createSecret: (_namespace: string, json: string) => step(`create ${of(json)}`),
        tryCreateSecret: (_namespace: string, json: string) => step(`try ${of(json)}`),
        replaceSecret: (_namespace: string, _name: string, json: string) => step(`replace ${of(json)}`),
        getSecret: () => step("look"),
      },
      stores: {
        credentials: { get: () => ({ credential: {} }) },
        namespaces: { get: () => namespace() },
        pullSecrets: {
          send: sending(() => steps.push("known")),
          removed: (_key: string, version: string) => steps.push(`gone at ${version}`),
        },
      },
      transforms: { secret: (answer: { readonly resourceVersion: string }) => ({ ...record, ...answer }) },
      digest: () => "another",
      callFailure: (error: Error) => ({ kind: error.message }),
    },
  } as unknown as Context;
  const place = { context, namespace: namespace(), name: "regcred" };
  const content = undefined;
  const writing = writeSecret(place, action, { record: before ? record : undefined, content, leaving }, never);
  writing.catch(() => undefined);
  const turn = (): Promise<unknown> => new Promise(setImmediate);
  return {
    steps,
    writing,
    /** What was begun when nothing that waits was let pass, then once all of it was, and so on. */
    passes: async (answer: unknown = { resourceVersion: "8" }): Promise<readonly string[]> => {
      await turn();
      const seen = steps.splice(0);
      for (const each of waiting.splice(0)) each.resolve(answer);
      await turn();
      return seen;
    },
    fails: async (kind: string): Promise<readonly string[]> => {
      await turn();
      const seen = steps.splice(0);
      for (const each of waiting.splice(0)) each.reject(new Error(kind));
      await turn();
      return seen;
    },
  };
}

describe("a pull Secret", () => {
  it("is made once it is noted whose logins come into it", async () => {
    const { passes, writing } = play({ kind: "create", body }, { before: false });
    expect([await passes(), await passes(), await passes()]).toEqual([
      ["note uid-acme", "note uid-beta"],
      ["create new"],
      ["known"],
    ]);
    expect(await writing).toMatchObject({ resourceVersion: "8" });
  });

  it("is replaced over the version that is known, once that is noted", async () => {
    const { passes } = play({ kind: "replace", body });
    expect([await passes(), await passes(), await passes()]).toEqual([
      ["note uid-acme", "note uid-beta"],
      ["replace 7"],
      ["known"],
    ]);
  });

  it("is made anew once that would be let in", async () => {
    const { passes, steps } = play({ kind: "recreate", body, takesBack: false });
    expect([await passes(), await passes(), await passes()]).toEqual([
      ["try new"],
      ["note uid-acme", "note uid-beta"],
      ["delete uid-regcred at 7"],
    ]);
    expect(steps).toEqual(["gone at 7", "create new"]);
  });

  it("stays, and nothing is noted, where that would not be let in", async () => {
    const { fails, steps, writing } = play({ kind: "recreate", body, takesBack: false });
    expect(await fails("quotaExceeded")).toEqual(["try new"]);
    await expect(writing).rejects.toThrow("quotaExceeded");
    expect(steps).toEqual([]);
  });

  it.each([
    ["something of what stands there has to go", true, []],
    ["somebody leaves it", false, [contributor()]],
  ] as const)("is made anew whether or not it will be let in where %s", async (_what, takesBack, leaving) => {
    const { passes } = play({ kind: "recreate", body, takesBack }, { leaving: [...leaving] });
    expect([await passes(), await passes(), await passes(), await passes()]).toEqual([
      ["note uid-acme", "note uid-beta"],
      ["delete uid-regcred at 7"],
      ["gone at 7", "create new"],
      ["known"],
    ]);
  });

  it("is deleted as the very one that is known, and is gone when that is done", async () => {
    const { passes, steps, writing } = play({ kind: "delete" });
    expect(await passes()).toEqual(["delete uid-regcred at 7"]);
    expect([await writing, steps]).toEqual([undefined, ["gone at 7"]]);
  });

  it("that a policy keeps is looked at, to take the logins out, before the refusal is told", async () => {
    const { passes, fails, writing } = play({ kind: "delete" });
    expect(await fails("admissionDenied")).toEqual(["delete uid-regcred at 7"]);
    const isReported = writing.then(
      () => false,
      () => true,
    );
    expect(await Promise.race([isReported, Promise.resolve("not yet")])).toBe("not yet");
    expect(await passes({ ...record, metadata: { resourceVersion: "7" } })).toEqual(["look"]);
    expect(await passes()).toEqual(["replace 7"]);
    await expect(writing).rejects.toThrow("admissionDenied");
  });

  it("gives up what others own over the version that was just written, and stands whether or not that fails", async () => {
    const action: SecretWrite = { kind: "replace", body, othersFields: [] };
    const { passes, fails, writing } = play(action);
    await passes();
    expect(await passes()).toEqual(["replace 7"]);
    expect(await fails("conflict")).toEqual(["known", "replace 8 with owners"]);
    expect(await writing).toMatchObject({ resourceVersion: "8" });
  });
});
