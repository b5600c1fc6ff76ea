// Tests that the doctor says where a cloud knows more than the operator, or not even that.
import { describe, expect, it } from "vitest";
import { nodesPullNothing, operatorHasIdentity } from "../../../src/cli/doctor/cloud.ts";
import { defaultNames, type Named } from "../../../src/cli/doctor/install-names.ts";
import type { Session } from "../../../src/cli/session.ts";
import type { CredentialRecord } from "../../../src/cluster/records.ts";

const ecr = (roleARN: string): object => ({
  name: "ecr",
  provider: "ECR",
  identity: { from: "Operator" },
  ecr: { roleARN },
});
const ofTenants = ecr("arn:aws:iam::111122223333:role/$(namespace.labels['tenant'])");
const shared = ecr("arn:aws:iam::111122223333:role/pull");
const ofSource = {
  name: "hub",
  provider: "Static",
  identity: { from: "Operator" },
  static: { secretName: "x-$(namespace.labels['tenant'])" },
};
const records = (entry: object, status: object = {}): readonly CredentialRecord[] =>
  [
    { name: "unread", credential: undefined },
    { name: "acme", credential: { spec: { registries: [entry] }, status } },
  ] as unknown as readonly CredentialRecord[];
const sessionOf = (providerIDs: readonly string[], account?: object): Session & Named =>
  ({
    operatorNamespace: "regcred-system",
    names: defaultNames,
    objects: {
      list: async () => providerIDs.map((providerID) => ({ spec: { providerID } })),
      getMetadata: async () => account,
    },
  }) as unknown as Session & Named;

describe("what nodes may pull by themselves", () => {
  it.each([
    ["is nobody's concern without a role for each tenant", shared, ["aws:///a/i-1"], "well", /no credential gives/],
    ["is nobody's concern for logins of a source", ofSource, ["aws:///a/i-1"], "well", /no credential gives/],
    ["is nothing in no cloud", ofTenants, ["", ""], "well", /no node belongs to a cloud/],
    [
      "is not known in a cloud",
      ofTenants,
      ["aws:///a/i-1", "aws:///a/i-2"],
      "unknown",
      /^nodes belong to aws, .*\(ecr\)/,
    ],
  ] as const)("%s", async (_what, entry, providerIDs, state, message) => {
    expect(await nodesPullNothing(sessionOf(providerIDs), records(entry))).toMatchObject({
      state,
      message: expect.stringMatching(message) as string,
    });
  });
});

describe("the operator's own identity", () => {
  const failing = { registries: [{ name: "ecr", failing: 1, reason: "NoOperatorIdentity", message: "none" }] };
  it.each([
    ["is not asked for", ofSource, {}, {}, "well", /^no entry asks/],
    ["fails", shared, failing, {}, "bad", /^ecr: NoOperatorIdentity: none$/],
    ["serves", shared, {}, {}, "well", /^the operator's own serves ecr$/],
    ["serves without a ServiceAccount", shared, {}, undefined, "well", /serves ecr, without a ServiceAccount regcred$/],
  ] as const)("%s", async (_what, entry, status, account, state, message) => {
    expect(await operatorHasIdentity(sessionOf([], account), records(entry, status))).toMatchObject({
      state,
      message: expect.stringMatching(message) as string,
    });
  });
});
