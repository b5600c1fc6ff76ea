// One HTTP exchange over a pool: a request, and its answer as it arrives, without a stream and a signal for each.
import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { ReadInTurns } from "./reading-turns.ts";

/** Why a request must not be sent any more. */
export type Blocker = () => Error | undefined;

/** Takes the body of an answer piece by piece; what it throws ends the exchange. */
export interface BodyReader<T> {
  write(piece: Buffer): void;
  end(): T;
}

/** The answer begins: what reads its body. */
export type AnswerReader<T> = (status: number, headers: IncomingHttpHeaders) => BodyReader<T>;

interface ExchangeOptions<T> {
  /** Asked in the moment before the request is written to a socket: it may have waited for a connection for long. */
  readonly blocker: Blocker;
  readonly reader: AnswerReader<T>;
  /** Of an answer that may be large. Default: it is read as it comes. */
  readonly inTurns?: ReadInTurns | undefined;
}

/** Ends an exchange at once, and its connection with it where the request is on the wire. Harmless after its end. */
export type Cut = (reason: Error) => void;

interface Exchange<T> {
  /** Rejects with an error of undici, with the blocker's, with what the reader throws, or with what it was cut off with. */
  readonly answered: Promise<T>;
  readonly cut: Cut;
}

const atOnce: ReadInTurns = (_, read) => read();

/** Sends it as soon as a connection is free. */
export function exchange<T>(
  pool: Dispatcher,
  request: Dispatcher.DispatchOptions,
  { blocker, reader: readerOf, inTurns = atOnce }: ExchangeOptions<T>,
): Exchange<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let onWire: Dispatcher.DispatchController | undefined;
  let cutOff: Error | undefined;
  let reader: BodyReader<T> | undefined;
  pool.dispatch(request, {
    onRequestStart: (controller) => {
      const reason = cutOff ?? blocker();
      if (reason) controller.abort(reason);
      else onWire = controller;
    },
    onResponseStart: (_, status, headers) => {
      // 1xx: the answer itself is still to come.
      if (status >= 200) reader = readerOf(status, headers);
    },
    onResponseData: (controller, piece) => inTurns(controller, () => reader?.write(piece)),
    onResponseEnd: () => {
      try {
        if (reader) resolve(reader.end());
      } catch (error) {
        reject(error);
      }
    },
    onResponseError: (_, error) => reject(error),
  });
  return {
    answered: promise,
    cut: (reason) => {
      cutOff ??= reason;
      reject(reason);
      onWire?.abort(reason);
    },
  };
}
