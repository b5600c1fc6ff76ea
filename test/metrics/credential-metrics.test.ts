// Tests that the metrics say of each entry when its tokens end, why they cannot be renewed, and of each credential how it is served.
import { knownAbsent } from "../../src/runtime/watch/presence.ts";
import { describe, expect, it } from "vitest";
import type { Status } from "../../src/api/registry-credential.ts";
import type { NamespaceView } from "../../src/controllers/credential/plan-types.ts";
import { credentialMetrics } from "../../src/metrics/credential-metrics.ts";
import { instruments } from "../../src/metrics/instruments.ts";
import { namespacesOf } from "../controllers/credential/tallied.ts";
import { credential, failure, minute, staticEntry } from "../entitlement/objects.ts";
import { seriesIn } from "./series.ts";

const ecr = {
  name: "main",
  identities: 2,
  failing: 0,
  state: "Issued",
  expiresAt: "2026-01-01T12:00:00Z",
  refreshedAt: "2026-01-01T00:00:00Z",
} as const;
const hub = { name: "hub", identities: 1, failing: 0, state: "Issued", refreshedAt: "2026-01-01T00:00:00Z" } as const;
const denied = { ...ecr, failing: 2, state: "Failing", reason: "Denied", message: "allow ecr:GetAuthorizationToken" };

const reported = (
  readers: "known" | "anybody" = "known",
): {
  publish: (name: string, status: Status, namespaces?: readonly NamespaceView[], suspend?: boolean) => void;
  forget: (name: string) => void;
  series: (metric: string) => Promise<string[]>;
} => {
  const made = instruments();
  const { publish, forget } = credentialMetrics(made, readers);
  return {
    publish: (name, status, namespaces = [], suspend = false) =>
      publish(
        credential({ name, spec: { suspend, registries: [staticEntry({ name: "main" })] } }),
        status,
        namespacesOf(namespaces).failing,
      ),
    forget: (name) => forget(name, knownAbsent),
    series: async (metric) => seriesIn(await made.text(), metric),
  };
};

const failing = (name: string, reason: string): NamespaceView => ({
  name,
  pending: false,
  failures: [{ failure: failure({ reason }), since: minute(0) }],
  notes: [],
});

describe("the metrics of a credential", () => {
  it("say of each entry when its tokens end and were issued, in Unix seconds; of one without end only the latter", async () => {
    const { publish, series } = reported();
    publish("acme", { registries: [ecr, hub] });
    expect(await series("regcred_token_expiration_timestamp_seconds")).toEqual([
      'regcred_token_expiration_timestamp_seconds{credential="acme",entry="main",provider="Static"} 1767268800',
    ]);
    expect(await series("regcred_token_refresh_timestamp_seconds")).toHaveLength(2);
  });

  it("say nothing of an end that is no time, which others may have written into the status", async () => {
    const { publish, series } = reported();
    const until = "2026-01-01T12:30:00+99:99";
    publish("acme", { registries: [{ ...hub, former: { since: "2026-01-01T00:00:00Z", until, namespaces: 1 } }, ecr] });
    expect(await series("regcred_token_expiration_timestamp_seconds")).toEqual([
      'regcred_token_expiration_timestamp_seconds{credential="acme",entry="main",provider="Static"} 1767268800',
    ]);
  });

  it("say why an entry fails, never what its message holds", async () => {
    const { publish, series } = reported();
    publish("acme", { registries: [denied as typeof ecr] });
    expect(await series("regcred_token_failing_grants")).toEqual([
      'regcred_token_failing_grants{credential="acme",entry="main",provider="Static",reason="Denied"} 2',
    ]);
    expect((await series("")).join()).not.toContain("GetAuthorizationToken");
  });

  it("say how many namespaces are served, and whether it is suspended", async () => {
    const { publish, series } = reported();
    publish("acme", { namespaces: { selected: 6, ready: 3, pending: 1, failed: 2 } }, [], true);
    expect(await series("regcred_namespaces")).toEqual([
      'regcred_namespaces{credential="acme",state="selected"} 6',
      'regcred_namespaces{credential="acme",state="ready"} 3',
      'regcred_namespaces{credential="acme",state="pending"} 1',
      'regcred_namespaces{credential="acme",state="failed"} 2',
    ]);
    expect(await series("regcred_suspended")).toEqual(['regcred_suspended{credential="acme"} 1']);
  });

  it("count the namespaces that are not served, and name none, where anybody may read them", async () => {
    const { publish, series } = reported("anybody");
    publish("acme", {}, [failing("team-a", "SecretConflict"), failing("team-b", "SecretConflict")]);
    expect(await series("regcred_namespace_not_ready")).toEqual([
      'regcred_namespace_not_ready{credential="acme",target_namespace="",reason="SecretConflict",cause="Platform"} 2',
    ]);
    expect((await series("")).join()).not.toContain("team-");
  });

  it("name the namespaces that are not served, and why", async () => {
    const { publish, series } = reported();
    publish("acme", {}, [failing("team-a", "SecretConflict"), { ...failing("team-b", "x"), failures: [] }]);
    expect(await series("regcred_namespace_not_ready")).toEqual([
      'regcred_namespace_not_ready{credential="acme",target_namespace="team-a",reason="SecretConflict",cause="Platform"} 1',
    ]);
    expect(await series("regcred_namespace_not_ready_omitted")).toEqual(["regcred_namespace_not_ready_omitted 0"]);
  });

  it("stay bounded where ten thousand namespaces fail", async () => {
    const { publish, series } = reported();
    const teams = Array.from({ length: 10_000 }, (_, index) => failing(`team-${index}`, "SourceMissing"));
    publish("acme", { registries: [ecr], namespaces: { selected: 10_000, ready: 0, pending: 0, failed: 10_000 } }, [
      ...teams,
      failing("alone", "SecretConflict"),
    ]);
    publish("other", {}, teams);
    const named = await series("regcred_namespace_not_ready");
    expect(named).toHaveLength(200);
    expect(named.join()).toContain('target_namespace="alone",reason="SecretConflict"');
    expect(await series("regcred_namespace_not_ready_omitted")).toEqual(["regcred_namespace_not_ready_omitted 19801"]);
    // Beside the bounded ones, as many series as one namespace would make.
    expect((await series("regcred_")).length - named.length).toBeLessThan(30);
  });

  it("end with a reason, an entry or a credential that is no more", async () => {
    const { publish, forget, series } = reported();
    publish("acme", { registries: [denied as typeof ecr, hub] }, [failing("team-a", "Conflict")]);
    publish("other", { registries: [hub] });
    await series("");
    publish("acme", { registries: [ecr] });
    forget("other");
    expect((await series("")).join("\n")).not.toMatch(/Denied|other|hub|team-a/);
    forget("acme");
    expect((await series("")).join("\n")).not.toContain("acme");
  });
});
