// Tests that nobody can inject text into the output of `doctor` who may only write names and annotations.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writersIn } from "../../../src/cli/doctor/namespace-writers.ts";
import { orphansFound } from "../../../src/cli/doctor/orphans.ts";
import { credentialsAreWell } from "../../../src/cli/doctor/operation.ts";
import { transformCredential } from "../../../src/cluster/transform/credential.ts";
import { minimal, stored } from "../../api/registry-credential.ts";
import { obeyedIn } from "../../foreign-texts.ts";
import { hostile, sessionOn, written } from "../hostile-cluster.ts";

describe("doctor", () => {
  it("quotes what a Secret says of its credentials", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (objects) => {
        const { message, commands } = await orphansFound(sessionOn(objects).session, [], false);
        expect(obeyedIn(message)).toEqual([]);
        expect(message).toMatch(
          /1 pull Secrets are left .*\(team-a\/regcred of "[^"]*"\); a credential of the same name/,
        );
        expect(commands.map(({ argv }) => argv.join(" "))).toEqual(["kubectl regcred doctor --fix"]);
      }),
      { numRuns: 100 },
    );
  });

  it("shows the names in a tenant's bindings as one line of printable characters", () => {
    fc.assert(
      fc.property(written, (name) => {
        const rules = [{ apiGroups: [""], resources: ["namespaces"], verbs: ["update"] }];
        const metadata = { name: "own", namespace: "team-a" };
        const { subjects } = writersIn(
          [{ metadata, rules }],
          [{ metadata, roleRef: { kind: "Role", name: "own" }, subjects: [{ kind: "User", name }] }],
        );
        expect(subjects).toHaveLength(1);
        expect(obeyedIn(subjects.join(""))).toEqual([]);
      }),
    );
  });

  it("takes no command out of what a credential says of itself", () => {
    fc.assert(
      fc.property(written, (message) => {
        const conditions = [
          { type: "Ready", status: "False", reason: "X", message, lastTransitionTime: "2026-01-01T00:00:00Z" },
        ];
        const record = transformCredential(stored({ ...minimal, status: { observedGeneration: 1, conditions } }));
        const [finding] = credentialsAreWell([record], Temporal.Instant.from("2026-01-01T00:00:00Z"));
        expect(finding?.commands.map(({ argv }) => argv.join(" "))).toEqual(["kubectl regcred status minimal"]);
      }),
    );
  });
});
