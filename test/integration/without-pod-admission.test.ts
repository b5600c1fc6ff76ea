// Tests of config/admission/pods where the API server does not enforce such policies.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubectl } from "../cluster/kubectl.ts";
import { variantOf } from "../cluster/variant.ts";
import { type TestEnv, testEnv, staticSpec } from "./test-env.ts";

const config = join(import.meta.dirname, "..", "..", "config");

describe("an API server without MutatingAdmissionPolicy", () => {
  let world: TestEnv;
  beforeAll(async () => {
    world = await testEnv();
    await world.namespaces(["team-a"]);
    await world.credential("acme", staticSpec("hub"));
  });
  afterAll(() => world?.close());

  const applied = (folder: string): Promise<string> =>
    kubectl(["apply", "--kustomize", join(config, folder)], { cluster: world.cluster });

  it("takes the install and the other policy, and of this one at most the object", async () => {
    expect(await applied("admission/labels")).toContain("validatingadmissionpolicy");
    expect(await applied("default")).toContain("deployment.apps/regcred created");
    const error = await applied("admission/pods").catch((error: unknown) => String(error));
    expect(error).toContain(
      variantOf(process.env).servesMutatingPolicies
        ? "regcred-pods created"
        : 'no matches for kind "MutatingAdmissionPolicy"',
    );
    const pod = await world.admin.create("/api/v1/namespaces/team-a/pods?dryRun=All", {
      metadata: { name: "web" },
      spec: { containers: [{ name: "web", image: "registry.example.com/app:1" }] },
    });
    expect(pod["spec"]).not.toHaveProperty("imagePullSecrets");
  });
});
