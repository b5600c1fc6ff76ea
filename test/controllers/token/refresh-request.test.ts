// Tests that `regcred.dev/refresh` mints once for each value, also over restarts.
import { contextOf } from "../context-of.ts";
import { describe, expect, it } from "vitest";
import { tokenSecretType } from "../../../src/api/names.ts";
import { failureOf, OperatorError } from "../../../src/runtime/errors.ts";
import type { OperatorSecretRecord } from "../../../src/cluster/records.ts";
import { statusCache } from "../../../src/controllers/status-cache.ts";
import { reconcileToken } from "../../../src/controllers/token/controller.ts";
import { grantTracker, tokenSecretName } from "../../../src/grants/grant-tracker.ts";
import { tokenFromData, tokenToData } from "../../../src/cluster/token-wire.ts";
import { Redacted } from "../../../src/runtime/redacted.ts";
import { store } from "../../../src/runtime/watch/store.ts";
import { transformOperatorSecret } from "../../../src/cluster/transform/operator-secret.ts";
import { fakeClock } from "../../fake-clock.ts";
import { unrestricted } from "../../mode.ts";
import { staticGrant } from "../../providers/grants.ts";
import { inSlices } from "../../../src/runtime/in-slices.ts";

const user = "secret/team-a/regcred";

interface Operator {
  /** A credential's pull Secret is looked at, then the token; answers whether the grant tracker had news. */
  readonly asks: (refreshes: Readonly<Record<string, string>>) => Promise<boolean>;
  readonly minted: () => number;
  readonly token: () => unknown;
  /** All that it knows after a start is in the Secret. */
  readonly restarted: () => Operator;
}

/** An operator with a living token. */
function operator(refuses = false, stored?: Record<string, string>): Operator {
  const clock = fakeClock();
  const minted = {
    logins: { all: { username: "ann", password: new Redacted("x") } },
    issuedAt: clock.now(),
    expiresAt: undefined,
  };
  let data = stored ?? tokenToData(minted, { grantKey: "g", fingerprint: "absent", state: "Issued" });
  let version = 1;
  let mints = 0;
  const secret = (): unknown => ({
    metadata: { namespace: "ops", name: tokenSecretName("g"), uid: "u", resourceVersion: String(version) },
    type: tokenSecretType,
    data,
  });
  const transform = transformOperatorSecret(tokenFromData);
  const operatorSecrets = store<OperatorSecretRecord>();
  const feed = operatorSecrets.feed();
  feed.begin();
  feed.observed(transform(secret()));
  feed.completed("1");
  const tokens = grantTracker({ clock, secrets: operatorSecrets, operatorNamespace: "ops" });
  const silent = (): void => undefined;
  // The rest of a context is for other controllers: touching it throws.
  const context = contextOf({
    runtime: { clock, inSlices: inSlices(clock), log: { debug: silent, info: silent, warn: silent, error: silent } },
    grants: {
      tokens,
      provider: {
        fetch: () => {
          mints += 1;
          if (!refuses) return Promise.resolve(minted);
          const failure = { reason: "Denied", cause: "Platform", retry: "slowly", message: "no" } as const;
          return Promise.reject(new OperatorError(failure));
        },
      },
    },
    credentials: { statusCache: statusCache(clock) },
    settings: { namespace: "ops", mode: unrestricted, maxConfigBytes: 1 },
    cluster: {
      stores: { crds: { get: () => undefined }, operatorSecrets },
      transforms: { operatorSecret: transform },
      api: {
        replaceSecret: (_namespace: string, _name: string, body: { readonly data: Record<string, string> }) => {
          data = body.data;
          version += 1;
          return Promise.resolve(secret());
        },
      },
      callFailure: (error: unknown) => ({ kind: undefined, failure: failureOf(error) }),
    },
    queue: { enqueue: silent },
  });
  return {
    asks: async (refreshes) => {
      const changed =
        tokens.use(user, new Map([["g", { grant: staticGrant, target: undefined, refreshes }]])).length > 0;
      await reconcileToken(context, "g", new AbortController().signal);
      return changed;
    },
    minted: () => mints,
    token: () => tokens.token("g"),
    restarted: () => operator(refuses, data),
  };
}

describe("a request to mint at once", () => {
  it("is honoured once for each value", async () => {
    const here = operator();
    await here.asks({});
    expect(here.minted()).toBe(0);
    expect(await here.asks({ acme: "1" })).toBe(true);
    expect(await here.asks({ acme: "1" })).toBe(false);
    expect(here.minted()).toBe(1);
    expect(await here.asks({ acme: "2" })).toBe(true);
    expect(here.minted()).toBe(2);
    await here.asks({});
    expect(here.minted()).toBe(2);
  });

  it("that was honoured before a restart is not honoured again", async () => {
    const before = operator();
    await before.asks({ acme: "1", other: "7" });
    const after = before.restarted();
    // Credentials become known one by one.
    await after.asks({ acme: "1" });
    await after.asks({ acme: "1", other: "7" });
    expect(after.minted()).toBe(0);
    await after.asks({ acme: "2", other: "7" });
    expect(after.minted()).toBe(1);
  });

  it("stays open while the cloud refuses, and the token stays too", async () => {
    const here = operator(true);
    await here.asks({ acme: "1" });
    await here.asks({ acme: "1" });
    expect(here.minted()).toBe(2);
    expect(here.token()).toBeDefined();
  });
});
