// Tests of the command that verify advises where a pod has no login at all.
import { expect, it } from "vitest";
import { verifyPulls } from "../../../src/cli/verify/verify-pulls.ts";
import { type Objects, sessionOn } from "../hostile-cluster.ts";

const at = (name: string): object => ({ namespace: "team-a", name, uid: name, resourceVersion: "1" });
const objects: Objects = {
  namespaces: [{ metadata: { name: "team-a", uid: "u", resourceVersion: "1" } }],
  serviceaccounts: [{ metadata: at("builder") }],
  pods: [
    {
      metadata: at("web"),
      spec: { serviceAccountName: "builder", containers: [{ image: "ghcr.io/acme/app:1" }] },
    } as never,
  ],
};

it.each([
  ["pod/web", "kubectl regcred explain team-a pod/web"],
  ["builder", "kubectl regcred explain team-a builder"],
])("of %s, the one that says why: %s", async (who, command) => {
  const { session, printed } = sessionOn(objects);
  await verifyPulls(session, ["team-a", who], {});
  expect(printed()).toBe(`NO: ghcr.io/acme/app:1: no Secret has a login for ghcr.io; ${command} says why\n`);
});
