// Tests that each write of a token's Secret names the version that it is about, and that nothing is noted before it is done.
import { contextOf } from "../context-of.ts";
import { describe, expect, it } from "vitest";
import { collect, storeMakers, storeToken } from "../../../src/controllers/token/apply.ts";
import { tokenSecretName } from "../../../src/grants/grant-tracker.ts";
import { done } from "../../../src/controllers/outcome.ts";
import { knownAbsent } from "../../../src/runtime/watch/presence.ts";
import type { Failure } from "../../../src/runtime/errors.ts";
import { token } from "../../entitlement/objects.ts";
import { sending } from "../sending.ts";

const never = new AbortController().signal;
const name = tokenSecretName("grant-a");
const denied: Failure = { reason: "AdmissionDenied", cause: "Tenant", retry: "slowly", message: "change control" };

const record = { key: `ops/${name}`, kind: "token", uid: "uid-1", resourceVersion: "7" };

const user = { credential: "uid-acme", entry: "ecr", hosts: ["r.example"], values: {} };
const users = [user];

interface Play {
  readonly stored?: boolean;
  readonly failure?: Failure;
  /** Somebody begins to use it while it is stored. */
  readonly comes?: boolean;
}

function play({ stored = true, failure, comes = false }: Play) {
  const steps: string[] = [];
  const logged: string[] = [];
  const answer = Promise.withResolvers<object>();
  const sends = (what: string, ...about: readonly unknown[]): Promise<object> => {
    steps.push([what, ...about.map((each) => (typeof each === "string" ? each : JSON.stringify(each)))].join(" "));
    return failure ? Promise.reject(new Error("refused")) : answer.promise;
  };
  const version = (body: { metadata: { resourceVersion?: string } }): string => String(body.metadata.resourceVersion);
  const say = (message: string): void => void logged.push(message);
  const context = contextOf({
    runtime: { log: { debug: say, info: say, warn: say } },
    settings: { namespace: "ops" },
    cluster: {
      api: {
        createSecret: (_namespace: string, body: never) => sends("create", version(body)),
        replaceSecret: (_namespace: string, _name: string, body: never) => sends("replace", version(body)),
        tryCreateSecret: (_namespace: string, body: never) => sends("try", version(body)),
        deleteSecret: (_namespace: string, _name: string, of: object) => sends("delete", of),
      },
      stores: {
        operatorSecrets: {
          get: () => (stored ? record : undefined),
          send: sending(() => steps.push("noted")),
          removed: (_key: string, resourceVersion: string) => steps.push(`gone at ${resourceVersion}`),
        },
      },
      transforms: { operatorSecret: (raw: object) => raw },
      callFailure: () => ({ kind: undefined, failure }),
    },
    queue: { enqueue: (key: string) => steps.push(`${key} asked for`) },
    grants: {
      tokens: {
        forgetCeased: () => steps.push("ceased forgotten"),
        makers: () => (comes && steps.includes("noted") ? [...users, { ...user, entry: "other" }] : users),
        token: () => (stored ? token() : undefined),
        forget: (key: string) => steps.push(`${key} forgotten`),
      },
    },
  });
  return { context, steps, logged, answers: () => answer.resolve({ kind: "token", token: token() }) };
}

describe("a token", () => {
  it.each([
    ["is stored over the version that is known", true, "replace 7"],
    ["is stored anew where there is none", false, "create undefined"],
  ])("%s, and is known when that is done", async (_what, stored, sent) => {
    const { context, steps, answers } = play({ stored });
    const storing = storeToken(context, token(), token(), never);
    await Promise.resolve();
    expect(steps).toEqual([sent]);
    answers();
    await storing;
    expect(steps).toEqual([sent, "noted", "ceased forgotten"]);
  });

  it("that nobody needs is deleted as the very one that is known, and forgotten when it is gone", async () => {
    const { context, steps, logged, answers } = play({});
    const collecting = collect(context, "grant-a", knownAbsent, never);
    await Promise.resolve();
    const sent = 'delete {"uid":"uid-1","resourceVersion":"7"}';
    expect(steps).toEqual([sent]);
    answers();
    expect(await collecting).toBe(done);
    expect([steps, logged]).toEqual([[sent, "gone at 7", "grant-a forgotten"], ["unused token deleted"]]);
  });

  it("that nobody needs is remembered where its deletion is refused, and comes again", async () => {
    const { context, steps } = play({ failure: denied });
    expect(await collect(context, "grant-a", knownAbsent, never)).toMatchObject({ failed: true, retry: "slowly" });
    expect(steps).toHaveLength(1);
  });

  it("that was never stored is forgotten without a request", async () => {
    const { context, steps } = play({ stored: false });
    expect(await collect(context, "grant-a", knownAbsent, never)).toBe(done);
    expect(steps).toEqual(["grant-a forgotten"]);
  });
});

