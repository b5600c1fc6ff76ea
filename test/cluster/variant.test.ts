// Tests that the kind of control plane is the one that was asked for, and never silently another one.
import { describe, expect, it } from "vitest";
import { newestKubernetes, oldestKubernetes } from "./kubernetes-release.ts";
import { variantOf, variantVariable } from "./variant.ts";

describe("the control plane of the tests", () => {
  it("is the newest one, as it is, unless another is named", () => {
    expect(variantOf({})).toMatchObject({ kubernetes: newestKubernetes, knowsWatchList: true, apiServerArguments: [] });
    expect(variantOf({ [variantVariable]: "oldest" }).kubernetes).toBe(oldestKubernetes);
    expect(variantOf({ [variantVariable]: "without-gates" }).apiServerArguments).toHaveLength(1);
  });

  it("is none where the name is not one of them", () => {
    expect(() => variantOf({ [variantVariable]: "older" })).toThrow(
      "REGCRED_TEST_CLUSTER cannot be older: write newest or oldest or without-gates",
    );
  });
});
