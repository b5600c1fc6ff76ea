// Tests that advice to run the doctor names the namespace of the operator.
import { expect, it } from "vitest";
import { seeWhetherItRuns } from "../../../src/cli/terminal/sentences.ts";

it.each([
  [undefined, "kubectl regcred doctor"],
  ["regcred-system", "kubectl regcred doctor"],
  ["registry-logins", "kubectl regcred doctor --namespace=registry-logins"],
])("in %s: %s", (namespace, command) => {
  expect(seeWhetherItRuns(namespace)).toBe(`see whether it runs: ${command}`);
});
