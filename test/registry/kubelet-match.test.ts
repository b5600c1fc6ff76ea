// Tests of whether the kubelet would find our login for an image, and which one first.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { configKey } from "../../src/registry/host.ts";
import { loginsFor } from "../../src/registry/kubelet-match.ts";

/** The keys that serve the image, in the order in which they are tried. */
const tried = (image: string, ...keys: readonly string[]) =>
  loginsFor(
    image,
    keys.map((key) => [key, key] as const),
  );

describe("loginsFor", () => {
  it.each([
    ["the host itself", "ghcr.io/a/b", "ghcr.io"],
    ["a key with scheme", "ghcr.io/a/b", "https://ghcr.io"],
    ["a key with scheme and slash", "ghcr.io/a/b", "http://ghcr.io/"],
    ["a key with an API version", "ghcr.io/a/b", "https://ghcr.io/v2/"],
    ["a path behind an API version", "ghcr.io/a/b", "https://ghcr.io/v1/a"],
    ["a key with a query", "ghcr.io/a/b", "ghcr.io?x=/y"],
    ["the same port", "reg.io:5000/a", "reg.io:5000"],
    ["a host without a dot, with a port", "reg:5000/a", "reg:5000"],
    ["an IPv6 address", "[::1]:5000/a", "[::1]:5000"],
    ["an IPv6 address without a port, by a glob only", "[::1]/a", "*"],
    ["a key with a user", "ghcr.io/a", "https://me:secret@ghcr.io"],
    ["a path with an escape", "quay.io/foo", "quay.io/f%6Fo"],
    ["a glob label", "acme.azurecr.io/a", "*.azurecr.io"],
    ["a glob inside a label", "eu-west.pkg.dev/a", "eu-*.pkg.dev"],
    ["a glob of several stars", "axbyc.io/a", "a*b*c.io"],
    ["an ECR account under a glob", "1234.dkr.ecr.us-east-1.amazonaws.com/a", "*.dkr.ecr.us-east-1.amazonaws.com"],
    ["a path prefix", "quay.io/foo/x", "quay.io/foo"],
    ["a path prefix that ends inside a segment", "quay.io/foobar/x", "quay.io/foo"],
    ["Docker Hub by its login key", "busybox", "https://index.docker.io/v1/"],
    ["Docker Hub by its login key, with the host written", "docker.io/acme/app", "https://index.docker.io/v1/"],
    [
      "Docker Hub by its login key, with the old host written",
      "index.docker.io/acme/app",
      "https://index.docker.io/v1/",
    ],
    ["Docker Hub by its bare name", "busybox", "docker.io"],
    ["Docker Hub by its bare name and path", "busybox", "docker.io/library"],
    ["the Docker Hub login for a host without dot and port", "localhost/app", "https://index.docker.io/v1/"],
  ])("finds %s", (_, image, key) => {
    expect(tried(image, key)).toEqual([key]);
  });

  it.each([
    ["an IPv6 address without a port", "[::1]/a", "[::1]"],
    ["a key with an escape in its host", "ghcr.io/a", "ghcr%2Eio"],
    ["a key with half an escape", "ghcr.io/a", "ghcr.io/%"],
    ["a key with a control character", "ghcr.io/a", "ghcr.io\n"],
    ["another port", "reg.io:5000/a", "reg.io:5001"],
    ["a key without the port", "reg.io:5000/a", "reg.io"],
    ["a key with a port that the image has not", "reg.io/a", "reg.io:443"],
    ["a glob in the port", "reg.io:5000/a", "reg.io:*"],
    ["a glob over several labels", "a.westeurope.geo.azurecr.io/x", "*.azurecr.io"],
    [
      "the ECR form of China under the glob of the others",
      "1.dkr.ecr.cn-north-1.amazonaws.com.cn/a",
      "*.dkr.ecr.cn-north-1.amazonaws.com",
    ],
    ["a glob in the path", "quay.io/foo/x", "quay.io/*"],
    ["a path that is longer than the image's", "quay.io/foo", "quay.io/foo/bar"],
    ["a path with a slash at the end for another repository", "quay.io/foobar/x", "quay.io/foo/"],
    ["a path on Docker Hub's login key", "acme/app", "https://index.docker.io/v1/acme"],
    ["an API version without a slash at the end", "ghcr.io/a", "https://ghcr.io/v2"],
    ["a glob whose ends overlap in the label", "aba.io/x", "ab*ba.io"],
    ["a host in capitals", "ghcr.io/a", "GHCR.io"],
    ["a Docker Hub login for another registry", "ghcr.io/a", "https://index.docker.io/v1/"],
    ["a malformed image", "ghcr.io/A", "ghcr.io"],
    ["an empty key", "ghcr.io/a", ""],
  ])("does not find %s", (_, image, key) => {
    expect(tried(image, key)).toEqual([]);
  });

  it("tries all matches in reverse order of their keys", () => {
    expect(tried("quay.io/coreos/etcd", "*.io", "quay.io", "quay.io/coreos", "quay.io/core", "ghcr.io")).toEqual([
      "quay.io/coreos",
      "quay.io/core",
      "quay.io",
      "*.io",
    ]);
  });

  it("tries a long path under a glob after a bare host: the order is by letters, not by length", () => {
    expect(tried("quay.io/org/app", "*.io/org/app", "quay.io")).toEqual(["quay.io", "*.io/org/app"]);
  });

  it("sorts what is left of a key without its scheme", () => {
    expect(tried("quay.io/org/app", "https://quay.io", "quay.io/org")).toEqual(["quay.io/org", "https://quay.io"]);
  });

  it("tries both where two keys mean the same, in the order given", () => {
    expect(tried("ghcr.io/a", "https://ghcr.io", "ghcr.io")).toEqual(["https://ghcr.io", "ghcr.io"]);
  });

  it("falls back to the Docker Hub login only where nothing else matches", () => {
    expect(tried("busybox", "https://index.docker.io/v1/", "docker.io")).toEqual(["docker.io"]);
  });

  it("ignores tag and digest", () => {
    expect(tried(`ghcr.io/a:v1@sha256:${"0".repeat(64)}`, "ghcr.io/a")).toEqual(["ghcr.io/a"]);
  });

  it("always finds a host under the key that we write for it", () => {
    const host = fc.tuple(fc.stringMatching(/^[a-z0-9]{1,8}$/), fc.constantFrom(".io", ".io:5000", ".example.com"));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.constant("docker.io"),
          host.map((parts) => parts.join("")),
        ),
        (name) => {
          const key = configKey(name);
          expect(tried(`${name}/team/app:1`, key)).toEqual([key]);
        },
      ),
    );
  });
});
