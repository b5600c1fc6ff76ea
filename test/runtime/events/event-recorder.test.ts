// Tests that Events reach people, few of them and never in anybody's way.
import { describe, expect, it } from "vitest";
import { ApiError } from "../../../src/runtime/client/api-error.ts";
import { eventRecorder, type EventRecorder, type Occurrence } from "../../../src/runtime/events/event-recorder.ts";
import { fakeClock, type FakeClock } from "../../fake-clock.ts";

interface Written {
  readonly verb: "create" | "patch";
  readonly namespace: string;
  readonly body: Record<string, unknown>;
}

interface Stage {
  readonly recorder: EventRecorder;
  readonly clock: FakeClock;
  readonly written: Written[];
  /** Namespaces that have had their share. */
  readonly reached: string[];
  /** What hangs is answered. */
  readonly answer: () => void;
}

function stage(fail: (attempt: number, namespace: string) => Error | undefined = () => undefined, hang = false): Stage {
  const clock = fakeClock();
  const reached: string[] = [];
  let isHanging = hang;
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => {
    answer = () => {
      isHanging = false;
      resolve();
    };
  });
  const written: Written[] = [];
  let attempts = 0;
  let draws = 0;
  const take = async (one: Written, signal?: AbortSignal): Promise<void> => {
    if (isHanging) {
      const aborted = new Promise<never>((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason as Error));
      });
      await Promise.race([aborted, answered]);
    }
    const error = fail((attempts += 1), one.namespace);
    if (error) throw error;
    written.push(one);
  };
  const recorder = eventRecorder({
    reportingController: "regcred.dev/regcred",
    api: {
      createEvent: async (namespace, body, signal) => {
        await take({ verb: "create", namespace, body: body as Record<string, unknown> }, signal);
        const metadata = { name: "event", uid: `uid-${written.length}`, resourceVersion: "1" };
        return { apiVersion: "events.k8s.io/v1", kind: "Event", metadata };
      },
      patchEvent: (namespace, _name, body, signal) =>
        take({ verb: "patch", namespace, body: body as Record<string, unknown> }, signal),
    },
    clock,
    random: () => ((draws += 1) % 1000) / 1000,
    reportingInstance: "regcred-0",
    onShareReached: (namespace) => reached.push(namespace),
  });
  return { recorder, clock, written, reached, answer };
}

const occurrence: Occurrence = {
  regarding: { apiVersion: "v1", kind: "Secret", name: "regcred", namespace: "team-x", uid: "u-1" },
  type: "Warning",
  reason: "SecretConflict",
  action: "WriteSecret",
  note: "belongs to somebody else",
};
const minutes = (count: number): Temporal.Duration => Temporal.Duration.from({ minutes: count });
const unavailable = (): ApiError => new ApiError({ kind: "unavailable", details: { causes: [] }, message: "away" });

describe("an Event", () => {
  it("is written in its subject's namespace, as events.k8s.io/v1 asks for it", async () => {
    const { recorder, clock, written } = stage();
    recorder.publish(occurrence);
    await clock.advance();
    expect(written).toEqual([
      {
        verb: "create",
        namespace: "team-x",
        body: {
          apiVersion: "events.k8s.io/v1",
          kind: "Event",
          metadata: { namespace: "team-x", name: expect.stringMatching(/^regcred\.[0-9a-f]{12}$/) },
          eventTime: "2026-01-01T00:00:00.000000Z",
          reportingController: "regcred.dev/regcred",
          reportingInstance: "regcred-0",
          action: "WriteSecret",
          reason: "SecretConflict",
          regarding: occurrence.regarding,
          note: "belongs to somebody else",
          type: "Warning",
        },
      },
    ]);
  });

  it("about a cluster-scoped object goes to default", async () => {
    const { recorder, clock, written } = stage();
    recorder.publish({
      ...occurrence,
      regarding: { apiVersion: "regcred.dev/v1alpha1", kind: "RegistryCredential", name: "acme", uid: "u-2" },
    });
    await clock.advance();
    expect(written[0]?.namespace).toBe("default");
  });

  it("is cut to what the API server takes, in bytes", async () => {
    const { recorder, clock, written } = stage();
    recorder.publish({ ...occurrence, note: "ü".repeat(1000), reason: "R".repeat(200), action: "A".repeat(200) });
    await clock.advance();
    const { note, reason, action } = (written[0]?.body ?? {}) as Record<string, string>;
    expect([note, reason, action].map((text) => Buffer.byteLength(text ?? ""))).toEqual([1024, 128, 128]);
    expect(note).not.toContain("\uFFFD");
  });
});

