// Tests that image references are parsed as container runtimes parse them.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseImageReference } from "../../src/registry/image-reference.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("parseImageReference", () => {
  it.each([
    ["busybox", { domain: "docker.io", path: "library/busybox", tag: "latest" }],
    ["busybox:1.36", { domain: "docker.io", path: "library/busybox", tag: "1.36" }],
    ["acme/app", { domain: "docker.io", path: "acme/app", tag: "latest" }],
    ["docker.io/busybox", { domain: "docker.io", path: "library/busybox", tag: "latest" }],
    ["index.docker.io/acme/app", { domain: "docker.io", path: "acme/app", tag: "latest" }],
    ["ghcr.io/acme/app:v1", { domain: "ghcr.io", path: "acme/app", tag: "v1" }],
    ["localhost/app", { domain: "localhost", path: "app", tag: "latest" }],
    ["registry:5000/app", { domain: "registry:5000", path: "app", tag: "latest" }],
    ["registry:5000/app:2", { domain: "registry:5000", path: "app", tag: "2" }],
    ["[::1]:5000/app", { domain: "[::1]:5000", path: "app", tag: "latest" }],
    ["Registry/app", { domain: "Registry", path: "app", tag: "latest" }],
    [`ghcr.io/app@${digest}`, { domain: "ghcr.io", path: "app", digest }],
    [`ghcr.io/app:v1@${digest}`, { domain: "ghcr.io", path: "app", tag: "v1", digest }],
    ["ghcr.io/a/b__c/d-e--f.g_h", { domain: "ghcr.io", path: "a/b__c/d-e--f.g_h", tag: "latest" }],
  ])("reads %s", (text, image) => {
    expect(parseImageReference(text)).toEqual({ ok: true, image });
  });

  it.each([
    ["", "is empty"],
    ["ghcr.io/a pp", "white space"],
    ["https://ghcr.io/app", "scheme"],
    ["ghcr.io/", "no repository after the registry host"],
    [":v1", "no repository"],
    ["ghcr.io/App", "upper-case"],
    ["App", "upper-case"],
    ["ghcr.io//app", "malformed repository"],
    ["ghcr.io/app/", "malformed repository"],
    ["ghcr.io/a..b", "malformed repository"],
    ["ghcr.io/$(namespace.name)/app", "malformed repository"],
    ["-x.io/app", "malformed registry host"],
    ["ghcr.io:port/app", "malformed registry host"],
    ["ghcr.io/app:", "malformed tag"],
    [`ghcr.io/app:${"x".repeat(129)}`, "malformed tag"],
    ["ghcr.io/app:-x", "malformed tag"],
    ["ghcr.io/app@", "malformed digest"],
    ["ghcr.io/app@sha256:abc", "malformed digest"],
    [`ghcr.io/app@${digest.toUpperCase()}`, "malformed digest"],
    [`ghcr.io/app@${digest}0`, "malformed digest"],
    [`ghcr.io/app@${digest}@${digest}`, "malformed digest"],
    ["user:secret@ghcr.io/app", "malformed digest"],
    ["a".repeat(64), "is an image ID"],
    [`ghcr.io/${"a".repeat(256)}`, "longer than 255"],
  ])("refuses %j and says why", (text, problem) => {
    expect(parseImageReference(text)).toEqual({ ok: false, problem: expect.stringContaining(problem) });
  });

  it("reads its own full spelling as the same image", () => {
    const segment = fc.stringMatching(/^[a-z0-9]{1,5}$/);
    const text = fc
      .tuple(
        fc.constantFrom("", "docker.io/", "ghcr.io/", "localhost:5000/"),
        fc.array(segment, { minLength: 1, maxLength: 3 }),
        fc.constantFrom("", ":v1"),
        fc.constantFrom("", `@${digest}`),
      )
      .map(([domain, path, tag, hash]) => `${domain}${path.join("/")}${tag}${hash}`);
    fc.assert(
      fc.property(text, (short) => {
        const result = parseImageReference(short);
        if (!result.ok) throw new Error(result.problem);
        const { domain, path, tag, digest: hash } = result.image;
        const full = `${domain}/${path}${tag === undefined ? "" : `:${tag}`}${hash === undefined ? "" : `@${hash}`}`;
        expect(parseImageReference(full)).toEqual(result);
      }),
    );
  });

  it("answers every text without throwing", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseImageReference(text).ok).toBeTypeOf("boolean");
      }),
    );
  });
});
