// Tests that the operator requests a short-lived token of one ServiceAccount, for one audience.
import { describe, expect, it } from "vitest";
import { type RequestToken, tokenRequests } from "../../../src/runtime/client/token-request.ts";
import { type Answer, json, type LocalServer, status } from "./local-server.ts";
import { servedWire } from "./served-wire.ts";

const never = new AbortController().signal;

async function serve(answer: Answer): Promise<{ server: LocalServer; requestToken: RequestToken }> {
  const { server, wire } = await servedWire(answer);
  return { server, requestToken: tokenRequests(wire) };
}

const account = { namespace: "team-a", name: "puller" };

describe("a token of a ServiceAccount", () => {
  it("is asked for at its token subresource, and redacted", async () => {
    const { server, requestToken } = await serve((_, response) => json(response, 201, { status: { token: "t0ken" } }));
    const token = await requestToken(account, "sts.amazonaws.com", never);
    expect(token.reveal()).toBe("t0ken");
    expect(String(token)).not.toContain("t0ken");
    expect(server.received).toMatchObject([
      { method: "POST", path: "/api/v1/namespaces/team-a/serviceaccounts/puller/token" },
    ]);
    expect(JSON.parse(server.received[0]?.body ?? "")).toEqual({
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences: ["sts.amazonaws.com"], expirationSeconds: 600 },
    });
  });

  it("is empty, and so nobody's, where the API server gives none", async () => {
    const { requestToken } = await serve((_, response) => json(response, 201, {}));
    expect((await requestToken(account, "a", never)).reveal()).toBe("");
  });

  it.each([
    [
      403,
      "Forbidden",
      'serviceaccounts "puller" is forbidden: User "system:serviceaccount:ops:regcred" cannot create resource "serviceaccounts/token" in API group "" in the namespace "team-a"',
      "forbidden",
    ],
    [404, "NotFound", 'serviceaccounts "puller" not found', "notFound"],
  ])("is refused with %i %s as our own error", async (code, reason, message, kind) => {
    const { requestToken } = await serve((_, response) => json(response, code, status(code, reason, message)));
    await expect(requestToken(account, "a", never)).rejects.toMatchObject({ name: "ApiError", kind });
  });

  it("is waited for no longer than the signal lets", async () => {
    const stop = new AbortController();
    const { requestToken } = await serve(() => stop.abort(new Error("enough")));
    await expect(requestToken(account, "a", stop.signal)).rejects.toThrow(/./);
  });
});
