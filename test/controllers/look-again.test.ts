// Tests of which keys are queued again when the wall clock has jumped.
import { contextOf } from "./context-of.ts";
import { expect, it } from "vitest";
import type { CredentialRecord } from "../../src/cluster/records.ts";
import type { Token } from "../../src/cluster/token.ts";
import { credentialWatches } from "../../src/controllers/credential/watches.ts";
import { newSignals } from "../../src/controllers/signals.ts";
import { tokenWatches } from "../../src/controllers/token/watches.ts";
import { minute } from "../entitlement/objects.ts";
import { staticGrant } from "../providers/grants.ts";

const thrown = (error: unknown): never => {
  throw error;
};

it("every token, every pull Secret with an expiry, without a token or with one of before, every credential", () => {
  const queued: string[] = [];
  const tokens = {
    wanted: () => ["ends", "endless", "lost"].map((key) => [key, staticGrant] as const),
    kept: () => ["former"],
    users: (key: string) => [`secret/${key}/regcred`],
    token: (key: string) =>
      key === "lost" ? undefined : ({ expiresAt: key === "ends" ? minute(5) : undefined } as Token),
  };
  const credentials = { values: () => [{ name: "acme" } as CredentialRecord] };
  const source = { subscribe: () => undefined };
  const stores = {
    operatorSecrets: source,
    namespaces: source,
    serviceAccounts: source,
    pullSecrets: source,
    crds: source,
  };
  const signals = newSignals(thrown);
  const known = {
    grants: { tokens },
    credentials: {},
    queue: { signals },
    cluster: { stores: { ...stores, credentials: { ...source, ...credentials } } },
  };
  const context = contextOf(known);
  for (const watch of [...tokenWatches(context), ...credentialWatches(context)])
    watch.follow((requests) => queued.push(...[...requests].map(({ key }) => key)));
  signals.clockSteps.tell();
  expect(queued).toEqual([
    "token/ends",
    "secret/ends/regcred",
    "token/endless",
    "token/lost",
    "secret/lost/regcred",
    "secret/former/regcred",
    "credential/acme",
  ]);
});
