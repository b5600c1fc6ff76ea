// Tests that the commands for the viewer fit the viewer's machine and cluster.
import { describe, expect, it } from "vitest";
import { nextCommands } from "./next-commands.ts";

const own = {
  kubeconfig: "/tmp/x/kubeconfig",
  context: undefined,
  system: "regcred-system",
  tenant: "team-01",
  newTenant: "team-mine",
  hasKubectl: true,
  curl: "curl https://127.0.0.1:1/apis",
  operatorLog: "/tmp/y/operator.log",
};

describe("the next commands", () => {
  it("begin with the kubeconfig of the demo's own cluster", () => {
    expect(nextCommands(own)[0]).toBe("export KUBECONFIG=/tmp/x/kubeconfig");
  });

  it("name the context on the user's cluster", () => {
    const lines = nextCommands({ ...own, kubeconfig: undefined, context: "kind" });
    expect(lines[0]).toBe("kubectl --context kind get registrycredentials");
  });

  it("show curl only to somebody without kubectl", () => {
    expect(nextCommands(own).join("\n")).not.toContain("curl");
    expect(nextCommands({ ...own, hasKubectl: false }).at(-1)).toBe("curl https://127.0.0.1:1/apis");
  });
});
