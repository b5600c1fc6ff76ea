// Tests that a hold keeps what is there, and gives nothing to anybody.
import { describe, expect, it } from "vitest";
import type { Contribution } from "../../../src/content/content.ts";
import { planPullSecret } from "../../../src/controllers/pull-secret/plan.ts";
import type { LiveSecret } from "../../../src/cluster/pull-secret-object.ts";
import type {
  PullSecretPlan,
  PullSecretSnapshot,
  PullSecretOptions,
} from "../../../src/controllers/pull-secret/plan-types.ts";
import type { FormerLogins } from "../../../src/cluster/token.ts";
import { entryToken, failure, login, minute, token } from "../../entitlement/objects.ts";
import { live, recordOf, snapshot, written, type Wants, wants } from "./plan-scenario.ts";

const one = { all: login("ann", "one") };
const two = { all: login("ann", "two") };
const three = { all: login("ann", "three") };
const host = "held.example.com";
/** Of the tokens before it. */
const before = (...all: readonly (typeof one)[]): FormerLogins[] =>
  all.map((logins) => ({ logins, issuedAt: minute(-5), expiresAt: undefined }));

const acme = (logins = two, former: typeof two | undefined = one, held = true): Contribution => ({
  credential: "acme",
  held,
  entries: [
    entryToken({
      entry: "main",
      hosts: [host],
      source: token({ grantKey: "g", logins, ...(former && { formers: before(former) }) }),
    }),
  ],
});
const other = (password = "x"): Contribution => ({
  credential: "other",
  held: false,
  entries: [
    entryToken({
      entry: "hub",
      hosts: ["docker.io"],
      source: token({ grantKey: "o", logins: { all: login("bob", password) } }),
    }),
  ],
});

function wantedFrom(
  contributions: readonly Contribution[],
  onConflict: PullSecretOptions["onConflict"] = "Fail",
): Wants {
  return wants(contributions, { onConflict });
}

/** A Secret as it was written for these. */
function given(...contributions: readonly Contribution[]): LiveSecret {
  return live({ ...written(planPullSecret(snapshot(wantedFrom(contributions)))) });
}

function decided(
  contributions: readonly Contribution[],
  secret: LiveSecret | undefined,
  changes: Partial<PullSecretSnapshot> & { readonly onConflict?: PullSecretOptions["onConflict"] } = {},
): PullSecretPlan {
  const { onConflict, ...rest } = changes;
  const found = secret && { record: recordOf(secret), live: secret };
  return planPullSecret(snapshot({ ...wantedFrom(contributions, onConflict), ...found, ...rest }));
}

const passwordIn = (plan: PullSecretPlan, of = host): string | undefined =>
  (JSON.parse(written(plan).dockerConfig ?? "") as { auths: Record<string, { password: string }> }).auths[of]?.password;
const selected = acme(one, undefined, false);

describe("a namespace that only the removal guard entitles", () => {
  it("keeps a login that is right, and nothing needs to be read for that", () => {
    const secret = given(acme(two, one, false));
    expect(decided([acme()], secret, { live: undefined })).toMatchObject({ action: { kind: "none" }, state: "usable" });
  });

  it("is renewed where one stands from before several rotations", () => {
    const entries = [
      entryToken({
        entry: "main",
        hosts: [host],
        source: token({ grantKey: "g", logins: three, formers: before(two, one) }),
      }),
    ];
    const renewed = [{ ...acme(), entries }];
    for (const stands of [one, two, three]) {
      const plan = decided(renewed, given(acme(stands, undefined, false)));
      expect("body" in plan.action ? passwordIn(plan) : "three").toBe("three");
    }
    expect(decided(renewed, given(acme({ all: login("ann", "zero") }, undefined, false))).action.kind).toBe("none");
  });

  it("is renewed where the login before stands", () => {
    const secret = given(selected);
    expect(decided([acme()], secret, { live: undefined }).action.kind).toBe("read");
    expect(passwordIn(decided([acme()], secret))).toBe("two");
  });

  it("gets no Secret where it has none", () => {
    expect(decided([acme()], undefined)).toMatchObject({ action: { kind: "none" }, state: "absent" });
  });

  it("is not given a login that does not stand in its Secret, whatever its marks say", () => {
    const marked = given(selected);
    for (const dockerConfig of ['{"auths":{}}', "{}", "", undefined, marked.dockerConfig?.replaceAll("one", "own")]) {
      const plan = decided([acme()], { ...marked, dockerConfig });
      expect([plan.state, plan.action.kind]).not.toContain("delete");
      expect(JSON.stringify(plan)).not.toContain("two");
    }
  });

  it("keeps one that is older than the login before as it is, beside others that are renewed", () => {
    const secret = given(selected, other());
    const plan = decided([acme(three, two), other("y")], secret);
    expect([passwordIn(plan), passwordIn(plan, "https://index.docker.io/v1/")]).toEqual(["one", "y"]);
  });

  it("keeps what it has where the entry has become another grant, or has no token", () => {
    const secret = given(selected, other());
    const regranted: Contribution = {
      ...acme(),
      entries: [entryToken({ entry: "main", hosts: [host], source: token({ grantKey: "another", logins: three }) })],
    };
    const tokenless = {
      ...acme(),
      entries: [entryToken({ entry: "main", hosts: [host], source: failure(), grantKey: "z" })],
    };
    for (const contribution of [regranted, tokenless]) {
      expect(passwordIn(decided([contribution, other("y")], secret))).toBe("one");
    }
  });

  it("keeps only its own hosts: another host of the same grant is not given", () => {
    const wider: Contribution = {
      ...acme(),
      entries: [
        entryToken({
          entry: "main",
          hosts: [host, "more.example.com"],
          source: token({ grantKey: "g", logins: two, formers: before(one) }),
        }),
      ],
    };
    const plan = decided([wider], given(selected));
    expect([passwordIn(plan), passwordIn(plan, "more.example.com")]).toEqual(["two", undefined]);
  });

  it("has nothing merged into a Secret of its own, and none of its own adopted", () => {
    for (const onConflict of ["Merge", "Adopt", "Fail"] as const) {
      const plan = decided([acme()], live({ annotations: { "regcred.dev/adopt": "true" } }), { onConflict });
      expect(plan.action.kind).toBe("none");
    }
  });
});
