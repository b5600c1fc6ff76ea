// Tests that the answer is what the kubelet wants, is cached no longer than the login lives, and serves no other image.
import { describe, expect, it } from "vitest";
import { answerOf, type FoundLogin } from "../../src/credential-provider/answer.ts";
import { Redacted } from "../../src/runtime/redacted.ts";
import { nodeFile, now, rawFile } from "./node.ts";

const file = (...hosts: readonly string[]) =>
  nodeFile(rawFile([{ name: "a", provider: "Static", hosts, static: { secretName: "a" } }]));

const found = (host: string, life?: Temporal.DurationLike): FoundLogin => ({
  host,
  login: { username: "user", password: new Redacted("hunter2") },
  expiresAt: life === undefined ? undefined : now.add(life),
});

const whole = { isWhole: true, now };

describe("an answer", () => {
  it("has the login under the host, and is kept for half of what is left of its life", () => {
    expect(answerOf([found("ghcr.io", { hours: 12 })], file("ghcr.io"), whole)).toEqual({
      apiVersion: "credentialprovider.kubelet.k8s.io/v1",
      kind: "CredentialProviderResponse",
      cacheKeyType: "Registry",
      cacheDuration: "21600s",
      auth: { "ghcr.io": { username: "user", password: "hunter2" } },
    });
  });

  it("is empty and not kept where no entry serves the image", () => {
    expect(answerOf([], file("ghcr.io"), whole)).toEqual({
      apiVersion: "credentialprovider.kubelet.k8s.io/v1",
      kind: "CredentialProviderResponse",
      cacheKeyType: "Image",
      cacheDuration: "0s",
      auth: {},
    });
  });

  it.each([
    ["without an end for a minute, since its file may change", [found("a.io")], "60s"],
    [
      "with two logins as long as the shorter one",
      [found("a.io", { hours: 2 }), found("a.io/b", { hours: 1 })],
      "1800s",
    ],
    ["that is nearly over not at all", [found("a.io", { seconds: 1 })], "0s"],
    ["that is over not at all, and never for a negative time", [found("a.io", { seconds: -9 })], "0s"],
  ])("is kept: one %s", (_, logins, duration) => {
    expect(answerOf(logins, file("a.io", "a.io/b"), whole).cacheDuration).toBe(duration);
  });

  it("that lacks the login of an entry which failed is not kept", () => {
    const answer = answerOf([found("a.io", { hours: 2 })], file("a.io"), { isWhole: false, now });
    expect(answer.cacheDuration).toBe("0s");
  });

  it.each([
    ["Registry", ["a.io"], ["a.io", "b.io", "b.io/team"]],
    ["Image", ["a.io/team"], ["a.io/team"]],
    ["Image", ["a.io"], ["a.io", "a.io/team"]],
    ["Image", ["a.io", "a.io/team"], ["a.io", "a.io/team"]],
    ["Image", ["*.a.io"], ["*.a.io", "x.a.io/team"]],
    ["Registry", ["*.a.io"], ["*.a.io"]],
    ["Image", ["x.a.io"], ["x.a.io", "*.a.io/team"]],
  ])("is kept by %s for %j of %j: what depends on the path holds for no other image", (type, hosts, all) => {
    const named = { entries: [{ entry: { hosts: all } as never, pods: undefined }] };
    expect(
      answerOf(
        hosts.map((host) => found(host)),
        named,
        whole,
      ).cacheKeyType,
    ).toBe(type);
  });
});
