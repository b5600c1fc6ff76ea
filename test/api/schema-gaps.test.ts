// Tests of comparing CRD schemas: an older one is told from the same one and from a later one.
import { describe, expect, it } from "vitest";
import { customResourceDefinition } from "../../src/api/crd.ts";
import { releaseAnnotation } from "../../src/api/names.ts";
import { schemaGaps } from "../../src/api/schema-gaps.ts";

const release = "1.4.0";

interface Node {
  properties: Record<string, Node>;
  items: Node;
  enum: string[];
  "x-kubernetes-validations": unknown[];
}

/** The node at a path such as `spec.registries[]`. */
function at(root: Node, path: string): Node {
  return path.split(".").reduce((node, step) => {
    const field = node.properties[step.replace("[]", "")];
    if (!field) throw new Error(`no field ${step}`);
    return step.endsWith("[]") ? field.items : field;
  }, root);
}

/** The installed CRD of a release, changed by hand. */
function installed(of: string, change: (schema: Node) => void = () => undefined): unknown {
  const crd = structuredClone(customResourceDefinition(of));
  change(crd.spec.versions[0]?.schema.openAPIV3Schema as unknown as Node);
  return crd;
}

describe("the installed schema", () => {
  it("lacks nothing where it is this release's, or one that says the same", () => {
    expect(schemaGaps(release)(installed(release))).toEqual([]);
    expect(schemaGaps(release)(installed("1.3.9"))).toEqual([]);
  });

  it("lacks a field, a value and rules, each with its path", () => {
    const older = installed("1.3.0", (schema) => {
      const entry = at(schema, "spec.registries[]");
      delete entry.properties["verify"];
      const provider = at(entry, "provider");
      provider.enum = provider.enum.filter((name) => name !== "ICR");
      entry["x-kubernetes-validations"].pop();
    });
    const gaps = schemaGaps(release)(older);
    expect(gaps).toHaveLength(3);
    expect(gaps[0]).toBe("spec.registries[].provider ICR");
    expect(gaps[1]).toBe("spec.registries[].verify");
    expect(gaps[2]).toMatch(/^the rule of spec\.registries\[\] ".+"$/);
  });

  it("is fine where it is of a later release, whatever it lacks or has beside", () => {
    for (const later of ["1.4.1", "1.10.0", "2.0.0"]) {
      const newer = installed(later, (schema) => {
        const spec = at(schema, "spec");
        delete spec.properties["suspend"];
        spec.properties["unheardOf"] = at(spec, "podRecovery");
      });
      expect(schemaGaps(release)(newer)).toEqual([]);
    }
  });

  it("is judged by what it holds where it names no release, or one that cannot be read", () => {
    const crd = installed("latest", (schema) => delete at(schema, "spec").properties["suspend"]) as {
      metadata: { annotations: Record<string, string> };
    };
    expect(schemaGaps(release)(crd)).toEqual(["spec.suspend"]);
    delete crd.metadata.annotations[releaseAnnotation];
    expect(schemaGaps(release)(crd)).toEqual(["spec.suspend"]);
    expect(schemaGaps("0.0.0-dev")(crd)).toEqual(["spec.suspend"]);
  });

  it("lacks everything where our version is not in it", () => {
    expect(schemaGaps(release)({ spec: { versions: [{ name: "v1" }] } })).toContain("spec");
    expect(schemaGaps(release)({})).toContain("spec");
  });
});
