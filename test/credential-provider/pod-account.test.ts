// Tests that the pod is known by what its token says, and that a token meant for another audience is refused.
import { describe, expect, it } from "vitest";
import { podAccount } from "../../src/credential-provider/pod-account.ts";
import { audience, issuer, now, tokenOf } from "./node.ts";

describe("a pod's token", () => {
  it("names its ServiceAccount and who has signed it", () => {
    expect(podAccount(tokenOf(), audience, now)).toEqual({
      ok: true,
      account: { namespace: "team-a", name: "builder", uid: "u-1", issuer },
    });
  });

  it("may be for further audiences, or name its one as a text", () => {
    expect(podAccount(tokenOf({ aud: ["other", audience] }), audience, now).ok).toBe(true);
    expect(podAccount(tokenOf({ aud: audience }), audience, now).ok).toBe(true);
  });

  it.each([
    ["of no form", "hunter2", /^is no JSON Web Token$/],
    [
      "for another audience",
      tokenOf({ aud: ["sts.amazonaws.com"] }),
      /^is for the audience "sts.amazonaws.com", not for pull.example.com: write serviceAccountTokenAudience: pull.example.com in tokenAttributes/,
    ],
    ["for nobody", tokenOf({ aud: undefined }), /for the audience \(none\), not for/],
    ["for an audience that only begins so", tokenOf({ aud: [`${audience}.evil`] }), /not for pull.example.com/],
    ["that has ended", tokenOf({ exp: now.epochMilliseconds / 1000 }), /has ended/],
    ["without an end", tokenOf({ exp: undefined }), /names no end/],
    ["of a person", tokenOf({ "kubernetes.io": undefined }), /names no ServiceAccount/],
    ["without a namespace", tokenOf({}, { namespace: "" }), /names no ServiceAccount/],
    ["with a path for a namespace", tokenOf({}, { namespace: "../etc" }), /names no ServiceAccount/],
    ["with a path for a name", tokenOf({}, { serviceaccount: { name: "a/b", uid: "u" } }), /names no ServiceAccount/],
    ["without a uid", tokenOf({}, { serviceaccount: { name: "builder" } }), /names no ServiceAccount/],
    ["without an issuer", tokenOf({ iss: undefined }), /names no ServiceAccount/],
  ])("is refused: one %s", (_, token, problem) => {
    const read = podAccount(token, audience, now);
    expect(read.ok ? "" : read.problem).toMatch(problem);
    expect(JSON.stringify(read)).not.toContain("hunter2");
  });
});
