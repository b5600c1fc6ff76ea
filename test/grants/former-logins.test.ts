// Tests of which logins are taken out of a Secret by their value, and which of equal value stay.
import { contextOf } from "../controllers/context-of.ts";
import { describe, expect, it } from "vitest";
import { loginsOfLeaving } from "../../src/grants/former-logins.ts";
import { grantKeys } from "../../src/providers/grant-keys.ts";
import type { Token } from "../../src/cluster/token.ts";
import { credential, login, minute, namespace, staticEntry, token } from "../entitlement/objects.ts";

/** As `host password`. */
function leaving(hosts: readonly string[], found: Token | undefined): readonly string[] {
  const scope = { namespace: namespace(), operatorNamespace: "ops", serviceAccount: () => undefined };
  const context = contextOf({
    grants: { tokens: { token: () => found }, grantKey: grantKeys(), scopeOf: () => scope },
  });
  const each = { credential: credential({ spec: { registries: [staticEntry({ hosts: [...hosts] })] } }) };
  return loginsOfLeaving(context, namespace(), [each]).map(
    ({ key, login: { password } }) => `${key} ${password.reveal()}`,
  );
}

describe("logins of who leaves", () => {
  it("are those of its token and of the ones before, for the hosts that it claims", () => {
    const formers = ["old", "older"].map((password) => {
      return { logins: { all: login("ada", password) }, issuedAt: minute(-5), expiresAt: undefined };
    });
    const found = token({ logins: { all: login("ada", "new") }, formers });
    expect(leaving(["a.example.com"], found)).toEqual([
      "a.example.com new",
      "a.example.com old",
      "a.example.com older",
    ]);
  });

  it("are none for hosts that a source names beside those", () => {
    const byHost = new Map([
      ["a.example.com", login("ada", "a")],
      ["b.example.com", login("ada", "b")],
    ]);
    expect(leaving(["a.example.com"], token({ logins: { byHost } }))).toEqual(["a.example.com a"]);
    expect(leaving(["*"], token({ logins: { byHost } }))).toEqual(["a.example.com a", "b.example.com b"]);
  });

  it("are none without a token", () => {
    expect(leaving(["a.example.com"], undefined)).toEqual([]);
  });
});
