// Tests that every entry in config/samples and the documents yields a grant in a namespace that has what it asks for.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { kind } from "../../src/api/names.ts";
import { parseRegistryCredential } from "../../src/api/parse-registry-credential.ts";
import { grantsOf, isFailure } from "../../src/providers/grant.ts";
import type { RenderScope } from "../../src/providers/grant-types.ts";
import type { KubeObject } from "../cluster/admin-client.ts";
import { stored } from "../api/registry-credential.ts";
import { examples } from "../documents.ts";
import { namespace } from "../entitlement/objects.ts";

const folder = join(import.meta.dirname, "../../config/samples");
const samples = readdirSync(folder)
  .filter((file) => file !== "illegal.yaml")
  .map((file) => ({
    path: `config/samples/${file}`,
    object: parse(readFileSync(join(folder, file), "utf8")) as KubeObject,
  }));
const documented = examples.filter(({ object }) => object.kind === kind);

const guid = "6f1c4b58-8f0a-4a4a-9a0e-0d4f1a2b3c4d";
const scope: RenderScope = {
  namespace: namespace({
    name: "team-a",
    labels: { "acme.io/tenant": "blue", "acme.io/client-id": guid },
  }),
  operatorNamespace: "regcred-system",
  serviceAccount: (home, name) => ({
    uid: `uid-${home}-${name}`,
    annotations: {
      "eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/pull-blue",
      "azure.workload.identity/client-id": guid,
      "azure.workload.identity/tenant-id": guid,
      "iam.gke.io/gcp-service-account": "pull-blue@acme-images.iam.gserviceaccount.com",
    },
  }),
};

describe("grants of what is shown", () => {
  it.each([...samples, ...documented])("$path", ({ object }) => {
    const parsed = parseRegistryCredential(stored(object));
    if (!parsed.ok) throw new Error("it does not parse");
    for (const entry of parsed.credential.spec.registries) {
      const groups = grantsOf(entry, scope);
      expect(groups.flatMap(({ grant }) => (isFailure(grant) ? [grant] : []))).toEqual([]);
      expect(groups.flatMap(({ hosts }) => hosts).toSorted()).toEqual(entry.hosts.toSorted());
    }
  });
});
