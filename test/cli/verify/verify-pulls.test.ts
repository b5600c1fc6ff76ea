// Tests of the command that verify advises where a pod has no login at all.
import { expect, it } from "vitest";
import { verifyPulls } from "../../../src/cli/verify/verify-pulls.ts";
import { type Objects, sessionOn } from "../hostile-cluster.ts";
import { testTerminal } from "../terminal/terminals.ts";

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

it("the verdict is in its colour, what explains it is not", async () => {
  const { session } = sessionOn(objects);
  const lines: string[] = [];
  const out = testTerminal({
    width: 40,
    paint: (style, text) => `<${style}>${text}</>`,
    write: (text) => void lines.push(text),
  });
  await verifyPulls({ ...session, out }, ["team-a", "pod/web"], {});
  expect(lines[0]).toMatch(/^<red>NO: .*<\/>\n$/);
  expect(lines.slice(1).filter((line) => line.includes("<"))).toEqual([]);
  expect(lines.length).toBeGreaterThan(1);
});
