// Tests of the entry to which a host is advised to be added, so that the API server accepts it.
import { describe, expect, it } from "vitest";
import type { Entry } from "../../../src/api/registry-credential.ts";
import { entryForHost } from "../../../src/cli/explain/entry-for-host.ts";

const base = { name: "e", identity: { from: "Operator" } } as const;
const ecrHost = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const ecr: Entry = { ...base, provider: "ECR", ecr: {}, hosts: [ecrHost] };
const fixed = (hosts: readonly string[]): Entry => ({
  ...base,
  provider: "Static",
  hosts,
  static: { secretName: "s", usernameKey: "username", passwordKey: "password" },
});
const indexFor = (host: string, ...registries: readonly Entry[]): number | undefined =>
  entryForHost({ spec: { registries } as never }, host);

describe("a host is added", () => {
  it("to an entry of its cloud, else to one that serves any", () => {
    expect(indexFor("210987654321.dkr.ecr.eu-west-1.amazonaws.com", fixed(["a.io"]), ecr)).toBe(1);
    expect(indexFor("ghcr.io", ecr, fixed(["a.io"]))).toBe(1);
    expect(indexFor("AcmeImages.azurecr.io", ecr, fixed(["a.io"]))).toBe(1);
  });

  it("to no entry of another cloud, nor to one that has names of its own", () => {
    expect(indexFor("ghcr.io", ecr)).toBeUndefined();
    expect(indexFor(ecrHost, { ...ecr, registry: ecrHost, hosts: ["docker.acme.example"] })).toBeUndefined();
  });

  it("to no entry that is full, or takes all of its source", () => {
    const full = Array.from({ length: 16 }, (_, index) => `r${index}.example`);
    expect(indexFor("ghcr.io", fixed(full), fixed(["*"]))).toBeUndefined();
    expect(indexFor("ghcr.io", fixed(full), fixed(full.slice(1)))).toBe(1);
  });

  it.each(["index.docker.io", "ghcr.io:99999", "ghcr.io:05000", "a".repeat(254), '"oops"'])(
    "never as %s, which the API server refuses",
    (host) => {
      expect(indexFor(host, fixed(["a.io"]))).toBeUndefined();
    },
  );

  it.each(["registry-1.docker.io", "registry.hub.docker.com", "docker.io", "localhost:5000", "[::1]:5000"])(
    "as %s",
    (host) => {
      expect(indexFor(host, fixed(["a.io"]))).toBe(0);
    },
  );
});
