// Tests that the doctor checks for every policy that the install brings.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { defaultNames } from "../../../src/cli/doctor/install-names.ts";
import { guardrailPolicies } from "../../../src/cli/doctor/guardrails.ts";

const folder = join(import.meta.dirname, "../../../config/restraint");

it("the doctor asks for each policy in config/restraint", () => {
  const objects = globSync("*.yaml", { cwd: folder }).flatMap((file) =>
    parseAllDocuments(readFileSync(join(folder, file), "utf8")).map(
      (document) => document.toJS() as { readonly kind: string; readonly metadata?: { readonly name: string } },
    ),
  );
  const policies = objects.filter(({ kind }) => kind === "ValidatingAdmissionPolicy");
  expect(new Set(policies.map(({ metadata }) => metadata?.name))).toEqual(new Set(guardrailPolicies(defaultNames)));
});
