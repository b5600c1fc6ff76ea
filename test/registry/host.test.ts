// Tests that every spelling of a registry is normalized to one.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  canonicalHost,
  configKey,
  isLiteralHost,
  loginAt,
  registryOf,
  withFormerNames,
} from "../../src/registry/host.ts";

const label = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,8}[a-z0-9])?$/);
const segment = fc.stringMatching(/^[a-z0-9]{1,8}$/).filter((text) => !/^v[12]$/.test(text));
const host = fc
  .record({
    labels: fc.array(label, { minLength: 1, maxLength: 4 }),
    port: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
    path: fc.array(segment, { maxLength: 3 }),
  })
  .map(
    ({ labels, port, path }) =>
      `${labels.join(".")}${port === undefined ? "" : `:${port}`}${path.map((part) => `/${part}`).join("")}`,
  );
const spelling = fc.record({
  scheme: fc.constantFrom("", "https://", "http://", "HTTPS://"),
  slash: fc.constantFrom("", "/"),
  space: fc.constantFrom("", " ", "\n"),
});

describe("canonicalHost", () => {
  it.each([
    ["ghcr.io", "ghcr.io"],
    ["GHCR.io", "GHCR.io"],
    ["HTTPS://AcmeImages.azurecr.io/V2ray", "AcmeImages.azurecr.io/V2ray"],
    ["[FD00::A]:5000", "[FD00::A]:5000"],
    [" ghcr.io\n", "ghcr.io"],
    ["https://ghcr.io/", "ghcr.io"],
    ["https://ghcr.io/v2/", "ghcr.io"],
    ["https://ghcr.io/v2", "ghcr.io"],
    ["http://registry.local:5000/v1/", "registry.local:5000"],
    ["quay.io/org", "quay.io/org"],
    ["https://quay.io/v2/org/", "quay.io/org"],
    ["quay.io/v2ray", "quay.io/v2ray"],
    ["quay.io/org/v2", "quay.io/org/v2"],
    ["localhost:5000", "localhost:5000"],
    ["[::1]:5000", "[::1]:5000"],
    ["*.azurecr.io", "*.azurecr.io"],
    ["quay.io/.hidden/a..b", "quay.io/.hidden/a..b"],
    ["ghcr.io:65535", "ghcr.io:65535"],
    ["ghcr.io:", "ghcr.io"],
    ["https://ghcr.io:/v2/acme", "ghcr.io/acme"],
    ["docker.io", "docker.io"],
    ["index.docker.io", "docker.io"],
    ["Index.Docker.io", "docker.io"],
    ["registry-1.docker.io", "registry-1.docker.io"],
    ["registry.hub.docker.com", "registry.hub.docker.com"],
    ["https://index.docker.io/v1/", "docker.io"],
    ["https://registry-1.docker.io/v2/", "registry-1.docker.io"],
    ["index.docker.io/acme", "docker.io/acme"],
    ["auth.docker.io", "auth.docker.io"],
    ["index.docker.io:443", "index.docker.io:443"],
  ])("reads %j as %j", (text, expected) => {
    expect(canonicalHost(text)).toBe(expected);
  });

  it.each([
    "",
    " ",
    "https://",
    "/v1/",
    "ftp://ghcr.io",
    "user:secret@ghcr.io",
    "https://user:secret@ghcr.io",
    "ghcr.io?x=1",
    "ghcr.io#x",
    "gh cr.io",
    "-ghcr.io",
    "ghcr..io",
    "ghcr.io::",
    ":",
    "ghcr.io:port",
    "quay.io//org",
    "a?c.io",
    "doc\u212Aer.io",
    "DOC\u212AER.IO",
    "\uFF44ocker.io",
    "docker\u3002io",
    "regi\u017Ftry.io",
    "\u0130o.io",
    "docker.io\u00A0",
    "docker.io\u200B",
    "%64ocker.io",
    "quay.io/%2e%2e",
    "quay.io/.",
    "quay.io/..",
    "quay.io/../acme",
    "quay.io/acme/..",
    "quay.io/acme/./x",
    "quay.io/-",
    "quay.io/acme//x",
    "quay.io\\acme",
    "ghcr.io:0",
    "ghcr.io:0443",
    "ghcr.io:65536",
    "ghcr.io:99999",
    "*",
    "*.*",
    "**",
    "*:5000",
    "*/acme",
    `${"a".repeat(600)}.io`,
  ])("finds no registry in %j", (text) => {
    expect(canonicalHost(text)).toBeUndefined();
  });

  it("leaves a canonical host as it is", () => {
    fc.assert(
      fc.property(host, (text) => {
        expect(canonicalHost(text)).toBe(text);
      }),
    );
  });

  it("reads a host the same with a scheme, a slash at the end or white space", () => {
    fc.assert(
      fc.property(host, spelling, (text, { scheme, slash, space }) => {
        expect(canonicalHost(`${space}${scheme}${text}${slash}${space}`)).toBe(text);
      }),
    );
  });

  it("is done after one application, whatever the text", () => {
    const piece = fc.constantFrom("https://", "v1", "v2", "/", ".", ":5000", "index.docker.io", "a", " ");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const once = canonicalHost(pieces.join(""));
        fc.pre(once !== undefined);
        expect(canonicalHost(once)).toBe(once);
      }),
    );
  });
});

