// Tests of writing a status: the metrics hear of each one, the API server only of changes.
import { contextOf } from "../context-of.ts";
import { seen } from "../../runtime/watch/seen.ts";
import { describe, expect, it } from "vitest";
import type { RegistryCredential, Status } from "../../../src/api/registry-credential.ts";
import type { CredentialRecord } from "../../../src/cluster/records.ts";
import type { Context } from "../../../src/controllers/context.ts";
import { credentialReconciler } from "../../../src/controllers/credential/controller.ts";
import { putFinalizer, writeStatus } from "../../../src/controllers/credential/apply.ts";
import { type CredentialMemory, memoryOf } from "../../../src/controllers/credential/run.ts";
import { memory } from "../../../src/runtime/queue/memory.ts";
import { credentialMetrics } from "../../../src/metrics/credential-metrics.ts";
import { instruments } from "../../../src/metrics/instruments.ts";
import { fakeClock } from "../../fake-clock.ts";
import { credential } from "../../entitlement/objects.ts";

const operatorNamespace = "regcred-system";
const status: Status = { operatorNamespace, namespaces: { selected: 1, ready: 1, pending: 0, failed: 0 } };
const record = { name: "acme", resourceVersion: "7" } as CredentialRecord;
const { signal } = new AbortController();

/** Touching anything that is not here throws. */
function play(patch: () => Promise<unknown> = () => Promise.resolve(undefined)): {
  context: Context;
  patches: object[];
  reported: () => Promise<number>;
} {
  const made = instruments();
  const patches: object[] = [];
  const context = {
    runtime: { metrics: credentialMetrics(made, "known"), clock: fakeClock() },
    settings: { namespace: operatorNamespace },
    cluster: {
      api: {
        patchCredentialStatus: (_name: string, body: object) => {
          patches.push(body);
          return patch();
        },
      },
      transforms: { credential: () => undefined },
      stores: { credentials: seen((): CredentialRecord | undefined => undefined) },
    },
    credentials: { index: { drainedFor: () => undefined } },
  };
  const series = async (): Promise<number> => (await made.text()).match(/^regcred_namespaces\{/gm)?.length ?? 0;
  return { context: contextOf(context), patches, reported: series };
}

const write = (context: Context, read: RegistryCredential | undefined): Promise<number | undefined> =>
  writeStatus({ context, record, credential: read, memory: { uid: "u" } }, { status, failing: [] }, signal);

describe("the finalizer", () => {
  const run = (patch: () => Promise<unknown>, kind: string) => {
    const asked: object[] = [];
    const retry = kind === "forbidden" ? ("slowly" as const) : ("backoff" as const);
    const context = contextOf({
      runtime: { clock: fakeClock() },
      credentials: { statusCache: { contested: () => undefined } },
      cluster: {
        api: { patchCredential: (_name: string, body: object) => (asked.push(body), patch()) },
        transforms: { credential: () => undefined },
        callFailure: () => ({ kind, failure: { reason: "AdmissionDenied", cause: "Tenant", retry, message: "no" } }),
      },
    });
    const of = credential({ finalizers: ["theirs/one"] });
    return { asked, put: () => putFinalizer({ context, record, credential: of, memory: { uid: "u" } }, signal) };
  };

  it("comes beside others, over the version that is known", async () => {
    const { asked, put } = run(() => Promise.resolve({}), "none");
    expect(await put()).toBeUndefined();
    expect(asked).toEqual([{ metadata: { resourceVersion: "7", finalizers: ["theirs/one", "regcred.dev/drain"] } }]);
  });

  it("that is refused is the platform's to let through, and is told", async () => {
    const { put } = run(() => Promise.reject(new Error("403")), "forbidden");
    expect(await put()).toEqual({ reason: "AdmissionDenied", cause: "Platform", retry: "slowly", message: "no" });
  });

  it("that was not put on for a moment's trouble makes the run fail", async () => {
    const { put } = run(() => Promise.reject(new Error("503")), "unavailable");
    await expect(put()).rejects.toThrow("503");
  });
});

describe("a status", () => {
  it("that says what is written already is told to the metrics only, as after a restart", async () => {
    const { context, patches, reported } = play();
    await write(context, credential({ status }));
    expect(patches).toEqual([]);
    expect(await reported()).toBe(4);
  });

  it("names the version that it replaces, and the install that serves", async () => {
    const { context, patches } = play();
    await write(context, credential({ status: { operatorNamespace: "elsewhere" } }));
    expect(patches).toEqual([{ metadata: { resourceVersion: "7" }, status }]);
  });

  it("is told to the metrics although it cannot be written", async () => {
    const { context, patches, reported } = play(() => Promise.reject(new Error("503")));
    await expect(write(context, credential())).rejects.toThrow("503");
    expect(patches).toHaveLength(1);
    expect(await reported()).toBe(4);
  });

  it("of a spec that cannot be read leaves the metrics as they are", async () => {
    const { context, patches, reported } = play();
    await write(context, undefined);
    expect(patches).toHaveLength(1);
    expect(await reported()).toBe(0);
  });

  it("that others have fought over is damped no longer where another RegistryCredential has its name", async () => {
    const { context, patches } = play();
    const memories = memory<CredentialMemory>();
    const theirs: Status = { operatorNamespace: "elsewhere" };
    const stored = contextOf({
      ...context,
      cluster: { ...context.cluster, stores: { credentials: { wrote: () => undefined } } },
    });
    const writeTo = (uid: string): Promise<number | undefined> => {
      const place = {
        record: { ...record, uid, generation: 1, status: theirs },
        credential: credential({ status: theirs }),
      };
      const ofUid = memoryOf(memories, place.record);
      const answered = contextOf({
        ...stored,
        cluster: { ...stored.cluster, transforms: { credential: () => ({ ...place.record, status }) } },
      });
      const quiet = contextOf({
        ...answered,
        credentials: { ...answered.credentials, statusCache: { contested: () => undefined } },
        runtime: { ...answered.runtime, events: { publish: () => undefined }, log: { warn: () => undefined } },
      });
      return writeStatus({ context: quiet, ...place, memory: ofUid }, { status, failing: [] }, signal);
    };
    for (let count = 1; count <= 33; count += 1) await writeTo("one");
    expect(patches).toHaveLength(32);
    expect(await writeTo("one")).toBeGreaterThan(0);
    expect(await writeTo("other")).toBeUndefined();
    expect(patches).toHaveLength(33);
  });

  it("leaves the metrics with its credential", async () => {
    const { context, reported } = play();
    await write(context, credential({ status }));
    await credentialReconciler()(context, "acme", signal);
    expect(await reported()).toBe(0);
  });
});
