// Tests of the exchanges of an entry, and of what is refused.
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import type { Identity } from "../../../src/api/registry-credential.ts";
import { tokenExchangeSettings } from "../../../src/providers/token-exchange/settings.ts";
import type { HostGroup } from "../../../src/providers/grant-types.ts";
import type { TokenExchangeGrant } from "../../../src/providers/token-exchange/grant.ts";
import { tokenExchangeGrants } from "../../../src/providers/token-exchange/grant.ts";
import { scopeOf } from "../scope.ts";

type Written = z.input<typeof tokenExchangeSettings>;

const own: Identity = { from: "TenantServiceAccount", name: "puller" };
const secret: Identity = { from: "Secret", name: "exchange" };
const url = "https://quay.io/t";
const hosts = ["quay.io/acme", "registry.example.com:5000"];

function groupsOf(
  written: Partial<Written>,
  identity: Identity = own,
  caSecretName?: string,
): readonly HostGroup<TokenExchangeGrant>[] {
  return tokenExchangeGrants(
    {
      name: "exchange",
      provider: "TokenExchange",
      hosts,
      identity,
      tokenExchange: tokenExchangeSettings.parse({ url, username: "acme+robot", ...written }),
      ...(caSecretName === undefined ? {} : { caSecretName }),
    },
    scopeOf({}, { "team-a/puller": { uid: "sa-uid", annotations: {} } }),
  );
}

describe("an exchange", () => {
  it("serves all hosts of the entry, and is its settings, its identity and its CA", () => {
    expect(groupsOf({}, own, "ca")).toEqual([
      {
        hosts,
        grant: {
          provider: "TokenExchange",
          identity: { from: "TenantServiceAccount", namespace: "team-a", name: "puller", uid: "sa-uid" },
          settings: tokenExchangeSettings.parse({ url, username: "acme+robot" }),
          caSecretName: "ca",
        },
      },
    ]);
  });

  it("needs a token: the operator has none", () => {
    const [group] = groupsOf({}, { from: "Operator" });
    expect(group).toMatchObject({
      hosts,
      grant: { reason: "IdentityUnsupported", cause: "Platform", retry: "on-change" },
    });
    expect(group?.grant).toHaveProperty("message", expect.stringContaining("TenantServiceAccount"));
  });

  it("needs a ServiceAccount that exists", () => {
    const [group] = groupsOf({}, { from: "TenantServiceAccount", name: "gone" });
    expect(group?.grant).toMatchObject({ reason: "ServiceAccountMissing", cause: "Tenant" });
  });

  const body: Written["body"] = { fields: [{ name: "user", valueFrom: "Username" }] };
  it.each<[Partial<Written>, string]>([
    [{ method: "GET", body: { fields: [{ name: "a", value: "b" }] } }, "method: POST"],
    [{ headers: [{ name: "X-Team", value: "a\r\nHost: evil.test" }] }, "X-Team"],
    [{ headers: [{ name: "X-Team", value: " a" }] }, "X-Team"],
    [{ auth: { type: "Basic", username: "a:b" } }, "auth.username"],
    [{ username: "a:b" }, "tokenExchange.username"],
  ])("of settings that do not go together is refused for everybody: %#", (written, reported) => {
    for (const identity of [own, secret]) {
      const [group] = groupsOf(written, identity);
      expect(group?.grant).toMatchObject({ reason: "InvalidTokenExchange", cause: "Platform", retry: "on-change" });
      expect(group?.grant).toHaveProperty("message", expect.stringContaining(reported));
    }
  });

  it.each<[Partial<Written>, string]>([
    [{ body }, "valueFrom: Token"],
    [{ body: { fields: [{ name: "p", valueFrom: "Password" }] } }, "valueFrom: Token"],
    [{ auth: { type: "Basic" } }, "auth.username"],
    [{ username: undefined }, "response.usernamePath"],
  ])("of what only a Secret has is refused for a ServiceAccount: %#", (written, reported) => {
    const [group] = groupsOf(written);
    expect(group?.grant).toMatchObject({ reason: "InvalidTokenExchange", cause: "Platform" });
    expect(group?.grant).toHaveProperty("message", expect.stringContaining(reported));
    expect(groupsOf(written, secret)[0]?.grant).toMatchObject({ provider: "TokenExchange" });
  });
});
