// Tests that credentials go to the registry's own token server only.
import { describe, expect, it } from "vitest";
import { tokenServerOf, trustedRealm } from "../../src/registry/realm.ts";

const at = (realm: string, host: string, registry = `https://${host}`): string | undefined =>
  trustedRealm(realm, { registry: new URL(registry), host })?.href;

describe("a realm", () => {
  it.each([
    ["https://ghcr.io/token", "ghcr.io"],
    ["https://ghcr.io:443/token", "ghcr.io"],
    ["https://GHCR.io/token?a=b", "ghcr.io"],
    ["https://registry.example.com:5000/token", "registry.example.com:5000"],
    ["https://public.ecr.aws/token/", "public.ecr.aws"],
    ["https://gitlab.com/jwt/auth", "registry.gitlab.com"],
    ["https://acme.azurecr.io/oauth2/token", "acme.azurecr.io"],
    ["https://acmeimages.azurecr.io/oauth2/token", "acmeimages.westeurope.geo.azurecr.io"],
    [
      "https://acmeimages-hwejf7bnb8f2fjcv.azurecr.io/oauth2/token",
      "acmeimages-hwejf7bnb8f2fjcv.westeurope.geo.azurecr.io",
    ],
    ["https://acmeimages.azurecr.us/oauth2/token", "acmeimages.usgovvirginia.geo.azurecr.us"],
  ])("%s is trusted by %s", (realm, host) => {
    expect(at(realm, host)).toBe(new URL(realm).href);
  });

  it("of Docker Hub has a host of its own, and so has its API", () => {
    const realm = "https://auth.docker.io/token";
    expect(at(realm, "docker.io", "https://registry-1.docker.io")).toBe(realm);
    expect(at(realm, "ghcr.io")).toBeUndefined();
  });

  it.each([
    ["another host", "https://evil.example.com/token", "ghcr.io"],
    ["a host below", "https://auth.ghcr.io/token", "ghcr.io"],
    ["a host that begins alike", "https://ghcr.io.evil.example.com/token", "ghcr.io"],
    ["another port", "https://ghcr.io:8443/token", "ghcr.io"],
    ["no TLS", "http://ghcr.io/token", "ghcr.io"],
    ["another scheme", "ftp://ghcr.io/token", "ghcr.io"],
    ["a user in it", "https://ghcr.io@evil.example.com/token", "ghcr.io"],
    ["a user of its own", "https://user@ghcr.io/token", "ghcr.io"],
    ["a password", "https://:pw@ghcr.io/token", "ghcr.io"],
    ["no URL", "registry", "ghcr.io"],
    ["nothing", "", "ghcr.io"],
    ["a companion of somebody else", "https://gitlab.com/jwt/auth", "ghcr.io"],
    [
      "another registry of the same cloud",
      "https://other.azurecr.io/oauth2/token",
      "acmeimages.westeurope.geo.azurecr.io",
    ],
    ["another cloud", "https://acmeimages.azurecr.cn/oauth2/token", "acmeimages.westeurope.geo.azurecr.io"],
    ["a name that only looks regional", "https://acmeimages.azurecr.io/t", "acmeimages.geo.azurecr.io"],
  ])("with %s is not trusted", (_what, realm, host) => {
    expect(at(realm, host)).toBeUndefined();
  });

  it.each([
    ["https://gitlab.corp.example/jwt/auth", "gitlab.corp.example:5050", "gitlab.corp.example"],
    ["https://gitlab.corp.example:443/jwt/auth", "registry.corp.example", "gitlab.corp.example"],
    ["https://gitlab.corp.example/jwt/auth", "registry.corp.example", "gitlab.corp.example:443"],
    ["https://auth.corp.example:8443/service/token", "harbor.corp.example", "auth.corp.example:8443"],
    ["https://[fd12::7]:8443/token", "harbor.corp.example", "[fd12:0::7]:8443"],
  ])("%s is trusted by %s where its entry names the token server %s", (realm, host, server) => {
    const registry = new URL(`https://${host}`);
    expect(trustedRealm(realm, { registry, host, tokenServers: ["other.example", server] })?.href).toBe(
      new URL(realm).href,
    );
    expect(trustedRealm(realm, { registry, host, tokenServers: ["other.example"] })).toBeUndefined();
    expect(trustedRealm(realm, { registry, host })).toBeUndefined();
    expect(tokenServerOf(realm)).toBe(new URL(realm).host);
  });

  it.each([
    ["another port", "https://gitlab.corp.example:8443/jwt/auth"],
    ["a host below", "https://a.gitlab.corp.example/jwt/auth"],
    ["no TLS", "http://gitlab.corp.example/jwt/auth"],
    ["a user", "https://gitlab.corp.example@evil.example/jwt/auth"],
    ["a user of its own", "https://me@gitlab.corp.example/jwt/auth"],
    ["a login", "https://me:pw@gitlab.corp.example/jwt/auth"],
  ])("with %s is not trusted by an entry that names gitlab.corp.example", (_what, realm) => {
    const host = "gitlab.corp.example:5050";
    const owner = { registry: new URL(`https://${host}`), host, tokenServers: ["gitlab.corp.example"] };
    expect(trustedRealm(realm, owner)).toBeUndefined();
    const plain = { ...owner, registry: new URL(`http://${host}`) };
    expect(trustedRealm("http://gitlab.corp.example/jwt/auth", plain)).toBeUndefined();
  });

  it.each([
    "http://gitlab.corp.example/",
    "https://me@gitlab.corp.example/",
    "gitlab.corp.example",
    "",
    'https://a","evil.example/',
    "https://a_b.example/",
    "https://a.example./",
    "https://a..example/",
  ])("%j is no token server that could be named", (realm) => {
    expect(tokenServerOf(realm)).toBeUndefined();
  });

  it("may be as plain as the registry itself", () => {
    expect(at("http://127.0.0.1:5000/token", "127.0.0.1:5000", "http://127.0.0.1:5000")).toBeDefined();
    expect(at("http://127.0.0.1:5001/token", "127.0.0.1:5000", "http://127.0.0.1:5000")).toBeUndefined();
  });
});
