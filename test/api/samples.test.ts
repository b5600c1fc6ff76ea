// Tests that the samples in config/samples can be parsed. (test/integration/crd.test.ts tests that the API server accepts them.)
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseRegistryCredential } from "../../src/api/parse-registry-credential.ts";
import { stored } from "./registry-credential.ts";

interface Sample {
  readonly metadata: { readonly name: string; readonly annotations?: object };
}

const folder = join(import.meta.dirname, "../../config/samples");
const samples = readdirSync(folder).filter((file) => !["illegal.yaml", "kustomization.yaml"].includes(file));
const read = (file: string) => parse(readFileSync(join(folder, file), "utf8")) as Sample;

describe("the samples", () => {
  it.each(samples)("%s parses", (file) => {
    expect(parseRegistryCredential(stored(read(file)))).toMatchObject({ ok: true });
  });

  it.each(samples)("%s is not pruned by Argo CD before somebody confirms it", (file) => {
    expect(read(file).metadata.annotations).toEqual({ "argocd.argoproj.io/sync-options": "Prune=confirm" });
  });

  it("cover every provider", () => {
    const providers = samples.flatMap((file) => {
      const parsed = parseRegistryCredential(stored(read(file)));
      return parsed.ok ? parsed.credential.spec.registries.map(({ provider }) => provider) : [];
    });
    expect([...new Set(providers)].toSorted()).toEqual(
      ["ACR", "ECR", "ECRPublic", "GAR", "GCR", "ICR", "OCIR", "Static", "TokenExchange"].toSorted(),
    );
  });
});
