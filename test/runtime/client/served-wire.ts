// The real transport, connected to a server of the test.
import { onTestFinished } from "vitest";
import { systemClock } from "../../../src/runtime/clock.ts";
import { type Transport, transport } from "../../../src/runtime/client/transport.ts";
import { type Answer, localConnection, type LocalServer, localServer } from "./local-server.ts";

/** Both end with the test. */
export async function servedWire(answer: Answer): Promise<{ readonly server: LocalServer; readonly wire: Transport }> {
  const server = await localServer(answer);
  const wire = transport({
    connection: localConnection(server.url),
    clock: systemClock(),
    random: () => 0.5,
    userAgent: "regcred/test",
  });
  onTestFinished(async () => {
    await wire.close();
    await server.close();
  });
  return { server, wire };
}
