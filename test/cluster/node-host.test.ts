// Tests that a person is told what the machine lacks to be a node.
import { expect, it } from "vitest";
import { demandHost } from "./node-host.ts";

it("names each program that is missing, and the packages that bring them", async () => {
  const needed = {
    node: "nodejs",
    "no-such-shim": "shims",
    "/nowhere/no-such-plugin": "shims",
    "no-such-tool": "tools",
  };
  await expect(demandHost(needed)).rejects.toThrow(
    /^this machine cannot run pods, because it lacks .*no-such-shim, \/nowhere\/no-such-plugin, no-such-tool; on Debian: apt-get install shims tools$/,
  );
});
