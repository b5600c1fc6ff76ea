// Tests that each wrong name in a query is found.
import { expect, it } from "vitest";
import { unknownNames } from "./unknown-names.ts";

it.each([
  ["sum by (credential) (regcred_suspended)", []],
  ["rate(regcred_suspendet[5m])", ["metric regcred_suspendet"]],
  ['regcred_suspended{credential="a", entry!="b"}', ["label entry"]],
  ["max by (name) (regcred_suspended)", ["label name"]],
  ["sum by (le) (rate(workqueue_queue_duration_seconds_bucket[5m]))", []],
  ["sum by (le) (regcred_suspended)", ["label le"]],
  ["workqueue_queue_duration_seconds", ["metric workqueue_queue_duration_seconds"]],
  ["regcred_suspended_count", ["metric regcred_suspended_count"]],
])("of %s", (expression, unknown) => {
  expect(unknownNames(expression)).toEqual(unknown);
});

it("of what is shown beside it", () => {
  expect(unknownNames("regcred_suspended", ["credential", "instance", "kind"])).toEqual(["label kind"]);
});
