// Tests that the doctor goes on where the API server's own audiences cannot be determined.
import { expect, it } from "vitest";
import { audiencesDiffer } from "../../../src/cli/doctor/audiences.ts";
import { defaultNames, type Named } from "../../../src/cli/doctor/install-names.ts";
import type { Session } from "../../../src/cli/session.ts";
import { ApiError } from "../../../src/runtime/client/api-error.ts";

const policy = {
  metadata: { name: "regcred-token-requests" },
  spec: { variables: [{ name: "audiences", expression: "['sts.amazonaws.com']" }] },
};

it.each(["forbidden", "notFound", "namespaceNotFound"] as const)(
  "the ServiceAccount of the operator answers %s",
  async (kind) => {
    const session = {
      operatorNamespace: "elsewhere",
      names: defaultNames,
      objects: { list: async () => [policy] },
      transport: {
        request: async () => {
          throw new ApiError({ kind, message: "no", details: { causes: [] } });
        },
      },
    } as unknown as Session & Named;
    expect(await audiencesDiffer(session)).toMatchObject({ check: "audiences", state: "unknown" });
  },
);
