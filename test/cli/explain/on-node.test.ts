// Tests that `explain` says what decides on a node besides the pod's own logins.
import { describe, expect, it } from "vitest";
import { onNode } from "../../../src/cli/explain/on-node.ts";
import { podView } from "../../../src/cli/explain/views.ts";

const pod = (containers: readonly object[], pullSecrets: readonly string[] = ["regcred"]) =>
  podView({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "team-a", uid: "u-1", resourceVersion: "1" },
    spec: { containers, imagePullSecrets: pullSecrets.map((name) => ({ name })) },
  });
const no = { image: "a", answer: "unknown", why: "", blocker: undefined } as const;

describe("on the node", () => {
  it("nothing else decides about a pod that always asks with one login", () => {
    expect(onNode(pod([{ image: "a", imagePullPolicy: "Always" }]), [])).toEqual([]);
  });

  it("an image that is there may be used without a login", () => {
    const [sentence] = onNode(pod([{ image: "a", imagePullPolicy: "IfNotPresent" }]), []);
    expect(sentence).toMatch(
      /^A node that has "a" already \(IfNotPresent\) asks no registry, and lets any pod have it/,
    );
  });

  it("an image is never pulled where the pod says so, though another container would", () => {
    const both = ["Never", "Always", "IfNotPresent"].map((imagePullPolicy) => ({ image: "a", imagePullPolicy }));
    expect(onNode(pod(both), [])).toEqual([expect.stringMatching(/^Of "a" \(Never\) nothing is ever pulled/)]);
  });

  it("several logins are tried in turn", () => {
    expect(onNode(pod([], ["own", "regcred"]), [])).toEqual([
      expect.stringContaining("in the order of imagePullSecrets"),
    ]);
  });

  it("its own logins come last, where none of the pod's serves", () => {
    expect(onNode(pod([]), [no])).toEqual([expect.stringContaining("config.json and credential providers")]);
  });

  it("four images are not all named, three are", () => {
    const four = ["a", "b", "c", "d"].map((image) => ({ image, imagePullPolicy: "IfNotPresent" }));
    expect(onNode(pod(four), [])[0]).toContain('has "a", "b", "c" and 1 more already');
    expect(onNode(pod(four.slice(1)), [])[0]).toContain('has "b", "c", "d" already');
  });
});
