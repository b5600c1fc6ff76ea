// Tests that `explain` makes one answer of all images, and says what it did not get to see.
import { describe, expect, it } from "vitest";
import { type Explanation, explanationOf } from "../../../src/cli/explain/explanation.ts";
import { type ExplainInput, imagesOfHosts, referencesOf } from "../../../src/cli/explain/input.ts";
import { account, credential, entry, namespace, now, ours, pod, secrets, situation, told } from "./situation.ts";

const explained = (more: Partial<ExplainInput>): Explanation => explanationOf(situation(more));
const in1h = now.add({ hours: 1 });
const in2h = now.add({ hours: 2 });
const served = secrets(
  ours(
    "regcred",
    { expires: in2h.toString() },
    { hosts: ["quay.io"], expires: in1h.toString() },
    { hosts: ["ghcr.io"] },
  ),
);
const unread = { serviceAccount: { seen: "hidden" } } as const;

describe("the answer", () => {
  it("is yes where each image can be pulled, until the first login ends", () => {
    expect(explained({ secrets: served, images: ["nginx", "quay.io/a", "ghcr.io/a", "nginx"] })).toMatchObject({
      answer: "yes",
      subject: "ServiceAccount team-a/default",
      images: [{ image: "nginx" }, { image: "quay.io/a" }, { image: "ghcr.io/a" }],
      blocker: undefined,
      until: in1h,
      onNode: [],
      unseen: [],
    });
    expect(explained({ secrets: served, images: ["nginx"] }).until).toEqual(in2h);
    expect(explained({ secrets: served, images: ["ghcr.io/a"] })).toMatchObject({ answer: "yes", until: undefined });
  });

  it("is no where one cannot, whatever of the others", () => {
    const images = ["nginx", "gcr.io/a"];
    expect(explained({ secrets: served, images })).toMatchObject({ answer: "no", until: in2h });
  });

  it("is unknown where one is, and where there is none", () => {
    expect(explained({ ...unread, secrets: served })).toMatchObject({ answer: "unknown" });
    expect(explained({ images: [] })).toMatchObject({ answer: "unknown", images: [] });
    const some = new Map([...served, ["own", { seen: "hidden" }] as const]);
    const mixed = { secrets: some, serviceAccount: account({ references: ["own", "regcred"] }) };
    expect(explained({ ...mixed, images: ["nginx", "gcr.io/a"] })).toMatchObject({ answer: "unknown" });
    expect(explained({ ...mixed, images: ["gcr.io/a", "Gcr.io/A"] })).toMatchObject({ answer: "no" });
  });

  it("is about the pod, where one was named, and then about its node", () => {
    const asked = { pod: pod({ pullSecrets: ["regcred", "own"] }), secrets: served };
    expect(explained(asked)).toMatchObject({ subject: "pod team-a/web", onNode: [expect.stringContaining("several")] });
    expect(explained({ ...asked, namespace: { seen: "absent" } }).onNode).toEqual([]);
  });
});

describe("no image is looked at", () => {
  const blockerOf = (state: ExplainInput["namespace"]): object | undefined => {
    const { answer, images, blocker } = explained({ namespace: state, secrets: served });
    return blocker && { answer, images, ...told(blocker) };
  };

  it("where there is no namespace", () => {
    expect(blockerOf({ seen: "absent" })).toEqual({
      answer: "no",
      images: [],
      reason: "NamespaceMissing",
      cause: "Tenant",
      others: 0,
      why: "there is no namespace team-a",
      change: "create it",
      commands: ["kubectl create namespace team-a"],
    });
  });

  it("where the namespace is being deleted", () => {
    expect(blockerOf(namespace({ terminating: true }))).toEqual({
      answer: "no",
      images: [],
      reason: "NamespaceTerminating",
      cause: "Tenant",
      others: 0,
      why: "namespace team-a is being deleted, so nothing can be created in it",
      change: "use another one",
      commands: [],
    });
  });

  it("but where the namespace may not be seen it is", () => {
    expect(blockerOf({ seen: "hidden" })).toBeUndefined();
    expect(blockerOf(namespace())).toBeUndefined();
  });
});

describe("what was not seen is named", () => {
  const hidden = (...names: readonly string[]): Partial<ExplainInput> => ({
    secrets: new Map([...served, ...names.map((name) => [name, { seen: "hidden" }] as const)]),
  });

  it.each<readonly [Partial<ExplainInput>, string]>([
    [
      { allCredentials: false },
      "RegistryCredentials could not be listed; only those that the Secrets name were looked at.",
    ],
    [
      { accountsSeen: false },
      "A ServiceAccount that an entry's identity names could not be read, so whether the entry fits is not known.",
    ],
    [
      { namespace: { seen: "hidden" } },
      "The labels of namespace team-a could not be read, so whether a credential selects it is not known.",
    ],
    [unread, "ServiceAccount default could not be read."],
    [hidden("a"), "The Secret a could not be read."],
    [hidden("a", "b"), "The Secrets a, b could not be read."],
    [hidden("a", "b", "c", "d", "e"), "The Secrets a, b, c, d, e could not be read."],
    [hidden("a", "b", "c", "d", "e", "f", "g"), "The Secrets a, b, c, d, e and 2 more could not be read."],
  ])("%j", (more, sentence) => {
    expect(explained(more).unseen).toEqual([sentence]);
  });
});

describe("what refers to Secrets", () => {
  it("is the pod's list, else the ServiceAccount's, as far as it is known", () => {
    const listed = { serviceAccount: account({ references: ["a"] }) };
    expect(referencesOf(situation({ ...listed, pod: pod({ pullSecrets: ["b"] }) }))).toEqual(["b"]);
    expect(referencesOf(situation(listed))).toEqual(["a"]);
    expect(referencesOf(situation({ serviceAccount: { seen: "absent" } }))).toEqual([]);
    expect(referencesOf(situation(unread))).toBeUndefined();
  });
});

describe("images that nobody has named are those of the hosts", () => {
  const hosts = (name: string, include: readonly string[], ...all: readonly string[]) =>
    credential({ name, spec: { registries: [entry({ hosts: all })], namespaces: { include } } });
  const ofHosts = (more: Partial<ExplainInput>): object => [...imagesOfHosts(situation(more))];
  const credentials = [hosts("a", ["team-*"], "quay.io", "*", "*.acme.io"), hosts("b", ["other"], "ghcr.io")];
  const ofA = [
    ["quay.io/image", "the images of quay.io"],
    ["x.acme.io/image", "the images of *.acme.io"],
  ];
  const ofB = ["ghcr.io/image", "the images of ghcr.io"];

  it("of the RegistryCredentials that select the namespace", () => {
    expect(ofHosts({ credentials: [credential({ spec: { registries: [] } }), ...credentials] })).toEqual(ofA);
  });

  it("of all where none does, or where it was not seen", () => {
    expect(ofHosts({ credentials, namespace: namespace({ name: "third" }) })).toEqual([...ofA, ofB]);
    expect(ofHosts({ credentials, namespace: { seen: "hidden" } })).toEqual([...ofA, ofB]);
  });
});
