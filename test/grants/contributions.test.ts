// Tests that each entry contributes what it grants to the namespace, and that missing tokens are requested once.
import { contextOf } from "../controllers/context-of.ts";
import { describe, expect, it } from "vitest";
import type { Failure } from "../../src/runtime/errors.ts";
import type { NamespaceRecord } from "../../src/cluster/records.ts";
import type { AddOptions } from "../../src/runtime/queue/work-queue.ts";
import { gather as gathered } from "../../src/controllers/pull-secret/observe.ts";
import { grantKeys } from "../../src/providers/grant-keys.ts";
import { grantTracker, tokenSecretName } from "../../src/grants/grant-tracker.ts";
import { fakeClock } from "../fake-clock.ts";
import { operatorSecrets } from "../controllers/operator-secrets.ts";
import { credential, namespace, staticEntry, token } from "../entitlement/objects.ts";

const shared = staticEntry({ name: "shared", hosts: ["a.example.com"] });
const again = staticEntry({ name: "again", hosts: ["b.example.com"], verify: { image: "b.example.com/app" } });
const perTenant = staticEntry({
  name: "tenants",
  hosts: ["c.example.com"],
  static: { secretName: "pull-$(namespace.labels['tenant'])", usernameKey: "u", passwordKey: "p" },
});
const acme = credential({ spec: { registries: [shared, again, perTenant] } });
const missing: Failure = { reason: "SourceMissing", cause: "Platform", retry: "on-change", message: "create it" };

function fixture() {
  const clock = fakeClock();
  const secrets = operatorSecrets();
  const tokens = grantTracker({ clock, secrets, operatorNamespace: "ops" });
  const queued: string[] = [];
  const reached: string[] = [];
  const context = {
    runtime: { clock, shareReached: (kind: string, of: string) => reached.push(`${kind} ${of}`) },
    grants: {
      tokens,
      grantKey: grantKeys(),
      scopeOf: (of: NamespaceRecord) => ({ namespace: of, operatorNamespace: "ops", serviceAccount: () => undefined }),
    },
    credentials: {},
    queue: { enqueue: (key: string, { lane }: AddOptions = {}) => queued.push(lane === "bulk" ? `${key} later` : key) },
  };
  // Touching anything that is not here throws.
  const gather = (record = namespace()) =>
    gathered(contextOf(context), { namespace: record, name: "regcred" }, [{ credential: acme, held: false }]);
  const store = (grantKey: string, expiresAt: Temporal.Instant): void => {
    const name = tokenSecretName(grantKey);
    const record = { key: `ops/${name}`, resourceVersion: "1", namespace: "ops", name, uid: "u" };
    secrets.set(record.key, { ...record, kind: "token", token: token({ grantKey, expiresAt }) });
  };
  return { clock, tokens, queued, reached, gather, store };
}

function sourcesOf({ contributions }: ReturnType<typeof gathered>) {
  return contributions.flatMap(({ entries }) =>
    entries.map(({ entry, cause, source }) => [entry, cause, "reason" in source ? source.reason : "token"]),
  );
}

describe("a namespace that is labelled anew again and again", () => {
  const labelled = (tenant: string) => namespace({ labels: { tenant } });

  it("has MintBudget in the entries that its labels change, for as long as it has asked for too much", async () => {
    const { gather, queued, reached, clock } = fixture();
    for (let index = 0; index < 40; index += 1) gather(labelled(`label-${index}`));
    expect(sourcesOf(gather(labelled("label-40")))).toEqual([
      ["shared", "Platform", "TokenPending"],
      ["again", "Platform", "TokenPending"],
      ["tenants", "Tenant", "MintBudget"],
    ]);
    expect(new Set(reached)).toEqual(new Set(["grants team-a"]));
    // It comes back by itself.
    expect(queued.at(-1)).toBe("secret/team-a/regcred");
    await clock.advance(Temporal.Duration.from({ minutes: 3 }));
    expect(sourcesOf(gather(labelled("label-40"))).at(-1)).toEqual(["tenants", "Tenant", "TokenPending"]);
  });

  it("stands behind the others with all but the first of its grants", () => {
    const { gather, queued } = fixture();
    gather(labelled("label-0"));
    expect(queued.filter((key) => key.endsWith("later"))).toEqual([]);
    queued.length = 0;
    for (let index = 1; index < 5; index += 1) gather(labelled(`label-${index}`));
    expect(queued).toHaveLength(4);
    expect(queued.every((key) => key.endsWith("later"))).toBe(true);
  });
});

