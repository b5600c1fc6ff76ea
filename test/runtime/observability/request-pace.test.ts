// Tests that strangers who reach a port have little of the operator's time, and who asks now and then all that they need.
import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server, Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { paceAnswers, paceConnections } from "../../../src/runtime/observability/request-pace.ts";
import { fakeClock } from "../../fake-clock.ts";

const ms = (milliseconds: number): Temporal.Duration => Temporal.Duration.from({ milliseconds });

describe("new connections", () => {
  /** As node:net does it: what would be more than `maxConnections` is closed as it comes. */
  function listening() {
    const clock = fakeClock();
    const server = Object.assign(new EventEmitter(), { maxConnections: 64 });
    paceConnections(server as unknown as Server, clock, { perSecond: 20, burst: 64 });
    return {
      clock,
      connect: (): boolean => {
        if (server.maxConnections === 0) return false;
        server.emit("connection");
        return true;
      },
      maxAtOnce: () => server.maxConnections,
    };
  }

  it("are as many a second as are allowed, however many come, after those that were saved up", async () => {
    const { clock, connect } = listening();
    const taken: number[] = [];
    for (let second = 0; second < 10; second += 1) {
      let count = 0;
      for (let each = 0; each < 500; each += 1) {
        if (connect()) count += 1;
        await clock.advance(ms(2));
      }
      taken.push(count);
    }
    expect(taken[0]).toBeLessThanOrEqual(64 + 20);
    expect(taken[0]).toBeGreaterThanOrEqual(64);
    expect(taken.slice(1).every((count) => count >= 18 && count <= 21)).toBe(true);
  });

  it("are let in again after the flood", async () => {
    const { clock, connect, maxAtOnce } = listening();
    while (connect());
    expect(maxAtOnce()).toBe(0);
    await clock.advance(ms(50));
    expect([maxAtOnce(), connect(), connect()]).toEqual([64, true, false]);
    await clock.advance(ms(49));
    expect(connect()).toBe(false);
    await clock.advance(ms(10_000));
    let count = 0;
    while (connect()) count += 1;
    expect(count).toBe(64 + 1);
  });
});

describe("answers", () => {
  function answering() {
    const clock = fakeClock();
    const answered: string[] = [];
    const page = paceAnswers(
      (_response, { url = "" }) => void answered.push(`${url} ${clock.elapsed() - began}`),
      clock,
      { perSecond: 100, burst: 3 },
    );
    const began = clock.elapsed();
    const connection = (url: string) => {
      const socket = Object.assign(new EventEmitter(), { destroyed: false });
      const destroy = (): void => {
        socket.destroyed = true;
        socket.emit("close");
      };
      Object.assign(socket, { destroy });
      const ask = (): void =>
        page({} as ServerResponse, { url, socket: socket as unknown as Socket } as IncomingMessage);
      return { socket, ask, leave: destroy };
    };
    return { clock, answered, connection };
  }

  it("come at once to who asks now and then, and to all others in turn, as fast as is allowed", async () => {
    const { clock, answered, connection } = answering();
    const [one, other, third] = [connection("one"), connection("other"), connection("third")];
    for (let turn = 0; turn < 2; turn += 1) {
      one.ask();
      other.ask();
      third.ask();
    }
    await clock.advance(ms(1_000));
    one.ask();
    expect(answered).toEqual(["one 0", "other 0", "third 0", "one 10", "other 20", "third 30", "one 1000"]);
    expect(clock.scheduled()).toBe(0);
  });

  it("end for who asks on while he waits, and for who has gone, and nobody waits longer for that", async () => {
    const { clock, answered, connection } = answering();
    const [greedy, gone, other] = [connection("greedy"), connection("gone"), connection("other")];
    for (let count = 0; count < 100 && !greedy.socket.destroyed; count += 1) greedy.ask();
    gone.ask();
    gone.leave();
    other.ask();
    expect(greedy.socket.destroyed).toBe(true);
    await clock.advance(ms(1_000));
    expect(answered).toEqual(["greedy 0", "greedy 0", "greedy 0", "other 40"]);
    expect(clock.scheduled()).toBe(0);
  });
});
