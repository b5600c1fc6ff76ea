// Tests that a request of the kubelet is read as it means it, and anything else refused with how to fix it.
import { describe, expect, it } from "vitest";
import { parseRequest } from "../../src/credential-provider/request.ts";
import { requestText } from "./node.ts";

const problemIn = (text: string): string => {
  const read = parseRequest(text);
  return read.ok ? "" : read.problem;
};

describe("a request", () => {
  it("has an image, a token that is never printed, and annotations", () => {
    const read = parseRequest(requestText({ serviceAccountToken: "hunter2", serviceAccountAnnotations: { a: "b" } }));
    expect(read).toMatchObject({ ok: true, request: { image: "docker.io/acme/app", annotations: { a: "b" } } });
    expect(JSON.stringify(read)).not.toContain("hunter2");
    expect(read.ok && read.request.token?.reveal()).toBe("hunter2");
  });

  it.each([{}, { serviceAccountToken: "", serviceAccountAnnotations: null }, { serviceAccountToken: null }])(
    "has neither token nor annotations where the kubelet leaves them empty: %j",
    (changes) => {
      expect(parseRequest(requestText(changes))).toEqual({
        ok: true,
        request: { image: "docker.io/acme/app", token: undefined, annotations: {} },
      });
    },
  );

  it.each([
    ["", /is empty: this command is started by the kubelet/],
    [" \n", /is empty/],
    [requestText().slice(0, -10), /holds no whole CredentialProviderRequest: it is cut off/],
    ["[]", /holds no whole/],
    ["null", /holds no whole/],
    [requestText({ kind: "CredentialProviderResponse" }), /of the kind "CredentialProviderResponse", not/],
    [requestText({ kind: undefined }), /of the kind \(none\)/],
    [
      requestText({ apiVersion: "credentialprovider.kubelet.k8s.io/v1beta1" }),
      /version "credentialprovider.kubelet.k8s.io\/v1beta1": write apiVersion: credentialprovider.kubelet.k8s.io\/v1 /,
    ],
    [requestText({ apiVersion: 1 }), /of the version \(none\)/],
    [requestText({ image: undefined }), /names no image/],
    [requestText({ image: "" }), /names no image/],
    [requestText({ image: 7 }), /names no image/],
    [
      requestText({ image: "https://ghcr.io/a" }),
      /the image "https:\/\/ghcr.io\/a" of the request starts with a scheme/,
    ],
    [requestText({ serviceAccountToken: { hunter2: 1 } }), /serviceAccountToken is no text/],
    [requestText({ serviceAccountAnnotations: ["hunter2"] }), /serviceAccountAnnotations are no map of texts/],
    [requestText({ serviceAccountAnnotations: { a: 1 } }), /are no map of texts/],
  ])("is refused: %s", (text, problem) => {
    expect(problemIn(text)).toMatch(problem);
    expect(problemIn(text)).not.toContain("hunter2");
  });
});
