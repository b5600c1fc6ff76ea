// Tests that `explain` says of an image by which login it can be pulled until when, or what stands between.
import { describe, expect, it } from "vitest";
import { imageFinding } from "../../../src/cli/explain/image-finding.ts";
import type { ExplainInput } from "../../../src/cli/explain/input.ts";
import type { CredentialRecord } from "../../../src/cluster/records.ts";
import { account, credential, entry, now, ours, pod, secret, secrets, seen, situation, told } from "./situation.ts";

const of = (image: string, more: Partial<ExplainInput> = {}): object => {
  const finding = imageFinding(situation(more), image);
  return "blocker" in finding && finding.blocker ? { ...finding, blocker: told(finding.blocker) } : finding;
};
const at = (hours: number): string => now.add({ hours }).toString();
const references = (...names: readonly string[]): Partial<ExplainInput> => ({
  serviceAccount: account({ references: names }),
});
const holds = (...logins: Parameters<typeof ours>[1][]): Partial<ExplainInput> => ({
  secrets: secrets(ours("regcred", ...logins)),
});
const quay = entry({ name: "quay", hosts: ["quay.io"] });
const named = (name: string, spec: object = {}, more: object = {}): CredentialRecord =>
  credential({ name, spec, ...more });

describe("an image can be pulled", () => {
  it("with the login that is there, until it ends", () => {
    expect(of("nginx", holds({ expires: at(1) }))).toEqual({
      image: "nginx",
      answer: "yes",
      login: { name: "acme/hub", secret: "regcred", expiresAt: now.add({ hours: 1 }) },
      until: now.add({ hours: 1 }),
    });
  });

  it.each([
    [[at(1), at(3), at(2)], now.add({ hours: 3 })],
    [[at(3), at(1)], now.add({ hours: 3 })],
    [[undefined, at(3)], undefined],
    [[at(3), undefined], undefined],
    [[at(-1), at(2)], now.add({ hours: 2 })],
  ])("with those that end at %j until the last of them has", (ends, until) => {
    const logins = ends.map((expires) => (expires === undefined ? {} : { expires }));
    expect(of("nginx", holds(...logins))).toMatchObject({ answer: "yes", until });
  });

  it("with the first that a kubelet tries of those that end at once", () => {
    const two = holds({ name: "acme/hub", expires: at(1) }, { name: "acme/other", expires: at(1) });
    expect(of("nginx", two)).toMatchObject({ login: { name: "acme/hub" } });
    const endless = holds({ name: "acme/hub" }, { name: "acme/other" });
    expect(of("nginx", endless)).toMatchObject({ login: { name: "acme/hub" } });
  });

  it("with a login of another Secret that is referred to", () => {
    expect(
      of("nginx", { ...references("gone", "pull"), secrets: secrets(ours("pull", {}), ours("other", {})) }),
    ).toMatchObject({ answer: "yes", login: { secret: "pull" } });
  });
});

describe("an image cannot be pulled by a login that the registry has refused", () => {
  const verified = entry({ verify: { image: "docker.io/acme/app:1" } });
  const refused = (spec: object = {}, status: object = {}): CredentialRecord =>
    credential({
      spec: { registries: [quay, verified], ...spec },
      status: {
        registries: [
          { name: "quay", identities: 1, failing: 0, state: "Issued" },
          { name: "hub", identities: 1, failing: 0, state: "PublishedUnverified" },
        ],
        namespaces: { selected: 5, ready: 5, pending: 0, failed: 0 },
        ...status,
      },
    });
  const answerOf = (image: string, record: CredentialRecord): object =>
    of(image, { ...holds({}), credentials: [credential({ name: "other" }), record] });

  it("in whatever version, and that hits all", () => {
    expect(answerOf("acme/app:2", refused())).toEqual({
      image: "acme/app:2",
      answer: "no",
      blocker: {
        reason: "VerificationDenied",
        cause: "Platform",
        others: 4,
        why: "the registry refused the login of acme/hub when the operator tried it with docker.io/acme/app:1",
        change: "put a login that may pull it into the source, then have it read again",
        commands: ["kubectl regcred refresh acme"],
      },
    });
    expect(answerOf("acme/app:2", refused({}, { namespaces: undefined }))).toMatchObject({ blocker: { others: 0 } });
  });

  it("but another image can", () => {
    expect(answerOf("acme/other:1", refused())).toMatchObject({ answer: "yes" });
  });

  it.each([
    [
      "the registry takes it now",
      refused({}, { registries: [{ name: "hub", identities: 1, failing: 0, state: "Verified" }] }),
    ],
    ["it is not tried any more", refused({ registries: [entry()] })],
    ["the entry is gone", refused({ registries: [quay] })],
  ])("but it can where %s", (_when, record) => {
    expect(answerOf("acme/app:1", record)).toMatchObject({ answer: "yes" });
  });

  it("but it can where each namespace tries an image of its own", () => {
    const perTenant = entry({ verify: { image: "docker.io/acme/app:$(namespace.name)" } });
    expect(answerOf("acme/app:1", refused({ registries: [perTenant] }))).toMatchObject({ answer: "yes" });
  });
});

