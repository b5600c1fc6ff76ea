// Tests that client-node's typed classes go through our transport, and only through it.
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/runtime/clock.ts";
import { transport, type Observation } from "../../../src/runtime/client/transport.ts";
import { typedApi, type TypedApi } from "../../../src/runtime/client/typed-api.ts";
import { bearer, json, localConnection, localServer, status, type Answer, type LocalServer } from "./local-server.ts";

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function serve(answer: Answer): Promise<{ server: LocalServer; api: TypedApi; seen: Observation[] }> {
  const server = await localServer(answer);
  const seen: Observation[] = [];
  const wire = transport({
    connection: localConnection(`${server.url}/prefix`, () => ({ authorization: bearer("token") })),
    clock: systemClock(),
    random: () => 0.5,
    userAgent: "regcred/test",
    observe: (one) => seen.push(one),
  });
  closers.push(
    () => server.close(),
    () => wire.close(),
  );
  return { server, api: typedApi(wire), seen };
}

describe("the typed API", () => {
  it("sends our credentials, User-Agent and deadline, and gives typed objects", async () => {
    const { server, api, seen } = await serve((_, response) =>
      json(response, 200, { kind: "Secret", metadata: { name: "regcred" }, type: "Opaque" }),
    );
    const secret = await api.core.readNamespacedSecret({ namespace: "team-x", name: "regcred" });
    expect(secret.metadata?.name).toBe("regcred");
    expect(server.received[0]).toMatchObject({
      method: "GET",
      path: "/prefix/api/v1/namespaces/team-x/secrets/regcred",
    });
    expect(server.received[0]?.headers).toMatchObject({ authorization: "Bearer token", "user-agent": "regcred/test" });
    expect(seen).toMatchObject([{ verb: "get", resource: "secrets", code: "200" }]);
  });

  it("sends bodies and queries", async () => {
    const { server, api } = await serve((one, response) => json(response, 201, JSON.parse(one.body)));
    await api.core.createNamespacedSecret({
      namespace: "team-x",
      body: { metadata: { name: "a" } },
      fieldManager: "regcred",
    });
    expect(JSON.parse(server.received[0]?.body ?? "")).toEqual({ metadata: { name: "a" } });
    expect(server.received[0]?.query.get("fieldManager")).toBe("regcred");
  });

  it("throws our errors, not those with the whole answer in their message", async () => {
    const { api } = await serve((_, response) => json(response, 409, status(409, "AlreadyExists", "it is there")));
    await expect(api.core.createNamespace({ body: { metadata: { name: "a" } } })).rejects.toMatchObject({
      name: "ApiError",
      kind: "alreadyExists",
    });
  });
});
