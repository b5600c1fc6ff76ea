// Finds a port on which a server can listen, and tries again if another program takes it first.

import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { PortTaken } from "./part.ts";

// Below the range from which Linux (32768) and macOS (49152) give ports to outgoing connections: a server that is
// stopped and started again must find its port free.
const lowest = 20_000;
const highest = 32_768;
const attempts = 5;

/** Calls `start` with a loopback port that was free a moment ago; with others when it fails with `PortTaken`. */
export async function withFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === attempts) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest);
    const server = createServer().listen(port, "127.0.0.1");
    try {
      await once(server, "listening");
      return port;
    } catch {
      // Taken: the next one.
    } finally {
      server.close();
    }
  }
}
