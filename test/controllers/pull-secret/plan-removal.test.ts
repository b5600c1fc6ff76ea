// Tests of what is left of a Secret in which nothing of ours is to stay, and who is named where something of ours is.
import { describe, expect, it } from "vitest";
import type { Contribution } from "../../../src/content/content.ts";
import { planPullSecret } from "../../../src/controllers/pull-secret/plan.ts";
import { emptiedBody, type LiveSecret } from "../../../src/cluster/pull-secret-object.ts";
import type { PullSecretPlan, PullSecretSnapshot } from "../../../src/controllers/pull-secret/plan-types.ts";
import type { SecretRecord } from "../../../src/cluster/records.ts";
import { entryToken, login, secretRecord } from "../../entitlement/objects.ts";
import { live, recordOf, snapshot, written, type Wants, wants } from "./plan-scenario.ts";

const of = (host: string): Contribution => ({ credential: "acme", entries: [entryToken({ hosts: [host] })] });

function wanted(contribution: Contribution): Wants {
  return wants([contribution], { onConflict: "Merge" });
}

const none = '{"auths":{}}';
const foreign = '"theirs.example.com":{"auth":"eDp5"}';
const theirs = `{"auths":{${foreign}}}`;
const other = { "extra.txt": "aGk=" };

/** As we leave a Secret that held this before. */
function merged(before: Partial<LiveSecret>): LiveSecret {
  const stood = live(before);
  const record = secretRecord({ type: stood.type, metadata: { labels: stood.labels, annotations: stood.annotations } });
  return live({
    ...before,
    ...written(planPullSecret(snapshot({ ...wanted(of("a.example.com")), record, live: stood }))),
  });
}

function recordOfLive(object: LiveSecret, changes: Partial<SecretRecord> = {}): SecretRecord {
  return recordOf(object, { immutable: object.immutable === true, ...changes });
}

/** Its last credential leaves. The operator's record says that it has merged into this very object. */
function leave(object: LiveSecret, changes: Partial<PullSecretSnapshot> = {}): PullSecretPlan {
  return planPullSecret(snapshot({ record: recordOfLive(object), live: object, knownAsMerged: true, ...changes }));
}

/** Ours as the token has it, and as it stands in the docker config. */
const ours = { key: "a.example.com", login: login() };
const oddly = '{"password":"secret","username":"ada"}';

