// Tests that an exchange ends once, with what has ended it, whenever that comes.
import { Pool } from "undici";
import { afterEach, describe, expect, it } from "vitest";
import { type BodyReader, type Blocker, exchange } from "../../../src/runtime/client/exchange.ts";
import type { ReadInTurns } from "../../../src/runtime/client/reading-turns.ts";
import { pollUntil } from "../../cluster/poll-until.ts";
import { type Answer, type LocalServer, localServer } from "./local-server.ts";

const limit = Temporal.Duration.from({ seconds: 5 });
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function served(answer: Answer): Promise<{ server: LocalServer; pool: Pool }> {
  const server = await localServer(answer);
  const pool = new Pool(server.url, { connections: 1, pipelining: 1 });
  closers.push(
    () => server.close(),
    () => pool.destroy(),
  );
  return { server, pool };
}

function textReader(): BodyReader<string> {
  let text = "";
  return { write: (piece) => void (text += piece.toString()), end: () => text };
}

const send = (pool: Pool, blocker: Blocker = () => undefined, reader: () => BodyReader<string> = textReader) =>
  exchange(pool, { method: "GET", path: "/" }, { blocker, reader });

describe("an exchange", () => {
  it("is read whole where it is paused after each piece, also those that its server has closed meanwhile", async () => {
    const { pool } = await served((_, response) => {
      const ended = (): void => void response.end(() => response.socket?.end());
      const rest = (pieces: string): void => {
        if (pieces === "") return ended();
        response.write(pieces.slice(0, 1));
        setImmediate(() => rest(pieces.slice(1)));
      };
      rest("paused!");
    });
    const pieces: string[] = [];
    const reader = (): BodyReader<string> => ({
      write: (piece) => void pieces.push(piece.toString()),
      end: () => pieces.join(""),
    });
    const inTurns: ReadInTurns = (answer, read) => {
      read();
      answer.pause();
      setTimeout(() => answer.resume(), 5);
    };
    const options = { blocker: () => undefined, reader, inTurns };
    expect(await exchange(pool, { method: "GET", path: "/" }, options).answered).toBe("paused!");
    expect(pieces).toHaveLength(7);
  });

  it("that is cut off while it is paused ends at once, and its connection with it", async () => {
    const { server, pool } = await served((_, response) => response.write("a"));
    const paused = Promise.withResolvers<() => void>();
    const inTurns: ReadInTurns = (answer, read) => {
      read();
      answer.pause();
      paused.resolve(() => answer.resume());
    };
    const one = exchange(pool, { method: "GET", path: "/" }, { blocker: () => undefined, reader: textReader, inTurns });
    const resume = await paused.promise;
    const reason = new Error("enough");
    one.cut(reason);
    resume();
    await expect(one.answered).rejects.toBe(reason);
    await pollUntil(() => server.open() === 0, { what: "the connection to close", limit });
  });

  it("gives what the reader has made of the answer, after interim ones", async () => {
    const { pool } = await served((_, response) => {
      response.writeEarlyHints({ link: "</style.css>; rel=preload" });
      response.write("a");
      setImmediate(() => response.end("b"));
    });
    expect(await send(pool).answered).toBe("ab");
  });

  it("that was cut off before there was a connection ends at once, and is never sent", async () => {
    const held: (() => void)[] = [];
    const { server, pool } = await served((_, response) => held.push(() => response.end("late")));
    const first = send(pool);
    await pollUntil(() => held.length === 1, { what: "the first one to arrive", limit });
    const second = send(pool);
    const reason = new Error("enough");
    second.cut(reason);
    await expect(second.answered).rejects.toBe(reason);
    held[0]?.();
    expect(await first.answered).toBe("late");
    const third = send(pool);
    await pollUntil(() => held.length === 2, { what: "the third one to arrive", limit });
    held[1]?.();
    await third.answered;
    expect(server.received).toHaveLength(2);
  });

  it("that is cut off on the wire ends with the reason, and its connection with it", async () => {
    const { server, pool } = await served(() => undefined);
    const one = send(pool);
    await pollUntil(() => server.received.length === 1, { what: "it to arrive", limit });
    const reason = new Error("enough");
    one.cut(reason);
    await expect(one.answered).rejects.toBe(reason);
    await pollUntil(() => server.open() === 0, { what: "the connection to close", limit });
  });

  it("that is blocked is not sent, and the next one is", async () => {
    const { server, pool } = await served((_, response) => response.end("good"));
    const reason = new Error("too late");
    await expect(send(pool, () => reason).answered).rejects.toBe(reason);
    expect(await send(pool).answered).toBe("good");
    expect(server.received).toHaveLength(1);
  });

  it.each([
    { when: "its beginning", at: "begin" },
    { when: "a piece", at: "write" },
    { when: "its end", at: "end" },
  ])("ends with what the reader throws at $when of the answer", async ({ at }) => {
    const { pool } = await served((_, response) => response.end("bad"));
    const reason = new Error("unreadable");
    const fail = (here: string): void => {
      if (here === at) throw reason;
    };
    const reader = (): BodyReader<string> => {
      fail("begin");
      return {
        write: () => fail("write"),
        end: () => {
          fail("end");
          return "good";
        },
      };
    };
    await expect(send(pool, undefined, reader).answered).rejects.toBe(reason);
  });

  it("that has ended well is not changed by a cut, nor is its connection", async () => {
    const { server, pool } = await served((_, response) => response.end("good"));
    const first = send(pool);
    await first.answered;
    first.cut(new Error("too late"));
    expect(await send(pool).answered).toBe("good");
    expect(server.opened()).toBe(1);
  });
});
