// Do the metrics say of each entry when its tokens end, why they cannot be renewed, and of each credential how it is served?
import { describe, expect, it } from "vitest";
import type { Status } from "../../src/api/registry-credential.ts";
import { metrics } from "../../src/report/metrics.ts";

const ecr = {
  name: "ecr",
  identities: 2,
  failing: 0,
  state: "Issued",
  expiresAt: "2026-01-01T12:00:00Z",
  refreshedAt: "2026-01-01T00:00:00Z",
} as const;
const hub = { name: "hub", identities: 1, failing: 0, state: "Issued", refreshedAt: "2026-01-01T00:00:00Z" } as const;
const denied = { ...ecr, failing: 2, state: "Failing", reason: "Denied", message: "allow ecr:GetAuthorizationToken" };

async function series(
  statuses: Readonly<Record<string, Status>>,
  forgotten: readonly string[] = [],
): Promise<string[]> {
  const told = metrics();
  for (const [name, status] of Object.entries(statuses)) told.publishStatus(name, status);
  for (const name of forgotten) told.forget(name);
  return seriesIn(await told.text());
}

const seriesIn = (text: string): string[] => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

describe("the metrics", () => {
  it("say of each entry when its tokens end and were issued, in Unix seconds; of one without end only the latter", async () => {
    expect(await series({ acme: { registries: [ecr, hub] } })).toEqual([
      'regcred_token_expiration_timestamp_seconds{credential="acme",entry="ecr"} 1767268800',
      'regcred_token_refresh_timestamp_seconds{credential="acme",entry="ecr"} 1767225600',
      'regcred_token_refresh_timestamp_seconds{credential="acme",entry="hub"} 1767225600',
      'regcred_token_failing_grants{credential="acme",entry="ecr",reason=""} 0',
      'regcred_token_failing_grants{credential="acme",entry="hub",reason=""} 0',
    ]);
  });

  it("say why an entry fails, never what its message holds", async () => {
    const told = await series({ acme: { registries: [denied as typeof ecr] } });
    expect(told).toContain('regcred_token_failing_grants{credential="acme",entry="ecr",reason="Denied"} 2');
    expect(told.join()).not.toContain("GetAuthorizationToken");
  });

  it("say how many namespaces are served", async () => {
    expect(await series({ acme: { namespaces: { selected: 6, ready: 3, pending: 1, failed: 2 } } })).toEqual([
      'regcred_namespaces{credential="acme",state="selected"} 6',
      'regcred_namespaces{credential="acme",state="ready"} 3',
      'regcred_namespaces{credential="acme",state="pending"} 1',
      'regcred_namespaces{credential="acme",state="failed"} 2',
    ]);
  });

  it("end with a reason, an entry or a credential that is no more", async () => {
    const told = metrics();
    told.publishStatus("acme", { registries: [denied as typeof ecr, hub] });
    told.publishStatus("other", { registries: [hub] });
    await told.text();
    told.publishStatus("acme", { registries: [ecr] });
    told.forget("other");
    expect(seriesIn(await told.text())).toEqual(await series({ acme: { registries: [ecr] } }));
    expect(await series({ acme: { registries: [ecr] } }, ["acme"])).toEqual([]);
  });

  it("have a help and a type each", async () => {
    const told = metrics();
    expect((await told.text()).match(/^# TYPE regcred_[a-z_]+ gauge$/gm)).toHaveLength(4);
    expect((await told.text()).match(/^# HELP regcred_[a-z_]+ \S/gm)).toHaveLength(4);
    expect(told.contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  });
});
