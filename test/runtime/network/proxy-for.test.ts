// Tests of which calls go through the proxy of the environment.
import { expect, it } from "vitest";
import { OperatorError } from "../../../src/runtime/errors.ts";
import { proxyFor } from "../../../src/runtime/network/proxy-for.ts";

const proxy = "http://proxy.example:3128/";
const through = (url: string, noProxy = "", written = proxy): string | undefined =>
  proxyFor({ HTTPS_PROXY: written, NO_PROXY: noProxy })(new URL(url))?.url.href;

it("https goes through HTTPS_PROXY, plain http never", () => {
  expect(through("https://gcr.io/")).toBe(proxy);
  expect(through("http://gcr.io/")).toBeUndefined();
  expect(proxyFor({})(new URL("https://gcr.io/"))).toBeUndefined();
});

it("variables in small letters win", () => {
  const both = proxyFor({
    HTTPS_PROXY: "http://upper.example/",
    https_proxy: "http://lower.example/",
    no_proxy: "gcr.io",
  });
  expect(both(new URL("https://quay.io/"))?.url.href).toBe("http://lower.example/");
  expect(both(new URL("https://gcr.io/"))).toBeUndefined();
});

it("a proxy without a scheme is plain http", () => {
  expect(through("https://gcr.io/", "", "proxy.example:3128")).toBe(proxy);
});

it.for(["ftp://user:hunter2@proxy.example", "http://user:hunter2@", "://hunter2"])(
  "what is no proxy is refused without being quoted",
  (written) => {
    expect(() => proxyFor({ HTTPS_PROXY: written })).toThrow(OperatorError);
    expect(() => proxyFor({ HTTPS_PROXY: written })).toThrow(/^HTTPS_PROXY is not the URL of a proxy(?!.*hunter2)/);
  },
);

it.for([
  ["*", "https://gcr.io/", true],
  ["gcr.io", "https://gcr.io/", true],
  ["gcr.io", "https://eu.gcr.io/", true],
  ["gcr.io", "https://notgcr.io/", false],
  [".gcr.io", "https://gcr.io/", false],
  [".gcr.io", "https://eu.gcr.io/", true],
  ["*.gcr.io", "https://eu.gcr.io/", true],
  ["a.example, GCR.io b.example", "https://gcr.io/", true],
  ["gcr.io:443", "https://gcr.io/", true],
  ["gcr.io:8443", "https://gcr.io/", false],
  ["gcr.io:8443", "https://gcr.io:8443/", true],
  ["10.0.0.0/8", "https://10.1.2.3/", true],
  ["10.0.0.0/8", "https://11.1.2.3/", false],
  ["10.0.0.0/99", "https://10.1.2.3/", false],
  ["10.1.2.3", "https://10.1.2.3/", true],
  ["fd00::/8", "https://[fd00::1]/", true],
  ["fd00::1", "https://[fd00::1]/", true],
  // Names as people write them; a URL has them in ASCII.
  ["bücher.example", "https://bücher.example/", true],
  ["BÜCHER.example", "https://shop.xn--bcher-kva.example/", true],
  ["xn--bcher-kva.example", "https://bücher.example/", true],
  [".bücher.example", "https://bücher.example/", false],
  [".bücher.example", "https://shop.bücher.example/", true],
  ["*.bücher.example:8443", "https://shop.bücher.example:8443/", true],
  ["reg。例え.jp", "https://reg.例え.jp/", true],
  ["\ufffd.example", "https://gcr.io/", false],
  ["", "https://localhost/", true],
  ["", "https://127.0.0.1:6443/", true],
  ["", "https://[::1]/", true],
  ["", "https://127.evil.example/", false],
] as const)("NO_PROXY=%j, %s: direct is %s", ([noProxy, url, direct]) => {
  expect(through(url, noProxy) === undefined).toBe(direct);
});
