// Tests of what the doctor says of the rights that an uninstall has.
import { expect, it } from "vitest";
import { noDrainRightsLeft } from "../../../src/cli/doctor/drain-rights.ts";
import type { Session } from "../../../src/cli/session.ts";
import { commandText } from "../../../src/runtime/steps.ts";

const found = (...names: readonly string[]): ReturnType<typeof noDrainRightsLeft> => {
  const listMetadata = async (): Promise<readonly object[]> =>
    names.map((name) => ({ metadata: { name, uid: name, resourceVersion: "1" } }));
  return noDrainRightsLeft({ objects: { listMetadata } as unknown as Session["objects"] });
};

it.each(["regcred-drain", "images-drain"])("is told under the name that the install gave it: %s", async (name) => {
  const { state, commands } = await found("regcred", name);
  expect({ state, typed: commands.map(commandText) }).toEqual({
    state: "bad",
    // Ends well where the ClusterRole is gone already.
    typed: [`kubectl delete clusterrolebinding,clusterrole ${name} --ignore-not-found`],
  });
});

it("nothing is to be done where there is none", async () => {
  expect(await found("regcred", "regcred-tenants")).toMatchObject({ state: "well", commands: [] });
});
