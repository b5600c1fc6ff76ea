// Tests that an explanation for machines keeps the names of its fields.
import { expect, it } from "vitest";
import { explanationJson } from "../../../src/cli/explain/explain-text.ts";
import type { Blocker } from "../../../src/cli/explain/blocker.ts";
import { kubectl } from "../../../src/runtime/steps.ts";

const blocker: Blocker = {
  reason: "NoEntry",
  why: "no entry is for it",
  cause: "Platform",
  others: 0,
  remedy: { change: "look", commands: [kubectl`regcred status`] },
};

it("an explanation for machines calls a blocker obstacle, as scripts know it, and writes commands as they are typed", () => {
  const obstacle = { ...blocker, remedy: { change: "look", commands: ["kubectl regcred status"] } };
  const image = { image: "quay.io/a", answer: "no", blocker } as const;
  const text = explanationJson({
    answer: "no",
    subject: "pod a/b",
    images: [image],
    blocker,
    until: undefined,
    onNode: [],
    unseen: [],
  });
  expect(JSON.parse(text)).toEqual({
    answer: "no",
    subject: "pod a/b",
    images: [{ image: "quay.io/a", answer: "no", obstacle }],
    onNode: [],
    unseen: [],
    obstacle,
  });
});