describe("repetitions", () => {
  it("become a series that is told at once, then once per window, and that ends in silence", async () => {
    const { recorder, clock, written } = stage();
    for (let repetition = 0; repetition < 100; repetition += 1) {
      recorder.publish(occurrence);
      await clock.advance();
    }
    expect(written.map(({ verb }) => verb)).toEqual(["create", "patch"]);
    expect(written[1]?.body).toEqual({
      metadata: { uid: "uid-1" },
      series: { count: 2, lastObservedTime: "2026-01-01T00:00:00.000000Z" },
    });
    await clock.advance(minutes(6));
    expect(written[2]?.body).toMatchObject({ series: { count: 100 } });
    await clock.advance(minutes(60));
    expect(written).toHaveLength(3);
    expect(clock.scheduled()).toBe(0);
    recorder.publish(occurrence);
    await clock.advance();
    expect(written[3]?.verb).toBe("create");
  });

  it("of an Event that could not be written begin a new one", async () => {
    const forbidden = new ApiError({ kind: "forbidden", details: { causes: [] }, message: "no" });
    const { recorder, clock, written } = stage((attempt) => (attempt === 1 ? forbidden : undefined));
    recorder.publish(occurrence);
    await clock.advance();
    recorder.publish(occurrence);
    await clock.advance();
    expect(written.map(({ verb }) => verb)).toEqual(["create"]);
    expect(recorder.dropped()).toBe(1);
  });
});

