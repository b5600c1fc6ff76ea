// Tests that orphans, held removals, shadowed hosts, fights, and the end of what suspended tenants hold are counted.
import { describe, expect, it } from "vitest";
import type { SecretFinding } from "../../src/controllers/status-cache.ts";
import { statusCache } from "../../src/controllers/status-cache.ts";
import type { Stores } from "../../src/cluster/kinds.ts";
import type { CredentialIndex } from "../../src/entitlement/credential-index.ts";
import { showFindings } from "../../src/metrics/finding-metrics.ts";
import { instruments } from "../../src/metrics/instruments.ts";
import { fakeClock } from "../fake-clock.ts";
import { credential, failure, namespace, secretRecord } from "../entitlement/objects.ts";
import { seriesIn } from "./series.ts";

const records = { acme: credential({ name: "acme" }), idle: credential({ name: "idle", spec: { suspend: true } }) };
const entries = (...expires: string[]): string =>
  JSON.stringify(
    expires.map((end, index) => ({ name: `idle/entry-${index}`, grant: `g${index}`, hosts: [], expires: end })),
  );

const play = (): { series: (name: string) => Promise<string[]>; findings: ReturnType<typeof statusCache> } => {
  const made = instruments();
  const findings = statusCache(fakeClock());
  const secrets = [
    secretRecord({ name: "regcred", namespace: "team-a", labelled: true, credentials: ["acme", "gone"] }),
    secretRecord({ name: "regcred", namespace: "team-b", labelled: true, credentials: ["gone"] }),
    secretRecord({ name: "regcred", namespace: "team-c", labelled: false, credentials: [] }),
    ...[entries("2026-01-01T12:00:00Z", "2026-01-01T06:00:00Z"), entries("2026-01-01T09:00:00Z"), "not ours"].map(
      (text, index) =>
        secretRecord({
          namespace: `idle-${index}`,
          labelled: true,
          credentials: ["idle"],
          metadata: { labels: {}, annotations: { "regcred.dev/entries": text } },
        }),
    ),
  ];
  const stores = {
    credentials: { size: 2, values: () => Object.values(records) },
    namespaces: { values: () => ["team-a", "team-b"].map((name) => namespace({ name })) },
    pullSecrets: { values: () => secrets },
  } as unknown as Stores;
  const credentialIndex = {
    names: () => ["regcred"],
    exists: (name: string) => name in records,
    readable: (name: string) => records[name as keyof typeof records],
    held: (name: string) => (name === "acme" ? { count: 40, message: "" } : undefined),
  } as unknown as CredentialIndex;
  showFindings(made, { stores, statusCache: findings, credentialIndex });
  return { findings, series: async (name) => seriesIn(await made.text(), name) };
};

const finding = (shadowed: SecretFinding["shadowed"] & object, reasons: readonly string[] = []): SecretFinding => ({
  state: "usable",
  credentials: new Map([
    ["acme", { failures: reasons.map((reason) => failure({ reason })), notes: [], generation: 1 }],
  ]),
  shadowed,
});

describe("what keeps going wrong", () => {
  it("is counted: RegistryCredentials, held namespaces, and Secrets whose RegistryCredential is gone", async () => {
    const { series } = play();
    expect(await series("regcred_credentials")).toEqual(["regcred_credentials 2"]);
    expect(await series("regcred_removal_held_namespaces")).toEqual([
      'regcred_removal_held_namespaces{credential="acme"} 40',
      'regcred_removal_held_namespaces{credential="idle"} 0',
    ]);
    expect(await series("regcred_orphaned_secrets")).toEqual(["regcred_orphaned_secrets 1"]);
  });

  it("counts a shadowed host once, in however many namespaces it is", async () => {
    const { series, findings } = play();
    const one = { credential: "idle", entry: "main", host: "a.example.com", by: "acme" };
    findings.setSecret("team-a", "regcred", finding([one]));
    findings.setSecret("team-b", "regcred", finding([one, { ...one, host: "b.example.com" }]));
    expect(await series("regcred_shadowed_hosts")).toEqual([
      'regcred_shadowed_hosts{credential="acme"} 0',
      'regcred_shadowed_hosts{credential="idle"} 2',
    ]);
  });

  it("counts fights over Secrets, over ServiceAccounts, and over RegistryCredentials that are there", async () => {
    const { series, findings } = play();
    for (const name of ["acme", "gone"]) findings.contested(name, 1_000);
    findings.setSecret("team-a", "regcred", finding([], ["Contested"]));
    findings.setSecret("team-b", "regcred", finding([], ["Rejected"]));
    findings.setReferences("team-b", {
      failures: [failure({ reason: "Contested" }), failure({ reason: "Contested" }), failure({ reason: "Rejected" })],
      notes: [],
      generations: new Map(),
    });
    expect(await series("regcred_contested_objects")).toEqual([
      'regcred_contested_objects{kind="Secret"} 1',
      'regcred_contested_objects{kind="ServiceAccount"} 2',
      'regcred_contested_objects{kind="RegistryCredential"} 1',
    ]);
  });

  it("tells when the first login that tenants hold of a suspended one ends, whatever a tenant wrote", async () => {
    expect(await play().series("regcred_suspended_expiration_timestamp_seconds")).toEqual([
      `regcred_suspended_expiration_timestamp_seconds{credential="idle"} ${Temporal.Instant.from("2026-01-01T06:00:00Z").epochMilliseconds / 1000}`,
    ]);
  });
});
