// A small world in which entries are altered: tokens are stored as they are on the wire, and one Secret for each namespace holds
// what the operator's own decisions write there.
import { contextOf } from "./context-of.ts";
import type { Entry, RegistryCredential } from "../../src/api/registry-credential.ts";
import type { ServiceAccountView } from "../../src/providers/grant-types.ts";
import { planPullSecret } from "../../src/controllers/pull-secret/plan.ts";
import type { LiveSecret } from "../../src/cluster/pull-secret-object.ts";
import type { PullSecretPlan } from "../../src/controllers/pull-secret/plan-types.ts";
import type { NamespaceRecord } from "../../src/cluster/records.ts";
import type { Context } from "../../src/controllers/context.ts";
import { gather } from "../../src/controllers/pull-secret/observe.ts";
import { keepDecided } from "../../src/grants/former-logins.ts";
import { grantKeys } from "../../src/providers/grant-keys.ts";
import { type GrantTracker, grantTracker, tokenSecretName } from "../../src/grants/grant-tracker.ts";
import { tokenFromData, tokenToData } from "../../src/cluster/token-wire.ts";
import { type FakeClock, fakeClock } from "../fake-clock.ts";
import { credential, login } from "../entitlement/objects.ts";
import { live, recordOf, snapshot, wants } from "./pull-secret/plan-scenario.ts";
import { type OperatorSecrets, operatorSecrets } from "./operator-secrets.ts";

export interface World {
  readonly clock: FakeClock;
  readonly secrets: OperatorSecrets;
  readonly tokens: () => GrantTracker;
  /** ServiceAccounts by `namespace/name`. */
  readonly accounts: Map<string, ServiceAccountView>;
  /** Pull Secrets by namespace. */
  readonly standing: Map<string, LiveSecret>;
  /** Namespaces in which nothing can be written. */
  readonly denied: Set<string>;
  /** Brings the namespace's Secret up to date; gives the passwords in it by host. */
  readonly serve: (of: NamespaceRecord, ...by: readonly RegistryCredential[]) => Readonly<Record<string, string>>;
  readonly lastPlan: () => PullSecretPlan | undefined;
  /** Stores a token for each grant that is needed and has none; their logins are called after the round. */
  readonly mint: (round: string, life?: Temporal.DurationLike) => void;
  /** Stores who uses the tokens that there are, where that is not known. */
  readonly store: () => void;
  /** Nothing is left but what is stored. */
  readonly restart: () => void;
  /** So many bytes may a docker config have from now on. */
  readonly limit: (maxBytes: number) => void;
}

export function world(): World {
  const clock = fakeClock();
  const secrets = operatorSecrets();
  const accounts = new Map<string, ServiceAccountView>();
  const standing = new Map<string, LiveSecret>();
  const denied = new Set<string>();
  const grantKey = grantKeys();
  let tokens = grantTracker({ clock, secrets, operatorNamespace: "ops" });
  let plan: PullSecretPlan | undefined;
  let version = 1;
  let maxBytes = 65_536;
  const write = (key: string, data: Readonly<Record<string, string>>): void => {
    const name = tokenSecretName(key);
    version += 1;
    const about = { key: `ops/${name}`, resourceVersion: `${version}`, namespace: "ops", name, uid: "u" };
    secrets.set(about.key, { ...about, kind: "token", token: tokenFromData(data, `${version}`) });
  };
  const context = (): Context =>
    contextOf({
      runtime: { clock, shareReached: () => undefined },
      grants: {
        tokens,
        grantKey,
        scopeOf: (of: NamespaceRecord) => ({
          namespace: of,
          operatorNamespace: "ops",
          serviceAccount: (at: string, name: string) => accounts.get(`${at}/${name}`),
        }),
      },
      queue: { enqueue: () => undefined },
      credentials: { index: { namesOf: () => [] } },
    });

  return {
    clock,
    secrets,
    tokens: () => tokens,
    accounts,
    standing,
    denied,
    serve: (of, ...by) => {
      const contributing = by.map((each) => ({ credential: each, name: each.name, held: false }));
      const { contributions } = gather(context(), { namespace: of, name: "regcred" }, contributing);
      const wanted = wants(contributions, {}, clock.now());
      const there = standing.get(of.name);
      const given = { namespace: of, ...wanted, record: there && recordOf(there), now: clock.now(), maxBytes };
      plan = planPullSecret(snapshot(given));
      if (plan.action.kind === "read") plan = planPullSecret(snapshot({ ...given, live: there }));
      const place = { namespace: of.name, name: "regcred" };
      const decided = { plan, content: wanted.content };
      const isThere = plan.action.kind === "none";
      keepDecided(context(), place, { ...decided, replaces: isThere ? [] : contributions }, contributing);
      if (isThere || denied.has(of.name)) return passwordsIn(standing.get(of.name));
      if ("body" in plan.action) standing.set(of.name, live(plan.action.body));
      if (plan.action.kind === "delete") standing.delete(of.name);
      keepDecided(context(), place, decided, contributing);
      return passwordsIn(standing.get(of.name));
    },
    lastPlan: () => plan,
    mint: (round, life = { hours: 12 }) => {
      const now = clock.now();
      for (const [key] of tokens.wanted()) {
        if (!tokens.isNeeded(key) || tokens.token(key)) continue;
        const minted = {
          logins: { all: login("ann", `${round}-${key.slice(0, 4)}`) },
          issuedAt: now,
          expiresAt: now.add(life),
        };
        write(
          key,
          tokenToData(minted, { grantKey: key, fingerprint: "f", state: "Issued", makers: tokens.makers(key) }),
        );
        tokens.forgetCeased(key);
      }
    },
    store: () => {
      for (const record of secrets.values()) {
        const token = record.kind === "token" ? record.token : undefined;
        if (!token || !tokens.lacksMakers(token.grantKey)) continue;
        write(token.grantKey, tokenToData(token, { ...token, makers: tokens.makers(token.grantKey) }));
        tokens.forgetCeased(token.grantKey);
      }
    },
    restart: () => {
      tokens = grantTracker({ clock, secrets, operatorNamespace: "ops" });
    },
    limit: (bytes) => {
      maxBytes = bytes;
    },
  };
}

export function passwordsIn(secret: LiveSecret | undefined): Readonly<Record<string, string>> {
  const { auths } = JSON.parse(secret?.dockerConfig ?? '{"auths":{}}') as {
    auths: Record<string, { password: string }>;
  };
  // After the round in which it was minted.
  return Object.fromEntries(Object.entries(auths).map(([host, { password }]) => [host, password.split("-")[0] ?? ""]));
}

export function acme(...registries: readonly Entry[]): RegistryCredential {
  return credential({ name: "acme", uid: "uid-acme", spec: { registries } });
}
