// Tests of a RegistryCredential that is not seen, is gone, cannot be read, or cannot be written.
import { contextOf } from "../context-of.ts";
import { describe, expect, it } from "vitest";
import { finalizer, forceFinalizeAnnotation } from "../../../src/api/names.ts";
import type { Status } from "../../../src/api/registry-credential.ts";
import type { CredentialRecord } from "../../../src/cluster/records.ts";
import { credentialReconciler } from "../../../src/controllers/credential/controller.ts";
import { textOfWaited } from "../../../src/controllers/outcome.ts";
import type { Failure } from "../../../src/runtime/errors.ts";
import { knownAbsent, type Sighting } from "../../../src/runtime/watch/presence.ts";
import { fakeClock } from "../../fake-clock.ts";
import { credential } from "../../entitlement/objects.ts";
import { inSlices } from "../../../src/runtime/in-slices.ts";

const running = new AbortController().signal;
const itself = textOfWaited({ of: "credentials", object: "acme" });
const denied: Failure = { reason: "AdmissionDenied", cause: "Platform", retry: "slowly", message: "policy no" };

function unreadable(changes: Partial<CredentialRecord> = {}): CredentialRecord {
  const { name, uid, generation, resourceVersion } = credential();
  const fields = { key: name, name, uid, generation, resourceVersion, finalizers: [finalizer], annotations: {} };
  return { ...fields, deleting: false, credential: undefined, problems: ["spec.odd: unknown"], ...changes };
}

function fixture() {
  const patches: unknown[] = [];
  const statuses: Status[] = [];
  const signals: unknown[] = [];
  const published: string[] = [];
  const forgotten: string[] = [];
  const recorded: string[] = [];
  const answer: {
    sighting: Sighting<CredentialRecord>;
    drainedFor?: number;
    kind?: string;
    lastRead?: ReturnType<typeof credential>;
  } = {
    sighting: knownAbsent,
  };
  const write = (signal: unknown): undefined => {
    signals.push(signal);
    if (answer.kind !== undefined) throw new Error(answer.kind);
  };
  // Touching anything that is not here throws.
  const context = contextOf({
    runtime: {
      clock: fakeClock(),
      inSlices: inSlices(fakeClock()),
      metrics: { forget: (name: string) => forgotten.push(name) },
      events: { publish: ({ reason }: { readonly reason: string }) => published.push(reason) },
      log: { info: () => undefined, warn: () => undefined },
    },
    settings: { namespace: "ops" },
    cluster: {
      stores: { credentials: { look: () => answer.sighting, wrote: () => undefined } },
      transforms: { credential: () => undefined },
      api: {
        patchCredential: async (_name: string, body: unknown, signal: unknown) => {
          write(signal);
          patches.push(body);
        },
        patchCredentialStatus: async (_name: string, { status }: { readonly status: Status }, signal: unknown) => {
          write(signal);
          statuses.push(status);
        },
      },
      callFailure: () => ({ kind: answer.kind, failure: denied }),
    },
    credentials: {
      index: { readable: () => answer.lastRead, drainedFor: () => answer.drainedFor, namesOf: () => [] },
      members: { recorded: (uid: string) => recorded.includes(uid), begin: (uid: string) => recorded.push(uid) },
    },
    queue: { enqueue: () => undefined, waits: { changed: () => undefined } },
  });
  const reconcile = credentialReconciler();
  return {
    answer,
    patches,
    statuses,
    signals,
    published,
    forgotten,
    recorded,
    run: () => reconcile(context, "acme", running),
    finds: (record: CredentialRecord) => (answer.sighting = { kind: "there", record }),
  };
}

describe("a RegistryCredential", () => {
  it.each(["not-seen", "not-permitted"] as const)(
    "that is %s is waited for, and nothing of it is forgotten",
    async (kind) => {
      const it = fixture();
      it.answer.sighting = { kind };
      expect([await it.run(), it.forgotten]).toEqual([{ waitsFor: [itself] }, []]);
    },
  );

  it("that is gone is forgotten, and looked at again as long as something of it may be written late", async () => {
    const it = fixture();
    expect([await it.run(), it.forgotten]).toEqual([{}, ["acme"]]);
    it.answer.drainedFor = 5_000;
    expect(await it.run()).toEqual({ requeueAfter: Temporal.Duration.from({ milliseconds: 5_000 }) });
  });
});

