// Tests that a token is verified with an image that it is meant for, and with no other.
import { describe, expect, it } from "vitest";
import { bestTarget, verificationTargetOf } from "../../src/grants/verification-target.ts";
import { namespace } from "../entitlement/objects.ts";

const digest = `sha256:${"a".repeat(64)}`;

describe("the image that a token is tried with", () => {
  it("is none where a Static entry names none, which then opens no connection", () => {
    expect(verificationTargetOf({ provider: "Static" }, ["ghcr.io"], namespace())).toBeUndefined();
  });

  it.each([
    ["ghcr.io/acme/app:1", ["quay.io", "ghcr.io"], "ghcr.io"],
    ["ghcr.io/acme/app", ["https://GHCR.io/v2/"], "GHCR.io"],
    ["ghcr.io/acme/app", ["ghcr.io/acme"], "ghcr.io/acme"],
    ["localhost:5000/app:1", ["localhost:5000"], "localhost:5000"],
    [`ghcr.io/acme/app@${digest}`, ["ghcr.io"], "ghcr.io"],
    ["busybox", ["docker.io"], "docker.io"],
    ["index.docker.io/acme/app", ["registry-1.docker.io"], "registry-1.docker.io"],
    [
      "111122223333.dkr.ecr.eu-west-3.amazonaws.com/acme/app",
      ["*.dkr.ecr.eu-west-3.amazonaws.com/acme"],
      "111122223333.dkr.ecr.eu-west-3.amazonaws.com",
    ],
  ])("%s is tried with the login of the host among %j that serves it", (image, hosts, host) => {
    expect(verificationTargetOf({ provider: "Static", verify: { image } }, hosts, namespace())).toEqual({
      image,
      host,
    });
  });

  it.each([
    ["ghcr.io/acme/app", ["quay.io"]],
    ["ghcr.io/acmeology/app", ["ghcr.io/acme"]],
    ["ghcr.io:5000/acme/app", ["ghcr.io"]],
    ["evil.example.com/ghcr.io/app", ["ghcr.io"]],
    ["busybox", ["ghcr.io"]],
    ["111122223333.dkr.ecr.eu-west-1.amazonaws.com/app", ["*.dkr.ecr.eu-west-3.amazonaws.com"]],
    ["111122223333.dkr.ecr.eu-west-3.amazonaws.com/app", ["*.dkr.ecr.eu-west-3.amazonaws.com/acme"]],
    ["a.b.dkr.ecr.eu-west-3.amazonaws.com/app", ["*.dkr.ecr.eu-west-3.amazonaws.com"]],
    ["Not An Image", ["ghcr.io"]],
  ])("%s is not asked of %j", (image, hosts) => {
    expect(verificationTargetOf({ provider: "Static", verify: { image } }, hosts, namespace())).toBeUndefined();
  });

  it("is tried with the token servers and the CA that its entry names, a login alone as well", () => {
    const trust = { tokenServers: ["gitlab.corp.example"], caSecretName: "company-ca" };
    const verify = { image: "ghcr.io/acme/app" };
    expect(verificationTargetOf({ provider: "Static", verify, ...trust }, ["ghcr.io"], namespace())).toMatchObject(
      trust,
    );
    expect(verificationTargetOf({ provider: "ECR", ...trust }, ["a.example"], namespace())).toMatchObject(trust);
  });

  it("is none of a cloud whose hosts are all anybody's", () => {
    expect(
      verificationTargetOf({ provider: "ECR" }, ["*.dkr.ecr.eu-west-3.amazonaws.com"], namespace()),
    ).toBeUndefined();
  });

  it("is rendered for the namespace", () => {
    const verify = { image: "ghcr.io/$(namespace.labels['tenant'])/app" };
    expect(
      verificationTargetOf({ provider: "Static", verify }, ["ghcr.io"], namespace({ labels: { tenant: "blue" } })),
    ).toEqual({
      image: "ghcr.io/blue/app",
      host: "ghcr.io",
      ofNamespace: true,
    });
    expect(verificationTargetOf({ provider: "Static", verify }, ["ghcr.io"], namespace())).toBeUndefined();
  });

  it("is asked of the registry itself where the entry serves all", () => {
    expect(
      verificationTargetOf({ provider: "Static", verify: { image: "acme.azurecr.io/app" } }, ["*"], namespace()),
    ).toEqual({
      image: "acme.azurecr.io/app",
      host: "acme.azurecr.io",
    });
  });
});

describe("a cloud's token without an image", () => {
  it.each([
    ["111122223333.dkr.ecr.eu-west-3.amazonaws.com", "111122223333.dkr.ecr.eu-west-3.amazonaws.com"],
    ["gcr.io/acme", "gcr.io"],
    ["registry.example.com:5000/a/b", "registry.example.com:5000"],
    ["docker.io", "docker.io"],
  ])("is tried as a login at %s", (host, domain) => {
    const tried = verificationTargetOf({ provider: "TokenExchange" }, [host, "other.example.com"], namespace());
    expect(tried).toEqual({ image: undefined, host: domain });
  });

  it("is not tried as a login where the image is another registry's", () => {
    const verify = { image: "quay.io/acme/app" };
    expect(verificationTargetOf({ provider: "GCR", verify }, ["gcr.io"], namespace())).toBeUndefined();
  });
});

describe("of the ways in which one grant's token may be tried", () => {
  const login = { image: undefined, host: "a" };
  const pull = { image: "a/b", host: "a" };
  it.each([
    ["the first with an image", [undefined, login, pull, { image: "a/c", host: "a" }], pull],
    ["else the first", [undefined, login, { image: undefined, host: "b" }], login],
    ["else none", [undefined], undefined],
  ])("%s is taken", (_which, targets, expected) => {
    expect(bestTarget(targets)).toEqual(expected);
  });
});