describe("floods", () => {
  it("about one object are cut to 25, then one per five minutes; other objects are not touched by it", async () => {
    const { recorder, clock, written } = stage();
    for (let index = 0; index < 40; index += 1) recorder.publish({ ...occurrence, note: `note ${index}` });
    await clock.advance();
    expect(written).toHaveLength(25);
    expect(recorder.dropped()).toBe(15);
    recorder.publish({ ...occurrence, regarding: { ...occurrence.regarding, namespace: "team-y", uid: "u-3" } });
    await clock.advance(minutes(5));
    recorder.publish({ ...occurrence, note: "later" });
    recorder.publish({ ...occurrence, note: "too soon" });
    await clock.advance();
    expect(written.map(({ body }) => body["note"]).slice(25)).toEqual(["belongs to somebody else", "later"]);
  });

  it("that the API server cannot take are bounded, and lose the oldest", async () => {
    const { recorder, clock } = stage(undefined, true);
    for (let index = 0; index < 3000; index += 1)
      recorder.publish({ ...occurrence, regarding: { ...occurrence.regarding, namespace: `team-${index}` } });
    await clock.advance();
    expect(recorder.dropped()).toBe(3000 - 1000 - 1);
  });

  it("are remembered of 4,096 things at once: the one that is unheard of for the longest is forgotten, with its timer", async () => {
    const { recorder, clock } = stage();
    for (let chunk = 0; chunk < 10; chunk += 1) {
      for (let index = 0; index < 500; index += 1)
        recorder.publish({
          ...occurrence,
          regarding: { ...occurrence.regarding, namespace: `team-${chunk}-${index}` },
        });
      await clock.advance();
    }
    expect(clock.scheduled()).toBe(4_096);
  });

  it("of one namespace are its own trouble, however many objects it makes them about", async () => {
    const { recorder, clock, written, reached } = stage();
    const about = (namespace: string, uid: string) => ({ ...occurrence.regarding, namespace, uid });
    for (let index = 0; index < 2_000; index += 1)
      recorder.publish({ ...occurrence, regarding: about("greedy", `u-${index}`) });
    recorder.publish({ ...occurrence, regarding: about("team-x", "u-1") });
    await clock.advance();
    expect(written.filter(({ namespace }) => namespace === "greedy")).toHaveLength(50);
    expect(new Set(reached)).toEqual(new Set(["greedy"]));
    // In turn, not behind the fifty.
    expect(written.findIndex(({ namespace }) => namespace === "team-x")).toBeLessThan(3);
    recorder.publish({ ...occurrence, regarding: { ...about("greedy", "n"), kind: "Namespace", name: "greedy" } });
    await clock.advance();
    expect(written.at(-1)?.body["regarding"]).toMatchObject({ kind: "Namespace", name: "greedy" });
  });

  it("lose what is oldest of whoever has most", async () => {
    const { recorder, clock, written, answer } = stage(undefined, true);
    const tell = (namespace: string, count: number): void => {
      for (let index = 0; index < count; index += 1)
        recorder.publish({ ...occurrence, regarding: { ...occurrence.regarding, namespace, uid: `u-${index}` } });
    };
    tell("team-x", 3);
    for (let index = 0; index < 100; index += 1) tell(`greedy-${index}`, 50);
    answer();
    await clock.advance(minutes(1));
    expect(written.filter(({ namespace }) => namespace === "team-x")).toHaveLength(3);
    expect(written).toHaveLength(1_001);
  });

  it("of which the API server refuses one namespace's for now hold up no other's", async () => {
    const { recorder, clock, written } = stage((_attempt, namespace) =>
      namespace === "greedy" ? new ApiError({ kind: "throttled", details: { causes: [] }, message: "no" }) : undefined,
    );
    for (const namespace of ["greedy", "team-x"])
      recorder.publish({ ...occurrence, regarding: { ...occurrence.regarding, namespace } });
    await clock.advance();
    expect(written.map(({ namespace }) => namespace)).toEqual(["team-x"]);
    await clock.advance(minutes(1));
    expect(recorder.dropped()).toBe(1);
  });
});

describe("an API server that is away", () => {
  it("is asked again a few times, then the Event is given up", async () => {
    const { recorder, clock, written } = stage((attempt) => (attempt <= 2 ? unavailable() : undefined));
    recorder.publish(occurrence);
    await clock.advance(minutes(1));
    expect(written).toHaveLength(1);
    const lost = stage(unavailable);
    lost.recorder.publish(occurrence);
    await lost.clock.advance(minutes(1));
    expect(lost.recorder.dropped()).toBe(1);
  });

  it("does not hold up the end for longer than told", async () => {
    const { recorder, clock } = stage(undefined, true);
    recorder.publish(occurrence);
    let closed = false;
    const closing = recorder.close(Temporal.Duration.from({ seconds: 2 })).then(() => (closed = true));
    await clock.advance(Temporal.Duration.from({ seconds: 1 }));
    expect(closed).toBe(false);
    await clock.advance(Temporal.Duration.from({ seconds: 1 }));
    await closing;
    recorder.publish(occurrence);
    expect(clock.scheduled()).toBe(0);
  });

  it("leaves no timer behind at the end, also where Events wait for another try", async () => {
    const { recorder, clock } = stage(unavailable);
    recorder.publish(occurrence);
    await clock.advance();
    expect(clock.scheduled()).toBe(2);
    await recorder.close(Temporal.Duration.from({ seconds: 2 }));
    expect(clock.scheduled()).toBe(0);
    expect(recorder.dropped()).toBe(1);
  });
});
