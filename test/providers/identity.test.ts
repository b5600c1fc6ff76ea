// Does an identity that may not be seen count as hidden, and not as missing?
import { expect, it } from "vitest";
import { identityOf } from "../../src/providers/identity.ts";
import type { RenderScope } from "../../src/providers/grant-types.ts";
import { namespace } from "../entitlement/objects.ts";

it("is the platform's to show, whoever's it is", () => {
  const scope = (found: ReturnType<RenderScope["serviceAccount"]>): RenderScope => {
    return { namespace: namespace(), operatorNamespace: "regcred-system", serviceAccount: () => found };
  };
  const tenants = { from: "TenantServiceAccount", name: "puller" } as const;
  expect(identityOf(tenants, scope(undefined))).toMatchObject({ reason: "ServiceAccountMissing", cause: "Tenant" });
  expect(identityOf(tenants, scope({ kind: "not-permitted" }))).toMatchObject({
    reason: "NotPermitted",
    cause: "Platform",
  });
  expect(identityOf(tenants, scope({ uid: "u", annotations: {} }))).toMatchObject({ identity: { uid: "u" } });
});
