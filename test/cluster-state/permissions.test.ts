// Tests of missing permissions: what is not permitted, why, and which value of the chart grants it.
import { describe, expect, it } from "vitest";
import type { Mode } from "../../src/cluster/install-mode.ts";
import { permissions, type Permissions, type Denials } from "../../src/cluster/permissions.ts";
import { unrestricted } from "../mode.ts";
import { credential } from "../entitlement/objects.ts";
import { textWithSteps } from "../../src/runtime/steps.ts";

const nothing: Denials = {
  pullSecrets: { refused: () => false, refusedSome: () => false, refusedAll: () => false },
  serviceAccountsRefused: () => false,
  refusedElsewhere: () => [],
};
const everything: Denials = {
  pullSecrets: { refused: () => true, refusedSome: () => true, refusedAll: () => true },
  serviceAccountsRefused: () => true,
  refusedElsewhere: () => ["namespaces"],
};
const listed: Mode = { ...unrestricted, pullSecretNames: ["regcred"], watchNamespaces: ["team-a"] };

const seen = (mode: Mode, denials: Denials, operatorNamespace = "regcred-system"): Permissions =>
  permissions(mode, denials, operatorNamespace);

function answers({ secret, name, whole, serviceAccounts, others }: Permissions): (string | undefined)[] {
  return [
    secret("regcred", "team-a"),
    name("regcred"),
    whole("regcred"),
    serviceAccounts("team-a"),
    ...others(credential()),
  ].map((failure) => failure && textWithSteps(failure));
}

describe("what is not permitted", () => {
  it("is nothing where no mode limits it and nothing is refused", () => {
    expect(answers(seen(unrestricted, nothing))).toEqual([undefined, undefined, undefined, undefined]);
    expect(answers(seen(listed, nothing))).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("is by the mode another name, and another namespace under whatever name", () => {
    const { secret, name, whole } = seen(listed, nothing);
    for (const failure of [secret("other", "team-a"), name("other"), whole("other")]) {
      expect(failure).toMatchObject({ reason: "NotPermitted", message: expect.stringContaining("pullSecretNames") });
    }
    expect(secret("regcred", "team-x")?.message).toContain("watchNamespaces");
    expect(name("regcred")).toBeUndefined();
  });

  it("is all that the API server refuses to show, and the message says what to grant", () => {
    const secrets =
      "the operator may not get, list, watch, update and delete Secrets called regcred; add regcred to the chart value pullSecretNames, or to resourceNames in config/rbac/cluster-role.yaml and apply it: kubectl apply -k config/default";
    expect(answers(seen(unrestricted, everything))).toEqual([
      secrets,
      secrets,
      secrets,
      "the operator may not get, list, watch and patch ServiceAccounts; grant it with: kubectl apply -k config/default",
      "the operator may not list and watch namespaces; grant it with: kubectl apply -k config/default",
    ]);
  });

  it("is granted by the chart where the operator is installed elsewhere than config/default does it", () => {
    for (const sentence of answers(seen(unrestricted, everything, "registry-logins"))) {
      expect(sentence).toMatch(
        /upgrade of the chart's release in the namespace registry-logins|chart value pullSecretNames$/,
      );
      expect(sentence).not.toContain("config/");
    }
  });

  it("is told of one namespace where rights are bound in each", () => {
    const { secret, serviceAccounts } = seen(listed, everything);
    for (const failure of [secret("regcred", "team-a"), serviceAccounts("team-a")]) {
      expect(failure && textWithSteps(failure)).toMatch(/ in the namespace team-a; bind its Role there/);
    }
  });

  it("holds the eviction of pods that a credential asks for in vain", () => {
    const { others } = seen(unrestricted, nothing);
    expect(others(credential({ spec: { podRecovery: "Evict" } }))).toMatchObject([{ reason: "NotPermitted" }]);
  });
});
