// Tests of rendering: who asks for an entry's token, and whose failure it is where that cannot be determined.
import { expect, it } from "vitest";
import type { RenderScope } from "../../src/providers/grant-types.ts";
import { anyIdentity, defined, identityOf } from "../../src/providers/rendering.ts";
import { namespace } from "../entitlement/objects.ts";

const scope = (serviceAccount: RenderScope["serviceAccount"]): RenderScope => {
  return { namespace: namespace({ name: "team-a" }), operatorNamespace: "regcred-system", serviceAccount };
};
const tenants = { from: "TenantServiceAccount", name: "puller" } as const;

it("a ServiceAccount that may not be seen is the platform's to show, and is waited for: it comes when it is", () => {
  const hidden = scope(() => ({ kind: "not-permitted" }));
  expect(identityOf(tenants, hidden, anyIdentity)).toMatchObject({
    reason: "NotPermitted",
    cause: "Platform",
    retry: "on-change",
  });
});

it.each([
  [tenants, "Tenant", "team-a/puller"],
  [{ from: "ServiceAccount", name: "puller" } as const, "Platform", "regcred-system/puller"],
] as const)("a ServiceAccount that is not there is waited for: %j", (identity, cause, place) => {
  const nobody = scope(() => undefined);
  expect(identityOf(identity, nobody, anyIdentity)).toMatchObject({
    reason: "ServiceAccountMissing",
    cause,
    retry: "on-change",
    message: expect.stringContaining(place) as string,
  });
});

it("fields without a value are left out, and no others", () => {
  expect(defined({ a: undefined, b: "", c: false })).toStrictEqual({ b: "", c: false });
});
