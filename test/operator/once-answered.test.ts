// Tests that a start waits for an API server that is away, reports it, and waits for nothing else.
import { beforeEach, describe, expect, it } from "vitest";
import { OperatorError } from "../../src/runtime/errors.ts";
import { onceAnswered } from "../../src/operator/once-answered.ts";
import { type FakeClock, fakeClock } from "../fake-clock.ts";

const error = (reason: string): OperatorError =>
  new OperatorError({ reason, cause: "Platform", retry: "backoff", message: `it is ${reason}` });
const silent = (): void => undefined;

describe("a start", () => {
  let clock: FakeClock;
  let reported: (string | undefined)[];
  let logged: unknown[][];
  const keep = (...line: unknown[]): void => void logged.push(line);
  const log = { debug: silent, info: keep, warn: keep, error: silent };
  const stop = (): AbortController => new AbortController();

  beforeEach(() => {
    clock = fakeClock();
    reported = [];
    logged = [];
  });
  const wait = (answers: readonly (OperatorError | undefined)[], { signal } = stop()): Promise<void> => {
    const left = [...answers];
    const attempt = (): Promise<void> => {
      const next = left.shift();
      return next ? Promise.reject(next) : Promise.resolve();
    };
    return onceAnswered(attempt, { clock, random: () => 0.5, log, signal, tell: (what) => reported.push(what) });
  };

  it("tells what it waits for as long as it waits, and no longer", async () => {
    const started = wait([error("ApiUnavailable"), error("ApiUnavailable"), undefined]);
    await clock.advance(Temporal.Duration.from({ minutes: 1 }));
    await started;
    expect(reported).toEqual(["it is ApiUnavailable", "it is ApiUnavailable", undefined]);
  });

  it("logs what it waits for once for each thing, and that it is over", async () => {
    const other = new OperatorError({
      reason: "ApiUnavailable",
      cause: "Platform",
      retry: "backoff",
      message: "not ready",
    });
    const started = wait([error("ApiUnavailable"), error("ApiUnavailable"), other, undefined]);
    await clock.advance(Temporal.Duration.from({ minutes: 1 }));
    await started;
    expect(logged).toEqual([
      ["waiting for the API server", { detail: "it is ApiUnavailable" }],
      ["waiting for the API server", { detail: "not ready" }],
      ["the API server answers"],
    ]);
  });

  it("logs nothing where it has waited for nothing", async () => {
    await wait([undefined]);
    expect([logged, reported]).toEqual([[], [undefined]]);
  });

  it("asks nothing where it is stopped already", async () => {
    const stopped = stop();
    stopped.abort(new Error("stopped"));
    await expect(wait([undefined], stopped)).rejects.toThrow("stopped");
    expect(reported).toEqual([]);
  });

  it("ends for whatever a person has to mend", async () => {
    await expect(wait([error("NotPermitted")])).rejects.toThrow("it is NotPermitted");
  });

  it("ends where it is stopped while it waits", async () => {
    const stopping = stop();
    const started = wait([error("ApiUnavailable")], stopping);
    started.catch(silent);
    await clock.advance();
    stopping.abort(new Error("stopped"));
    await expect(started).rejects.toThrow("stopped");
  });
});
