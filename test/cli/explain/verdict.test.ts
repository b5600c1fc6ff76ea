// Tests that the text of an explanation begins with the verdict, and lists each image, each fix once, and what was not seen.
import { describe, expect, it } from "vitest";
import type { Blocker } from "../../../src/cli/explain/blocker.ts";
import { explainText, noSuchPod } from "../../../src/cli/explain/explain-text.ts";
import type { Explanation } from "../../../src/cli/explain/explanation.ts";
import type { ImageFinding } from "../../../src/cli/explain/image-finding.ts";
import { kubectl } from "../../../src/runtime/steps.ts";
import { terminal } from "../../../src/cli/terminal/terminal.ts";
import { now } from "./situation.ts";

const plain = terminal({ write: () => true, columns: 400 }, { NO_COLOR: "1" });
const until = now.add({ hours: 2 });
const blocker: Blocker = {
  reason: "NoEntry",
  why: "nobody serves it",
  cause: "Platform",
  others: 0,
  remedy: { change: "look", commands: [kubectl`regcred status`] },
};
const yes = (image: string, end?: Temporal.Instant): ImageFinding => ({
  image,
  answer: "yes",
  login: { name: "acme/hub", secret: "regcred", expiresAt: end },
  until: end,
});
const no = (image: string, more: Partial<Blocker> = {}): ImageFinding => ({
  image,
  answer: "no",
  blocker: { ...blocker, ...more },
});
const unknown = (image: string, of?: Blocker): ImageFinding => ({
  image,
  answer: "unknown",
  why: "it hides",
  blocker: of,
});

function linesOf(
  answer: Explanation["answer"],
  images: readonly ImageFinding[],
  more: Partial<Explanation> = {},
  called: ReadonlyMap<string, string> = new Map(),
): readonly string[] {
  const none = { blocker: undefined, until: undefined, onNode: [], unseen: [] };
  return explainText({ subject: "pod a/b", answer, images, ...none, ...more }, called, now, plain).split("\n");
}
const fix = ["", "To fix it", "  look", "    kubectl regcred status"];

describe("the first line", () => {
  it("says yes, and until when", () => {
    expect(linesOf("yes", [yes("nginx", until)], { until })).toEqual([
      "YES: pod a/b can pull nginx, with logins valid until 2026-11-30T14:00Z (2h left).",
      "  yes      nginx",
      "           from acme/hub, in the Secret regcred, valid until 2026-11-30T14:00Z (2h left)",
      "",
    ]);
    expect(linesOf("yes", [yes("nginx"), yes("redis")])).toEqual([
      "YES: pod a/b can pull all 2, with logins that name no expiry.",
      "  yes      nginx",
      "           from acme/hub, in the Secret regcred, no expiry named",
      "  yes      redis",
      "           from acme/hub, in the Secret regcred, no expiry named",
      "",
    ]);
  });

  it("says no of the first that cannot be pulled, and how many more there are", () => {
    expect(linesOf("no", [yes("nginx"), no("redis"), unknown("php"), no("Odd")])).toEqual([
      "NO: pod a/b cannot pull redis (and 1 more): nobody serves it.",
      "  yes      nginx",
      "           from acme/hub, in the Secret regcred, no expiry named",
      "  no       redis",
      "           NoEntry: nobody serves it (the platform team can fix it)",
      "  unknown  php",
      "           it hides",
      '  no       "Odd"',
      "           NoEntry: nobody serves it (the platform team can fix it)",
      ...fix,
      "",
    ]);
  });

  it("says that it is not known, and why", () => {
    expect(linesOf("unknown", [unknown("nginx", blocker)])).toEqual([
      "UNKNOWN: pod a/b, nginx: it hides.",
      "  unknown  nginx",
      "           it hides",
      "           NoEntry: nobody serves it (the platform team can fix it)",
      ...fix,
      "",
    ]);
    expect(linesOf("unknown", [])).toEqual([
      "UNKNOWN: pod a/b: there is no RegistryCredential, and no image was named (--image).",
      "",
    ]);
  });

  it("says that nothing can be pulled, and what fixes that", () => {
    expect(linesOf("no", [], { blocker })).toEqual(["NO: pod a/b cannot pull anything: nobody serves it.", ...fix, ""]);
  });

  it("names what an image stands for", () => {
    const called = new Map([["quay.io/image", "the images of quay.io"]]);
    expect(linesOf("no", [no("quay.io/image")], {}, called).slice(0, 2)).toEqual([
      "NO: pod a/b cannot pull the images of quay.io: nobody serves it.",
      "  no       the images of quay.io",
    ]);
  });
});

it("of each fault is said who can fix it, and whom else it hits", () => {
  const saidOf = (more: Partial<Blocker>): string | undefined => linesOf("no", [no("nginx", more)])[2]?.trim();
  expect(saidOf({ cause: "Tenant" })).toBe("NoEntry: nobody serves it (the tenant can fix it)");
  expect(saidOf({ others: 1 })).toBe(
    "NoEntry: nobody serves it (the platform team can fix it; it hits 1 other namespace)",
  );
  expect(saidOf({ others: 2 })).toBe(
    "NoEntry: nobody serves it (the platform team can fix it; it hits 2 other namespaces)",
  );
});

it("a fix that nothing is typed for is listed as well", () => {
  const byHand = { remedy: { change: "ask for it", commands: [] } };
  expect(linesOf("no", [no("a", byHand)]).slice(-4)).toEqual(["", "To fix it", "  ask for it", ""]);
});

it("fixes that differ are all listed, in the order of their images", () => {
  const other = { remedy: { change: "look", commands: [kubectl`regcred doctor`] } };
  expect(linesOf("no", [no("a"), no("b", other), no("c")]).slice(-6)).toEqual([
    "To fix it",
    "  look",
    "    kubectl regcred status",
    "  look",
    "    kubectl regcred doctor",
    "",
  ]);
});

it("what decides on the node, and what was not seen, comes last under titles of its own", () => {
  expect(linesOf("yes", [yes("nginx")], { onNode: ["It may be there."], unseen: ["A.", "B."] }).slice(3)).toEqual([
    "",
    "On the node",
    "  It may be there.",
    "",
    "Not seen",
    "  A.",
    "  B.",
    "",
  ]);
});

it("a pod that is not there is answered with how to list those that are", () => {
  expect(noSuchPod("team-a", "web")).toBe(
    "NO: there is no pod team-a/web: kubectl get pods -n team-a lists those that are there.\n",
  );
});