describe("a token whose Secret is refused", () => {
  /** Steps up to the first answer that is a refusal, by what is sent. */
  const stores = async (
    refusals: Readonly<Record<string, string>>,
    kind = "token",
  ): Promise<readonly [steps: readonly string[], end: string]> => {
    const { context, steps, answers } = play({});
    answers();
    const { api, stores: known } = context.cluster;
    const refusing = Object.entries(api).map(([method, call]) => [
      method,
      async (...args: readonly unknown[]) => {
        const answer = await (call as (...args: readonly unknown[]) => Promise<unknown>)(...args);
        const refusal = refusals[method];
        if (refusal !== undefined) throw new Error(refusal);
        return answer;
      },
    ]);
    const cluster = {
      ...context.cluster,
      api: Object.fromEntries(refusing) as typeof api,
      stores: { ...known, operatorSecrets: { ...known.operatorSecrets, get: () => ({ ...record, kind }) as never } },
      callFailure: (error: unknown) => ({ kind: (error as Error).message as never, failure: denied }),
    };
    const end = await storeToken({ ...context, cluster }, token(), token(), never).then(
      () => "stored",
      (error: Error) => error.message,
    );
    return [steps, end];
  };
  const deleted = 'delete {"uid":"uid-1","resourceVersion":"7"}';

  it.each<[string, Parameters<typeof stores>, Awaited<ReturnType<typeof stores>>]>([
    [
      "for what it is is made anew",
      [{ replaceSecret: "invalid" }],
      [["replace 7", "try undefined", deleted, "create undefined", "noted", "ceased forgotten"], "stored"],
    ],
    [
      "and would be as a new one stays",
      [{ replaceSecret: "invalid", tryCreateSecret: "admissionDenied" }],
      [["replace 7", "try undefined"], "invalid"],
    ],
    ["by a policy stays", [{ replaceSecret: "admissionDenied" }], [["replace 7"], "admissionDenied"]],
    ["because it is somebody's own stays", [{ replaceSecret: "invalid" }, "other"], [["replace 7"], "invalid"]],
  ])("%s", async (_what, asked, expected) => {
    expect(await stores(...asked)).toEqual(expected);
  });
});

describe("who uses a token", () => {
  const otherwise = { requeueAfter: Temporal.Duration.from({ minutes: 5 }) };

  it("is stored with it, and the run goes on as it would have", async () => {
    const { context, steps, logged, answers } = play({});
    answers();
    expect(await storeMakers(context, "grant-a", otherwise, never)).toBe(otherwise);
    expect([steps, logged]).toEqual([["replace 7", "noted", "ceased forgotten"], ["users of a token stored"]]);
  });

  it("is stored again where somebody has come while the answer was on its way", async () => {
    const { context, steps, answers } = play({ comes: true });
    answers();
    expect(await storeMakers(context, "grant-a", otherwise, never)).toBe(otherwise);
    expect(steps).toEqual(["replace 7", "noted", "ceased forgotten", "token/grant-a asked for"]);
  });

  it("is stored nowhere where there is no token", async () => {
    const { context, steps } = play({ stored: false });
    expect(await storeMakers(context, "grant-a", otherwise, never)).toBe(otherwise);
    expect(steps).toEqual([]);
  });

  it("is told in the log where that is refused, and tried again, and the token is looked at in time all the same", async () => {
    const { context, logged } = play({ failure: denied });
    expect(await storeMakers(context, "grant-a", otherwise, never)).toEqual({
      failed: true,
      retry: "slowly",
      retryWithin: otherwise.requeueAfter,
    });
    expect(logged).toEqual(["users of a token not stored"]);
  });
});
