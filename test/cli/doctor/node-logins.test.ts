// Tests that the doctor finds where a node's own login defeats what is meant for some tenants only.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nodesGiveNothing } from "../../../src/cli/doctor/node-logins.ts";
import type { CredentialRecord } from "../../../src/cluster/records.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "regcred-node-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function written(file: unknown): string {
  const path = join(folder, "kubelet.yaml");
  writeFileSync(path, typeof file === "string" ? file : JSON.stringify(file));
  return path;
}

const record = (host: string, namespaces: object = { include: ["team-*"] }): CredentialRecord =>
  ({
    name: "acme",
    credential: { spec: { registries: [{ name: "main", hosts: [host] }], namespaces } },
  }) as unknown as CredentialRecord;
const providers = (...each: readonly object[]) => ({ kind: "CredentialProviderConfig", providers: each });
const ecr = { name: "ecr-credential-provider", matchImages: ["*.dkr.ecr.*.amazonaws.com", "ghcr.io"] };

describe("a node's own logins", () => {
  it.each([
    ["ghcr.io", providers(ecr), "the provider ecr-credential-provider for ghcr.io (acme/main)"],
    ["*.dkr.ecr.eu-west-1.amazonaws.com", providers(ecr), "the provider ecr-credential-provider for *.dkr.ecr"],
    ["ghcr.io/acme", { auths: { "ghcr.io": {} } }, "config.json (ghcr.io) for ghcr.io/acme (acme/main)"],
  ])("void the limit of a credential for %s", async (host, file, message) => {
    const found = await nodesGiveNothing([record(host)], written(file));
    expect(found).toMatchObject({ state: "bad", message: expect.stringContaining(message) });
  });

  it.each([
    ["quay.io", providers(ecr)],
    ["ghcr.io", { auths: { "ghcr.io/other": {} } }],
    ["ghcr.io", providers({ ...ecr, tokenAttributes: { serviceAccountTokenAudience: "x" } })],
  ])("leave one for %s alone that they have nothing for: %j", async (host, file) => {
    expect(await nodesGiveNothing([record(host)], written(file))).toMatchObject({ state: "well" });
  });

  it("void nothing that every namespace may have", async () => {
    const all = record("ghcr.io", { include: ["*"] });
    expect(await nodesGiveNothing([all], written(providers(ecr)))).toMatchObject({ state: "well" });
  });

  it.each(["kind: Pod", "[1", "- a"])("are in no other file: %s", async (text) => {
    await expect(nodesGiveNothing([record("ghcr.io")], written(text))).rejects.toThrow(/kubelet\.yaml/);
  });
});
