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
  const body = { spec: { user: "system:node:any", resourceAttributes: { verb: "get", resource: "secrets" } } };

  it("sends our credentials, User-Agent and body, and gives typed objects", async () => {
    const { server, api, seen } = await serve((one, response) =>
      json(response, 201, { ...(JSON.parse(one.body) as object), status: { allowed: true } }),
    );
    const { status: answered } = await api.authorization.createSubjectAccessReview({ body, fieldManager: "regcred" });
    expect(answered?.allowed).toBe(true);
    const [received] = server.received;
    expect(received).toMatchObject({
      method: "POST",
      path: "/prefix/apis/authorization.k8s.io/v1/subjectaccessreviews",
    });
    expect(received?.headers).toMatchObject({ authorization: "Bearer token", "user-agent": "regcred/test" });
    expect(JSON.parse(received?.body ?? "")).toEqual(body);
    expect(received?.query.get("fieldManager")).toBe("regcred");
    expect(seen).toMatchObject([{ verb: "create", resource: "subjectaccessreviews", code: "201" }]);
  });

  it("throws our errors, not those with the whole answer in their message", async () => {
    const { api } = await serve((_, response) => json(response, 404, status(404, "NotFound", "no such kind")));
    await expect(api.authorization.createSubjectAccessReview({ body })).rejects.toMatchObject({
      name: "ApiError",
      kind: "notFound",
    });
  });
});
