// Tests that the login of a registry serves each of its names that an entry has, under that very name.
import { expect, it } from "vitest";
import { contentOf } from "../../src/content/content.ts";
import { loginsOfLeaving } from "../../src/grants/former-logins.ts";
import { credential, login, now, staticEntry, token } from "../entitlement/objects.ts";
import { scopeOf } from "../providers/scope.ts";

const byHost = new Map([
  ["docker.io", login("hub")],
  ["acmeimages.azurecr.io", login("acr")],
]);
const hosts = ["registry.hub.docker.com", "registry-1.docker.io", "AcmeImages.azurecr.io"];
const source = token({ logins: { byHost } });

it("is written under the names of the entry", () => {
  const { served, failures } = contentOf(
    [{ credential: "a", entries: [{ entry: "main", hosts, grantKey: "g", source, cause: "Platform" }] }],
    now,
  );
  expect(failures).toEqual([]);
  expect(served.map(({ host, login: its }) => [host, its.username])).toEqual([
    [hosts[0], "hub"],
    [hosts[1], "hub"],
    [hosts[2], "acr"],
  ]);
});

it("is taken out under the same names when its credential leaves", () => {
  const leaving = credential({ spec: { registries: [staticEntry({ hosts })] } });
  const context = { grants: { tokens: { token: () => source }, grantKey: () => "g", scopeOf: () => scopeOf({}, {}) } };
  const found = loginsOfLeaving(context as never, scopeOf({}, {}).namespace, [{ credential: leaving }]);
  expect(found.map(({ key }) => key)).toEqual(hosts);
});