describe("a login that has ended is told of", () => {
  const expired = holds({ expires: at(0) });

  it("with what keeps its successor away", () => {
    expect(of("nginx", { ...expired, credentials: [credential({ spec: { suspend: true } })] })).toMatchObject({
      answer: "no",
      blocker: {
        reason: "Suspended",
        why: "the login of acme/hub in the Secret regcred expired at 2026-11-30T12:00:00Z: RegistryCredential acme is suspended, so nothing is written to tenants",
      },
    });
  });

  it.each([
    ["its RegistryCredential", [credential({ name: "other" })]],
    ["its entry", [credential({ spec: { registries: [quay] } })]],
  ])("though %s is gone", (_what, credentials) => {
    expect(of("nginx", { ...expired, credentials })).toEqual({
      image: "nginx",
      answer: "no",
      blocker: {
        reason: "TokenExpired",
        cause: "Platform",
        others: 0,
        why: "the login of acme/hub in the Secret regcred expired at 2026-11-30T12:00:00Z, and its RegistryCredential is not there any more, or could not be read",
        change: "see whether it should be there",
        commands: ["kubectl regcred status"],
      },
    });
  });
});

describe("of several entries that could serve an image", () => {
  it("the one that has come farthest is told of, wherever it stands", () => {
    const all = [
      named("far", { namespaces: { include: ["other"] } }),
      named("near", { suspend: true }),
      named("going", {}, { metadata: { deletionTimestamp: "2026-11-30T11:00:00Z" } }),
    ];
    for (const credentials of [all, all.toReversed()]) {
      expect(of("nginx", { credentials })).toMatchObject({ blocker: { reason: "Suspended" } });
    }
  });

  it("one that takes what its source holds is told of only where none names the host", () => {
    const any = named("any", { registries: [entry({ name: "any", hosts: ["*"] })] });
    const credentials = [any, named("hub", { namespaces: { include: ["other"] } })];
    expect(of("nginx", { credentials })).toMatchObject({ blocker: { reason: "NotSelected" } });
    expect(of("quay.io/a", { credentials })).toMatchObject({
      blocker: { reason: "Progressing", why: expect.stringContaining("any/any") },
    });
  });

  it("one that has served, under a name that is not referred to, is told of with the missing reference", () => {
    const elsewhere = named("b", { pullSecret: { name: "pull" } });
    const served = {
      ...holds({ hosts: ["quay.io"] }),
      secrets: secrets(ours("pull", { name: "b/hub", expires: at(1) })),
    };
    expect(of("nginx", { ...served, credentials: [named("a", { suspend: true }), elsewhere] })).toMatchObject({
      blocker: { reason: "ReferenceMissing", why: expect.stringContaining("Secret pull") },
    });
    const ended = secrets(ours("pull", { name: "b/hub", expires: at(0) }));
    expect(of("nginx", { secrets: ended, credentials: [elsewhere] })).toMatchObject({
      blocker: { reason: "Progressing" },
    });
  });
});