describe("configKey", () => {
  it("writes Docker Hub as docker login does, and others literally", () => {
    expect(["docker.io", "docker.io/acme", "ghcr.io", "localhost:5000"].map(configKey)).toEqual([
      "https://index.docker.io/v1/",
      "docker.io/acme",
      "ghcr.io",
      "localhost:5000",
    ]);
  });

  it("is read back as the same host", () => {
    fc.assert(
      fc.property(fc.oneof(host, fc.constant("docker.io")), (text) => {
        expect(canonicalHost(configKey(text))).toBe(text);
      }),
    );
  });
});

describe("one registry by several names", () => {
  it.each([
    ["AcmeImages.azurecr.io/Team", "acmeimages.azurecr.io/team"],
    ["registry-1.docker.io", "docker.io"],
    ["Registry.Hub.Docker.com/acme", "docker.io/acme"],
    ["registry-1.docker.io:443", "registry-1.docker.io:443"],
    ["registry-1.docker.io.example", "registry-1.docker.io.example"],
    ["ghcr.io", "ghcr.io"],
  ])("%s is a name of %s", (host, registry) => {
    expect(registryOf(host)).toBe(registry);
  });

  it("has the login of each where there is none for the very name", () => {
    const byHost = new Map([
      ["AcmeImages.azurecr.io", "acr"],
      ["docker.io", "hub"],
      ["registry-1.docker.io", "api"],
      ["ghcr.io/acme", "acme"],
    ]);
    const asked = [
      "acmeimages.azurecr.io",
      "registry.hub.docker.com",
      "registry-1.docker.io",
      "ghcr.io",
      "ghcr.io/acme",
    ];
    expect(asked.map((host) => loginAt(byHost, host))).toEqual(["acr", "hub", "api", undefined, "acme"]);
  });

  it("is served by the names of release 0.1.0 as well, which give way to a login of their own", () => {
    const read = new Map([
      ["AcmeImages.azurecr.io", "acr"],
      ["registry-1.docker.io/acme", "api"],
      ["registry.hub.docker.com", "hub"],
      ["ghcr.io", "own"],
      ["GHCR.io", "odd"],
    ]);
    expect([...withFormerNames(read)]).toEqual([...read, ["acmeimages.azurecr.io", "acr"], ["docker.io/acme", "api"]]);
  });

  it.each([
    ["ghcr.io", true],
    ["AcmeImages.azurecr.io:5000/team", true],
    ["[::1]:5000", true],
    ["[::ffff:1.2.3.4]", false],
    ["index.docker.io", false],
    ["*.azurecr.io", false],
    ["ghcr.io/", false],
    ["ghcr.io:99999", false],
    ["", false],
  ])("%j may stand in a spec: %s", (host, may) => {
    expect(isLiteralHost(host)).toBe(may);
  });
});