describe("a Secret that we merged into", () => {
  it.each<[string, Partial<LiveSecret>, string]>([
    ["other hosts", { dockerConfig: theirs }, theirs],
    ["other hosts and other keys", { dockerConfig: theirs, otherData: other }, theirs],
    ["other keys, which need a docker config beside them", { dockerConfig: none, otherData: other }, none],
    ["other members", { dockerConfig: '{"auths":{},"credHelpers":{"x":"y"}}' }, '{"credHelpers":{"x":"y"},"auths":{}}'],
  ])("is given back with what its owner keeps in it: %s", (_what, before, config) => {
    const released = leave(merged(before));
    expect(released).toMatchObject({ action: { kind: "replace" }, state: "foreign" });
    const { dockerConfig, otherData, annotations } = written(released);
    expect({ dockerConfig, otherData, annotations }).toEqual({
      dockerConfig: config,
      otherData: before.otherData ?? {},
      annotations: {},
    });
    expect(released.failure).toBeUndefined();
  });

  it("goes where nothing is in it but ours, its references first", () => {
    const all = merged({ dockerConfig: none });
    expect(leave(all)).toEqual({ action: { kind: "delete" }, state: "leaving" });
    expect(leave(all, { referencesLeft: 1 })).toMatchObject({
      action: { kind: "none" },
      failure: { reason: "ReferencesPending" },
    });
  });

  it.each<[string, Partial<LiveSecret>]>([
    ["is null", { dockerConfig: "null" }],
    ["has auths that are a list", { dockerConfig: `{"auths":[${oddly}]}` }],
    ["is no JSON", { dockerConfig: "no JSON" }],
    ["is no text", { dockerConfig: undefined, otherData: { ".dockerconfigjson": "/w==", ...other } }],
  ])(
    "loses a docker config that no kubelet can use, and in which our login may stand: one that %s",
    (_what, changes) => {
      const odd = { ...merged({ dockerConfig: theirs }), ...changes };
      const { dockerConfig, otherData } = written(leave(odd));
      expect(dockerConfig).toBe(none);
      expect(otherData).toEqual(changes.otherData ? other : {});
      const never = leave(odd, { knownAsMerged: false });
      expect(written(never), "we never wrote into that one").toMatchObject({
        dockerConfig: odd.dockerConfig,
        otherData: odd.otherData,
        annotations: {},
      });
    },
  );

  it.each<[string, Partial<LiveSecret>]>([
    ["the list of our hosts emptied", { annotations: { "regcred.dev/managed": '{"hosts":[]}' } }],
    ["every mark stripped", { annotations: {} }],
    [
      "every mark stripped, and written otherwise",
      { annotations: {}, dockerConfig: `{"auths":{${foreign},"a.example.com":${oddly}}}` },
    ],
  ])("loses our login as the token has it, with %s", (_what, changes) => {
    const edited = { ...merged({ dockerConfig: theirs }), ...changes };
    expect(written(leave(edited, { formerLogins: [ours] })).dockerConfig).toBe(theirs);
  });

  it("loses the login of one that leaves though another one stays, and its tenant has stripped the marks", () => {
    const stripped = { ...merged({ dockerConfig: theirs }), annotations: {} };
    const stays = leave(stripped, { ...wanted(of("b.example.com")), formerLogins: [ours] });
    expect(written(stays).dockerConfig).not.toContain("a.example.com");
    expect(written(stays).dockerConfig).toContain(foreign);
    expect(written(stays).dockerConfig).toContain("b.example.com");
  });

  it("is left as it is, and its tenant named, where it is immutable", () => {
    const frozen = { ...merged({ dockerConfig: theirs }), immutable: true };
    expect(leave(frozen)).toMatchObject({
      action: { kind: "none" },
      failure: {
        reason: "SecretConflict",
        cause: "Tenant",
        message: expect.stringMatching(/team-a\/regcred.*immutable/),
      },
    });
    expect(leave({ ...merged({ dockerConfig: none }), immutable: true }).action.kind, "nothing of its owner's").toBe(
      "delete",
    );
    expect(leave(frozen, { retain: true }).action.kind, "its marks may be taken off").toBe("replace");
  });

  it("is left as it is, and its tenant named, where it is larger than what can be read", () => {
    const record = recordOfLive(merged({ dockerConfig: theirs }));
    expect(leave(live(), { record, live: undefined, tooLarge: true })).toMatchObject({
      action: { kind: "none" },
      failure: { reason: "TooLarge", cause: "Tenant" },
    });
  });

  it("keeps under Retain nothing of one who stays, and has nothing in it any more", () => {
    const named = (name: string, host: string): object => ({ name, grant: "g", hosts: [host] });
    const entries = JSON.stringify([named("acme/main", "quay.io"), named("beta/main", "ghcr.io")]);
    const config = JSON.stringify({ auths: { "quay.io": { auth: "YTpi" }, "ghcr.io": { auth: "Yzpk" } } });
    const annotations = { "regcred.dev/credentials": "acme,beta", "regcred.dev/entries": entries };
    const shared = live({ dockerConfig: config, annotations: { ...live().annotations, ...annotations } });
    const retained = (staying: readonly string[]) => leave(shared, { retain: true, staying });
    expect(JSON.parse(written(retained(["beta"])).dockerConfig ?? "")).toEqual({
      auths: { "quay.io": { auth: "YTpi" } },
    });
    expect(written(retained([])).dockerConfig).toBe(config);
    expect(retained(["acme", "beta"]).action).toEqual({ kind: "delete" });
  });

  it("keeps everything but our marks under Retain", () => {
    const all = merged({ dockerConfig: theirs, otherData: other });
    const { dockerConfig, otherData, annotations } = written(leave(all, { retain: true, formerLogins: [ours] }));
    expect({ dockerConfig, otherData, annotations }).toEqual({
      dockerConfig: all.dockerConfig,
      otherData: other,
      annotations: {},
    });
  });

  it("is one of ours no longer where its tenant has made it of another type, and keeps what is in it", () => {
    const opaque = { ...merged({ dockerConfig: theirs }), type: "Opaque", dockerConfig: "no JSON" };
    expect(written(leave(opaque))).toMatchObject({ dockerConfig: "no JSON", annotations: {} });
  });
});

describe("a Secret of ours that may not be deleted", () => {
  it("loses its logins and whatever else is in it, and keeps our marks, so that it goes as soon as it may", () => {
    const own = live({
      ...written(planPullSecret(snapshot({ ...wanted(of("a.example.com")) }))),
      otherData: other,
    });
    const emptied = emptiedBody(own);
    expect([emptied.dockerConfig, emptied.otherData, emptied.labels]).toEqual([none, {}, own.labels]);
    expect(emptied.annotations).toEqual({ ...own.annotations, "regcred.dev/entries": "[]" });
    const record = recordOf(emptied);
    expect(planPullSecret(snapshot({ record })).action.kind).toBe("delete");
  });
});
