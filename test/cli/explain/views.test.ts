// Tests what `explain` takes from a pod and from a Secret.
import { describe, expect, it } from "vitest";
import { podView, secretView } from "../../../src/cli/explain/views.ts";

const metadata = (more: object = {}): object => ({
  namespace: "team-a",
  name: "web",
  uid: "u-1",
  resourceVersion: "1",
  ...more,
});
const owner = (kind: string, controller?: boolean): object => ({ kind, name: "o", uid: "u-2", controller });

describe("a pod", () => {
  const view = (spec: object, ownerReferences?: readonly object[]) =>
    podView({ metadata: metadata({ ownerReferences }), spec });

  it("is taken with the images of all its containers, its account, its references and its owner", () => {
    const spec = {
      serviceAccountName: "builder",
      initContainers: [{ image: "a", imagePullPolicy: "Always" }],
      containers: [{ image: "b", imagePullPolicy: "IfNotPresent" }, {}, { image: "d" }, { imagePullPolicy: "Never" }],
      ephemeralContainers: [{ image: "c" }],
      imagePullSecrets: [{ name: "regcred" }, {}],
    };
    expect(view(spec, [owner("ReplicaSet"), owner("Job")])).toEqual({
      name: "web",
      serviceAccountName: "builder",
      images: ["a", "b", "d", "c"],
      pullPolicies: new Map([
        ["a", "Always"],
        ["b", "IfNotPresent"],
      ]),
      pullSecrets: ["regcred"],
      owner: "ReplicaSet o",
    });
  });

  it("may have none of that", () => {
    expect(view({})).toEqual({
      name: "web",
      serviceAccountName: "default",
      images: [],
      pullPolicies: new Map(),
      pullSecrets: [],
      owner: undefined,
    });
  });

  it.each([
    [["Always", "Never", "IfNotPresent"], "Never"],
    [["IfNotPresent", "Always"], "IfNotPresent"],
    [["Always", "IfNotPresent"], "IfNotPresent"],
  ])("asks of one image as little as the container that asks least: %j", (policies, least) => {
    const containers = policies.map((imagePullPolicy) => ({ image: "a", imagePullPolicy }));
    expect(view({ containers }).pullPolicies).toEqual(new Map([["a", least]]));
  });
});

describe("a Secret", () => {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const view = (more: object = {}, meta: object = {}) => secretView({ metadata: metadata(meta), ...more });

  it("is taken with its marks, and without its content", () => {
    const marks = { labels: { a: "1" }, annotations: { b: "2" } };
    expect(view({}, { ...marks, ownerReferences: [owner("Job"), owner("SealedSecret", true)] })).toEqual({
      name: "web",
      uid: "u-1",
      ...marks,
      terminating: false,
      controller: "SealedSecret o",
      hosts: undefined,
    });
  });

  it("has no controller where its owners do not control it", () => {
    expect(view({}, { ownerReferences: [owner("Job"), owner("Job", false)] }).controller).toBeUndefined();
  });

  it("may be in deletion", () => {
    expect(view({}, { deletionTimestamp: "2026-11-30T12:00:00Z" }).terminating).toBe(true);
  });

  it.each([
    [base64('{"auths":{"quay.io":{},"ghcr.io":{}}}'), ["ghcr.io", "quay.io"]],
    [base64("no json"), []],
    ["%", []],
    [undefined, []],
  ])("whose content was read is taken with the hosts in it: %j", (text, hosts) => {
    const type = "kubernetes.io/dockerconfigjson";
    expect(view({ type, data: { ".dockerconfigjson": text } }).hosts).toEqual(hosts);
  });

  it("whose content was read may hold none", () => {
    expect(view({ type: "Opaque" }).hosts).toEqual([]);
  });
});