describe("what a credential brings to a namespace", () => {
  it("is asked for once for entries that need the same, and waited for a moment", () => {
    const { gather, queued } = fixture();
    const gathered = gather(namespace({ labels: { tenant: "blue" } }));
    expect(sourcesOf(gathered)).toEqual([
      ["shared", "Platform", "TokenPending"],
      ["again", "Platform", "TokenPending"],
      ["tenants", "Tenant", "TokenPending"],
    ]);
    expect(queued).toHaveLength(2);
    // For the image of the first two their registry is asked; the tenant's own comes before that.
    expect([gathered.waiting, gather().waiting]).toEqual(["inside", "outside"]);
  });

  it("is not waited for any longer than a second, nor where the attempt has failed", async () => {
    const { gather, clock, tokens } = fixture();
    const [key] = gather().contributions[0]?.entries.map(({ grantKey }) => grantKey) ?? [];
    await clock.advance(Temporal.Duration.from({ seconds: 2 }));
    expect(gather().waiting).toBeUndefined();
    tokens.ended(key ?? "", missing);
    expect(sourcesOf(gather())[0]).toEqual(["shared", "Platform", "SourceMissing"]);
  });

  it("is another where the steps that mend it name another namespace", () => {
    const { gather } = fixture();
    const [one, other] = [gather(namespace({ name: "team-a" })), gather(namespace({ name: "team-b" }))];
    expect(one.signature).not.toBe(other.signature);
    expect(one.signature).toContain("kubectl label namespace team-a tenant=VALUE --overwrite");
  });

  it("lacks only the entry whose label is missing", () => {
    const { gather, queued } = fixture();
    expect(sourcesOf(gather()).at(-1)).toEqual(["tenants", "Platform", "MissingLabel"]);
    expect(queued).toHaveLength(1);
  });

  it("is tried with the image of whichever entry names one", () => {
    const { gather, tokens } = fixture();
    const key = gather().contributions[0]?.entries[0]?.grantKey ?? "";
    expect(tokens.target(key)).toEqual({ image: "b.example.com/app", host: "b.example.com" });
  });

  it("names the next end of a token, and has another signature once it is dead", async () => {
    const { gather, store, clock } = fixture();
    const key = gather().contributions[0]?.entries[0]?.grantKey ?? "";
    const end = clock.now().add({ hours: 1 });
    store(key, end);
    const alive = gather();
    expect(sourcesOf(alive)[0]).toEqual(["shared", "Platform", "token"]);
    expect(alive.nextExpiry?.equals(end)).toBe(true);
    expect(gather().signature).toBe(alive.signature);
    await clock.advance(Temporal.Duration.from({ hours: 1 }));
    expect(gather().nextExpiry).toBeUndefined();
    expect(gather().signature).not.toBe(alive.signature);
  });

  it("changes with the namespace that is relabelled from one tenant to another", () => {
    const { gather, tokens } = fixture();
    const of = (tenant: string): ReturnType<typeof gather> => gather(namespace({ labels: { tenant } }));
    const keyOf = (tenant: string): string => of(tenant).contributions[0]?.entries.at(-1)?.grantKey ?? "";
    // What the one has lost is not what the other has lost.
    expect(of("blue").signature).not.toBe(of("red").signature);
    const [blue, red] = [keyOf("blue"), keyOf("red")];
    expect(red).not.toBe(blue);
    expect(tokens.unusedSince(blue)).toBeDefined();
    expect([...tokens.users(red)]).toEqual(["secret/team-a/regcred"]);
  });
});