describe("an image that no entry is for", () => {
  it("is served once its host is added to the only one", () => {
    expect(of("quay.io/a", { imagesAsked: true })).toEqual({
      image: "quay.io/a",
      answer: "no",
      blocker: {
        reason: "NoEntry",
        cause: "Platform",
        others: 0,
        why: "no RegistryCredential has an entry for quay.io, so only what everybody may pull there can be pulled",
        change: "if the platform is to serve it, add the host to an entry, or write a RegistryCredential for it",
        commands: [
          `kubectl patch regcred acme --type=json -p '[{"op":"add","path":"/spec/registries/0/hosts/-","value":"quay.io"}]'`,
        ],
      },
    });
  });

  it("is a pod's word, which is not put into a command", () => {
    expect(of("quay.io/a")).toMatchObject({
      blocker: { commands: [expect.stringContaining('"value":"HOST"')] },
    });
  });

  it.each([
    ["there are two to choose from", [credential(), credential({ name: "other" })]],
    ["there is none", []],
    [
      "the only one has no room",
      [credential({ spec: { registries: [entry({ hosts: Array.from({ length: 16 }, (_, at) => `r${at}.io`) })] } })],
    ],
  ])("has no command where %s", (_when, credentials) => {
    expect(of("quay.io/a", { credentials, imagesAsked: true })).toMatchObject({
      blocker: { reason: "NoEntry", commands: [] },
    });
  });

  it("may be in a spec that cannot be read, which is named", () => {
    const unread = (name: string): CredentialRecord => credential({ name, spec: { registries: [] } });
    expect(of("quay.io/a", { credentials: [unread("x"), credential(), unread("y")], imagesAsked: true })).toMatchObject(
      {
        blocker: {
          why: "no RegistryCredential has an entry for quay.io, so only what everybody may pull there can be pulled; the spec of x, y cannot be read",
          commands: [expect.stringContaining("patch regcred acme")],
        },
      },
    );
  });
});

describe("it is not known whether an image can be pulled", () => {
  it("where the ServiceAccount was not seen", () => {
    expect(of("nginx", { serviceAccount: { seen: "hidden" } })).toEqual({
      image: "nginx",
      answer: "unknown",
      why: "the ServiceAccount could not be read",
      blocker: undefined,
    });
  });

  it("where a Secret was not seen, or is not ours", () => {
    const some: ExplainInput["secrets"] = new Map([
      ["hidden", { seen: "hidden" }],
      ["own", seen(secret("own"))],
      ["gone", { seen: "absent" }],
    ]);
    expect(of("nginx", { ...references("hidden", "own", "gone"), secrets: some })).toMatchObject({
      answer: "unknown",
      why: "the Secret hidden could not be read; the Secret own is not regcred's, and what it holds was not read (--read-secrets reads its hosts)",
      blocker: { reason: "Progressing" },
    });
  });

  it("where a Secret that is not ours has a login for it", () => {
    const own = (...hosts: readonly string[]): Partial<ExplainInput> => ({
      ...references("own"),
      secrets: secrets(secret("own", { hosts })),
    });
    expect(of("quay.io/a", own("docker.io", "quay.io"))).toMatchObject({
      answer: "unknown",
      why: "the Secret own, which is not regcred's, has a login for it, which was not tried (`verify` tries it)",
      blocker: { reason: "NoEntry" },
    });
    expect(of("quay.io/a", own("docker.io"))).toMatchObject({ answer: "no" });
  });

  it("where something of ours was merged into the Secret, beside whatever else it holds", () => {
    const merged = ours("regcred", { hosts: ["docker.io"] });
    const annotations = { ...merged.annotations, "regcred.dev/managed": JSON.stringify({ hosts: ["docker.io"] }) };
    expect(of("quay.io/a", { secrets: secrets({ ...merged, annotations }) })).toMatchObject({ answer: "unknown" });
    expect(of("quay.io/a", { secrets: secrets(merged) })).toMatchObject({ answer: "no" });
  });
});

it("an image that no registry can have is the tenant's to mend", () => {
  expect(of("Nginx:1")).toMatchObject({
    image: "Nginx:1",
    answer: "no",
    blocker: {
      reason: "InvalidImage",
      cause: "Tenant",
      others: 0,
      why: expect.stringMatching(/^the image reference "Nginx:1" /),
      change: "write it right in the pod's template",
      commands: [],
    },
  });
});

it("a ServiceAccount that is not there refers to nothing, and a pod has a list of its own", () => {
  const served = holds({});
  expect(of("nginx", { ...served, serviceAccount: { seen: "absent" } })).toMatchObject({ answer: "no" });
  expect(of("nginx", { ...served, pod: pod({ pullSecrets: [] }) })).toMatchObject({
    blocker: { reason: "PodTooEarly" },
  });
  expect(of("nginx", { ...served, serviceAccount: { seen: "hidden" }, pod: pod() })).toMatchObject({ answer: "yes" });
});
