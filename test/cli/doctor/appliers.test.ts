// Tests that the doctor names who applies a list of references that regcred adds to, and nobody else.
import { describe, expect, it } from "vitest";
import { appliedLists } from "../../../src/cli/doctor/appliers.ts";
import type { Session } from "../../../src/cli/session.ts";

const account = (name: string, owner: { manager: string; operation: string }, more: object = {}): object => ({
  metadata: {
    namespace: "team-a",
    name,
    uid: name,
    resourceVersion: "1",
    annotations: { "regcred.dev/references": '["regcred"]' },
    managedFields: [{ ...owner, fieldsV1: { "f:imagePullSecrets": {} } }],
    ...more,
  },
});
const helm = { manager: "helm", operation: "Apply" };

const finding = async (...accounts: readonly object[]): Promise<string> => {
  const objects = { listMetadata: async () => accounts } as unknown as Session["objects"];
  const { state, message: text } = await appliedLists({ objects });
  return `${state}: ${text}`;
};

describe("the doctor", () => {
  it("names those who apply a list, quoted, and says what comes of it", async () => {
    const odd = { manager: 'x"; rm', operation: "Apply" };
    const text = await finding(account("web", helm), account("api", odd));
    expect(text).toMatch(/^well: the imagePullSecrets of 2 ServiceAccounts .*team-a\/web by "helm"; team-a\/api by "/);
    expect(text).not.toContain('"; rm"');
  });

  it.each([
    ["nobody applies", account("web", { manager: "regcred", operation: "Update" })],
    ["somebody updates", account("web", { manager: "kubectl-patch", operation: "Update" })],
    ["regcred adds nothing to", account("web", helm, { annotations: {} })],
    [
      "is applied without the list",
      account("web", helm, { managedFields: [{ ...helm, fieldsV1: { "f:metadata": {} } }] }),
    ],
  ])("says nothing of one that %s", async (_which, each) => {
    expect(await finding(each)).toBe("well: no other tool applies the imagePullSecrets that regcred adds to");
  });
});
