// Tests that a Secret survives being decoded and encoded without losing what is not regcred's.
import { describe, expect, it } from "vitest";
import type { SecretObject } from "../../src/cluster/cluster-api.ts";
import { ownBody, releasedBody } from "../../src/cluster/pull-secret-object.ts";
import { encoded, liveSecret, secretJson } from "../../src/cluster/pull-secret-wire.ts";
import { frozen } from "../entitlement/objects.ts";

const config = '{"auths":{}}';

function secretObject(data: Readonly<Record<string, string>> | undefined): SecretObject {
  return frozen({
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      namespace: "team-a",
      name: "regcred",
      uid: "u",
      resourceVersion: "7",
      labels: { team: "x" },
      annotations: { note: "y" },
      finalizers: ["x/y"],
      ownerReferences: [{ kind: "Job", name: "j", uid: "w", controller: true }],
    },
    type: "kubernetes.io/dockerconfigjson",
    ...(data && { data }),
  });
}

/** Read, released untouched, and written again. */
function again(object: SecretObject): unknown {
  const live = liveSecret(object);
  const { dockerConfig } = live;
  const config = dockerConfig === undefined ? undefined : encoded(dockerConfig);
  return JSON.parse(
    secretJson({ namespace: "team-a", name: "regcred" }, releasedBody(live, dockerConfig), config, live),
  );
}

describe("a Secret that is read and written again", () => {
  it.each([
    ["a docker config", { ".dockerconfigjson": encoded(config) }],
    ["other data beside it", { ".dockerconfigjson": encoded(config), "note.txt": encoded("hello") }],
    ["a docker config that is no text", { ".dockerconfigjson": "//8=" }],
    ["no docker config", { password: encoded("p") }],
  ])("with %s is the same, owners and finalizers included", (_what, data) => {
    const object = secretObject(data);
    const { uid: _uid, ...metadata } = object.metadata;
    expect(again(object)).toEqual({ ...object, metadata });
  });

  it.each([false, true])("is as immutable as it was, if it says so: %s", (immutable) => {
    const object = { ...secretObject({ ".dockerconfigjson": encoded(config) }), immutable };
    expect(again(object)).toHaveProperty("immutable", immutable);
  });

  it("has its docker config decoded and everything else left alone", () => {
    const object = secretObject({ ".dockerconfigjson": encoded(config), "note.txt": "aGVsbG8=" });
    expect(liveSecret(object)).toMatchObject({ dockerConfig: config, otherData: { "note.txt": "aGVsbG8=" } });
  });

  it("may hold nothing at all", () => {
    expect(liveSecret(secretObject(undefined))).toMatchObject({ dockerConfig: undefined, otherData: {} });
  });
});

describe("a new Secret", () => {
  it("names no version, no owner and no finalizer", () => {
    const body = { labels: {}, annotations: {}, type: "t", dockerConfig: config, otherData: {} };
    const json = secretJson(
      { namespace: "team-a", name: "regcred" },
      { ...body, ownerReferences: [], finalizers: [] },
      encoded(config),
    );
    expect(JSON.parse(json)).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace: "team-a", name: "regcred", labels: {}, annotations: {} },
      type: "t",
      data: { ".dockerconfigjson": encoded(config) },
    });
  });
});

it("a Secret of ours names what its own options set, also where others share their annotations", () => {
  const annotations = frozen({ note: "y" });
  const content = { text: config, credentials: ["acme"], entriesText: "[]" };
  const labelsSet = (labels: Readonly<Record<string, string>>): unknown => {
    const body = ownBody({ labels, annotations }, content, undefined);
    return (JSON.parse(body.annotations["regcred.dev/managed"] ?? "") as { readonly labels: unknown }).labels;
  };
  expect([labelsSet({ team: "a" }), labelsSet({}), labelsSet({ stage: "b" })]).toEqual([["team"], [], ["stage"]]);
});
