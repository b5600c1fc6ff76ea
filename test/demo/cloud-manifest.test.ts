// Tests that what the demo shows for clouds is a RegistryCredential that the operator understands.
import { describe, expect, it } from "vitest";
import { parseRegistryCredential } from "../../src/api/parse-registry-credential.ts";
import { stored } from "../api/registry-credential.ts";
import { cloudManifest } from "./cloud-manifest.ts";

const keys = { ECR: { accessKeyId: "a" }, ACR: { clientID: "b" }, GCR: { "key.json": "{}" } };

describe("the demo's manifest for clouds", () => {
  it("has an entry for each, whose identity is one of the Secrets", () => {
    const { credential, secrets } = cloudManifest("team-*", keys);
    const parsed = parseRegistryCredential(stored(credential));
    if (!parsed.ok) throw new Error(parsed.problems.join("; "));
    const { registries, namespaces } = parsed.credential.spec;
    expect(registries.map(({ provider, identity }) => ({ provider, identity }))).toEqual(
      ["ECR", "ACR", "GCR"].map((provider, index) => ({
        provider,
        identity: { from: "Secret", name: secrets[index]?.metadata.name },
      })),
    );
    expect(namespaces.include).toEqual(["team-*"]);
  });
});
