// Tests that the doctor tells a deletion that hangs from one that has just begun.
import { expect, it } from "vitest";
import { credentialsAreWell } from "../../../src/cli/doctor/operation.ts";
import { transformCredential } from "../../../src/cluster/transform/credential.ts";
import { minimal } from "../../api/registry-credential.ts";
import { minute } from "../../entitlement/objects.ts";

const leaving = transformCredential({
  ...minimal,
  metadata: {
    name: "acme",
    uid: "u",
    generation: 2,
    resourceVersion: "1",
    creationTimestamp: minute(-60).toString(),
    deletionTimestamp: minute(0).toString(),
    finalizers: ["regcred.dev/drain"],
  },
  status: {
    conditions: [
      {
        type: "DrainBlocked",
        status: "True",
        reason: "Rejected",
        message: "team-a keeps it",
        observedGeneration: 2,
        lastTransitionTime: minute(0).toString(),
      },
    ],
  },
});

it.each([
  [4, []],
  [5, ["acme is being deleted for 5m: team-a keeps it"]],
  [90, [expect.stringMatching(/^acme is being deleted for .*: team-a keeps it$/)]],
])("after %i minutes", (minutes, messages) => {
  const findings = credentialsAreWell([leaving], minute(minutes)).filter(({ check }) => check === "finalizers");
  expect(findings.map(({ message }) => message)).toEqual(messages);
});
