// What does the doctor say of the right that an uninstall has?
import { expect, it } from "vitest";
import { noDrainRightsLeft } from "../../../src/cli/doctor/drain-rights.ts";
import type { Session } from "../../../src/cli/session.ts";
import { commandText } from "../../../src/runtime/steps.ts";

const found = (binding: object | undefined): ReturnType<typeof noDrainRightsLeft> =>
  noDrainRightsLeft({ objects: { getMetadata: async () => binding } as unknown as Session["objects"] });

it("what takes it away ends well where the ClusterRole is gone already", async () => {
  const { state, commands } = await found({});
  expect({ state, typed: commands.map(commandText) }).toEqual({
    state: "bad",
    typed: ["kubectl delete clusterrolebinding,clusterrole regcred-drain --ignore-not-found"],
  });
});

it("nothing is to be done where there is none", async () => {
  expect(await found(undefined)).toMatchObject({ state: "well", commands: [] });
});
