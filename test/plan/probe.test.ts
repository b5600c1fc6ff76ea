// Is a token tried with an image that it is meant for, and with no other?
import { describe, expect, it } from "vitest";
import { probeOf } from "../../src/plan/probe.ts";
import { namespace } from "./objects.ts";

const digest = `sha256:${"a".repeat(64)}`;

describe("the image that a token is tried with", () => {
  it("is none where the entry names none", () => {
    expect(probeOf({}, ["ghcr.io"], namespace())).toBeUndefined();
  });

  it.each([
    ["ghcr.io/acme/app:1", ["quay.io", "ghcr.io"], "ghcr.io"],
    ["ghcr.io/acme/app", ["https://GHCR.io/v2/"], "ghcr.io"],
    ["ghcr.io/acme/app", ["ghcr.io/acme"], "ghcr.io/acme"],
    ["localhost:5000/app:1", ["localhost:5000"], "localhost:5000"],
    [`ghcr.io/acme/app@${digest}`, ["ghcr.io"], "ghcr.io"],
    ["busybox", ["docker.io"], "docker.io"],
    ["index.docker.io/acme/app", ["registry-1.docker.io"], "docker.io"],
  ])("%s is tried with the login of the host among %j that serves it", (image, hosts, host) => {
    expect(probeOf({ verify: { image } }, hosts, namespace())).toEqual({ image, host });
  });

  it.each([
    ["ghcr.io/acme/app", ["quay.io"]],
    ["ghcr.io/acmeology/app", ["ghcr.io/acme"]],
    ["ghcr.io:5000/acme/app", ["ghcr.io"]],
    ["evil.example.com/ghcr.io/app", ["ghcr.io"]],
    ["busybox", ["ghcr.io"]],
    ["Not An Image", ["ghcr.io"]],
  ])("%s is not asked of %j", (image, hosts) => {
    expect(probeOf({ verify: { image } }, hosts, namespace())).toBeUndefined();
  });

  it("is rendered for the namespace", () => {
    const verify = { image: "ghcr.io/$(namespace.labels['tenant'])/app" };
    expect(probeOf({ verify }, ["ghcr.io"], namespace({ labels: { tenant: "blue" } }))).toEqual({
      image: "ghcr.io/blue/app",
      host: "ghcr.io",
    });
    expect(probeOf({ verify }, ["ghcr.io"], namespace())).toBeUndefined();
  });

  it("is asked of the registry itself where the entry serves all", () => {
    expect(probeOf({ verify: { image: "acme.azurecr.io/app" } }, ["*"], namespace())).toEqual({
      image: "acme.azurecr.io/app",
      host: "acme.azurecr.io",
    });
  });
});
