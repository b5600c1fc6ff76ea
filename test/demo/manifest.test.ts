// Tests that the viewer is shown a login and a RegistryCredential.
import { describe, expect, it } from "vitest";
import { specSchema } from "../../src/api/spec-schema.ts";
import { manifest } from "./manifest.ts";

describe("the manifest of the demo", () => {
  const { yaml, source, credential } = manifest({
    system: "regcred-system",
    host: "127.0.0.1:5000",
    tenants: "team-*",
    username: "demo",
    password: "made-up",
  });

  it("is a source Secret in the operator's namespace", () => {
    expect(source).toMatchObject({
      kind: "Secret",
      metadata: { namespace: "regcred-system" },
      stringData: { username: "demo", password: "made-up" },
    });
  });

  it("is a RegistryCredential for that registry and the tenants, as its text says", () => {
    expect(yaml).toContain('hosts: ["127.0.0.1:5000"]');
    expect(credential["spec"]).toMatchObject({
      registries: [{ hosts: ["127.0.0.1:5000"], static: { secretName: source.metadata.name } }],
      namespaces: { include: ["team-*"] },
    });
    expect(specSchema.safeParse(credential["spec"])).toMatchObject({ success: true });
  });
});