describe("a RegistryCredential that cannot be read", () => {
  it("is told what is wrong with it, once for each spec", async () => {
    const it = fixture();
    it.finds(unreadable());
    expect([await it.run(), await it.run()]).toEqual([{}, { waitsFor: [itself] }]);
    it.finds(unreadable({ generation: 4 }));
    await it.run();
    it.finds(unreadable({ generation: 4, problems: ["spec.other: unknown"] }));
    await it.run();
    expect(it.statuses.map(({ observedGeneration }) => observedGeneration)).toEqual([3, 4, 4]);
    expect(it.statuses[0]?.conditions?.map(({ type, status, reason }) => [type, status, reason])).toEqual([
      ["Ready", "False", "InvalidSpec"],
      ["Stalled", "True", "InvalidSpec"],
    ]);
    expect(it.signals).toEqual([running, running, running]);
  });

  it("has the record of its members begun where it was read before: without one nobody knows whom it leaves", async () => {
    const it = fixture();
    it.finds(unreadable());
    it.answer.lastRead = credential();
    await it.run();
    await it.run();
    expect(it.recorded).toEqual([credential().uid]);
  });

  it.each([
    ["after it was seen to be gone", true],
    ["in the same moment", false],
  ])("is told it again where it is made anew, %s", async (_when, isSeenGone) => {
    const it = fixture();
    it.finds(unreadable());
    await it.run();
    it.answer.sighting = isSeenGone ? knownAbsent : it.answer.sighting;
    await it.run();
    it.finds(unreadable({ uid: isSeenGone ? unreadable().uid : "another" }));
    await it.run();
    expect(it.statuses).toHaveLength(2);
  });

  it("stays in deletion until a person gives up on it; then our finalizer goes, and no other", async () => {
    const it = fixture();
    const finalizers = ["theirs/one", finalizer];
    it.finds(unreadable({ deleting: true, finalizers }));
    await it.run();
    it.finds(unreadable({ finalizers, annotations: { [forceFinalizeAnnotation]: "true" } }));
    await it.run();
    expect(it.patches).toEqual([]);
    it.finds(unreadable({ deleting: true, finalizers, annotations: { [forceFinalizeAnnotation]: "true" } }));
    expect(await it.run()).toEqual({});
    const { resourceVersion } = unreadable();
    expect(it.patches).toEqual([{ metadata: { resourceVersion, finalizers: ["theirs/one"] } }]);
  });
});

describe("a RegistryCredential that cannot be written", () => {
  it("because its finalizer may not be taken off is tried again, and administrators hear of it", async () => {
    const it = fixture();
    it.finds(unreadable({ deleting: true, annotations: { [forceFinalizeAnnotation]: "true" } }));
    it.answer.kind = "forbidden";
    expect(await it.run()).toMatchObject({ failed: true, retry: "slowly" });
    expect([it.published, it.patches]).toEqual([["AdmissionDenied"], []]);
  });

  it.each([
    ["because it is gone is left alone", "notFound", {}, []],
    ["because somebody else has written is tried again, and nobody hears of it", "conflict", { failed: true }, []],
    [
      "because that is refused is tried again, and administrators hear of it",
      "forbidden",
      { failed: true },
      ["AdmissionDenied"],
    ],
  ])("%s", async (_what, kind, outcome, published) => {
    const it = fixture();
    it.finds(unreadable());
    it.answer.kind = kind;
    expect(await it.run()).toMatchObject(outcome);
    expect([it.published, it.statuses]).toEqual([published, []]);
    // What was not told is told as soon as it can be.
    delete it.answer.kind;
    await it.run();
    expect(it.statuses).toHaveLength(1);
  });
});
