// Tests that an identity that may not be seen counts as hidden, and not as missing.
import { expect, it } from "vitest";
import { anyIdentity, identityOf } from "../../src/providers/rendering.ts";
import type { RenderScope } from "../../src/providers/grant-types.ts";
import { namespace } from "../entitlement/objects.ts";

it("is the platform's to show, whoever's it is", () => {
  const scope = (found: ReturnType<RenderScope["serviceAccount"]>): RenderScope => {
    return { namespace: namespace(), operatorNamespace: "regcred-system", serviceAccount: () => found };
  };
  const tenants = { from: "TenantServiceAccount", name: "puller" } as const;
  expect(identityOf(tenants, scope(undefined), anyIdentity)).toMatchObject({
    reason: "ServiceAccountMissing",
    cause: "Tenant",
  });
  expect(identityOf(tenants, scope({ kind: "not-permitted" }), anyIdentity)).toMatchObject({
    reason: "NotPermitted",
    cause: "Platform",
  });
  expect(identityOf(tenants, scope({ uid: "u", annotations: {} }), anyIdentity)).toMatchObject({
    identity: { uid: "u" },
  });
});
