// Tests that the doctor points from a wrong namespace to the right one, and never to another install.
import { describe, expect, it } from "vitest";
import { namespaceExists, operatorRights } from "../../../src/cli/doctor/installation.ts";
import { guardrailsAreInForce } from "../../../src/cli/doctor/guardrails.ts";
import { defaultNames } from "../../../src/cli/doctor/install-names.ts";
import type { Session } from "../../../src/cli/session.ts";
import { servingInstall, type ServingInstall } from "../../../src/controllers/cluster-claim/plan.ts";
import { commandText } from "../../../src/runtime/steps.ts";
import { credential } from "../../entitlement/objects.ts";

const served = (operatorNamespace: string): readonly ReturnType<typeof credential>[] => [
  credential({ status: { operatorNamespace } }),
];
const asked = async (
  operatorNamespace: string,
  isThere: boolean,
  credentials: Parameters<typeof servingInstall>[0] = [],
): Promise<string> => {
  const serving: ServingInstall = servingInstall(credentials, operatorNamespace);
  const objects = { getMetadata: async () => (isThere ? {} : undefined) } as unknown as Session["objects"];
  const { state, message, commands } = await namespaceExists({ objects, operatorNamespace }, serving);
  return [`${state}: ${message}`, ...commands.map(commandText)].join("\n");
};

describe("the operator's namespace", () => {
  it.each([
    ["regcred-system", "kubectl apply -k config/default"],
    ["registry-logins", "kubectl create namespace registry-logins"],
  ])("is made, where it is not there, by what makes that very one: %s", async (namespace, command) => {
    const finding = await asked(namespace, false);
    expect(finding).toMatch(/^bad: .* does not exist; sources and tokens live there/);
    expect(finding.split("\n").slice(1)).toEqual([command]);
  });

  it.each([true, false])("is another one where an install elsewhere serves; this one is there: %s", async (isThere) => {
    expect(await asked("tools", isThere, served("registry-logins"))).toMatch(
      /^bad: tools .*, but the install that serves is in registry-logins: ask with --namespace=registry-logins$/,
    );
  });

  it("is well where it is there, and nobody else serves", async () => {
    expect(await asked("tools", true, served("tools"))).toBe("well: tools exists");
    expect(await asked("tools", true)).toBe("well: tools exists");
  });
});

describe("what an install lacks", () => {
  const transport = {
    server: "",
    request: async () => {
      const text = JSON.stringify({ status: { allowed: false } });
      return {
        status: 201,
        text,
        headers: { "content-type": "application/json" },
        json: (): unknown => JSON.parse(text),
      };
    },
  } as unknown as Session["transport"];
  const objects = { list: async () => [] } as unknown as Session["objects"];

  const custom = { prefix: "images", serviceAccount: "puller" };
  it.each([
    ["regcred-system", defaultNames, ["kubectl apply -k config/default", "kubectl apply -k config/restraint"]],
    ["registry-logins", defaultNames, []],
    // config/default would be an install beside the one that is there.
    ["regcred-system", custom, []],
  ])("comes with what is for its namespace and names: %s %j", async (operatorNamespace, names, commands) => {
    const session = { transport, objects, operatorNamespace, names };
    const findings = [await operatorRights(session), await guardrailsAreInForce(session)];
    expect(findings.map(({ state }) => state)).toEqual(["bad", "bad"]);
    expect(findings.flatMap((each) => each.commands.map(commandText))).toEqual(commands);
    const byChart = findings.filter(({ message }) => message.endsWith(`release in the namespace ${operatorNamespace}`));
    expect(byChart).toHaveLength(commands.length === 0 ? 2 : 0);
  });
});
