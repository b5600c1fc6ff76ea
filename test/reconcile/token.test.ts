// Who hears how an attempt at a token went?
import { describe, expect, it } from "vitest";
import type { Failure } from "../../src/errors.ts";
import { OperatorError } from "../../src/errors.ts";
import type { Grant } from "../../src/plan/grant.ts";
import type { OperatorSecretRecord } from "../../src/plan/snapshot.ts";
import { board } from "../../src/reconcile/board.ts";
import type { Context } from "../../src/reconcile/context.ts";
import { reconcileToken } from "../../src/reconcile/token.ts";
import { tokenBook, tokenSecretName } from "../../src/reconcile/token-book.ts";
import { tokenFromData, tokenToData } from "../../src/reconcile/token-wire.ts";
import { Redacted } from "../../src/redacted.ts";
import { fakeClock } from "../fake-clock.ts";

const grant: Grant = {
  provider: "Static",
  namespace: "ops",
  name: "hub",
  usernameKey: "u",
  passwordKey: "p",
  perTenant: false,
};
const missing: Failure = { reason: "SourceMissing", cause: "Platform", retry: "on-change", message: "create it" };
const never = new AbortController().signal;

/** A living token that two namespaces use, and a source that is gone. */
function situation(): { readonly context: Context; readonly queued: readonly string[] } {
  const clock = fakeClock();
  const minted = {
    logins: { all: { username: "ann", password: new Redacted("x") } },
    issuedAt: clock.now(),
    expiresAt: undefined,
    fingerprint: "u1/1",
  };
  const name = tokenSecretName("g");
  const record: OperatorSecretRecord = {
    key: `ops/${name}`,
    resourceVersion: "1",
    namespace: "ops",
    name,
    uid: "u",
    kind: "token",
    token: tokenFromData(tokenToData("g", minted), "1"),
  };
  const tokens = tokenBook({ clock, secrets: new Map([[record.key, record]]), operatorNamespace: "ops" });
  const findings = board(clock);
  for (const namespace of ["team-a", "team-b"]) {
    tokens.use(`secret/${namespace}/regcred`, new Map([["g", grant]]));
    findings.setSecret(namespace, "regcred", {
      state: "usable",
      credentials: new Map([["acme", { failures: [], notes: [] }]]),
    });
  }
  const queued: string[] = [];
  const silent = (): void => undefined;
  const parts: Pick<Context, "clock" | "tokens" | "board" | "provider" | "log" | "enqueue"> = {
    clock,
    tokens,
    board: findings,
    provider: {
      keyFor: () => "g",
      fingerprint: () => undefined,
      fetch: () => Promise.reject(new OperatorError(missing)),
    },
    log: { debug: silent, info: silent, warn: silent, error: silent },
    enqueue: (key) => queued.push(key),
  };
  // The rest of a context is for writes, which a failed attempt must not make: touching it throws.
  return { context: parts as Context, queued };
}

describe("a refresh that fails while the token lives", () => {
  it("is told to the tenants' Secrets and, once, to each credential's status", async () => {
    const { context, queued } = situation();
    expect(await reconcileToken(context, "g", never)).toEqual({ failed: true, retry: "on-change" });
    expect(queued).toEqual(["secret/team-a/regcred", "secret/team-b/regcred", "credential/acme"]);
    expect(context.tokens.attempts("g")).toMatchObject({ failure: { reason: "SourceMissing" } });
    expect(context.tokens.token("g")).toBeDefined();
  });

  it("is no news when it fails the same way again", async () => {
    const { context, queued } = situation();
    await reconcileToken(context, "g", never);
    const told = queued.length;
    await reconcileToken(context, "g", never);
    expect(queued.length).toBe(told);
  });
});
