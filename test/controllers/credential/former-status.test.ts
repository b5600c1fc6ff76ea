// Tests that the status says which entries live by a former login, since when and until when.
import { describe, expect, it } from "vitest";
import type { Status } from "../../../src/api/registry-credential.ts";
import { statusSchema } from "../../../src/api/status-schema.ts";
import { statusOf } from "../../../src/controllers/credential/plan-status.ts";
import type { FormerView, NamespaceView, StatusSnapshot } from "../../../src/controllers/credential/plan-types.ts";
import { entryOf, type Granted, namespacesOf } from "./tallied.ts";
import { tokenEvents } from "../../../src/controllers/credential/plan-token-events.ts";
import { credential, failure, frozen, minute, now, token } from "../../entitlement/objects.ts";

const missing = failure();
const former = (changes: Partial<FormerView> = {}): FormerView => ({
  entry: "hub",
  until: minute(60),
  pending: false,
  ...changes,
});
const view = (name: string, changes: Partial<NamespaceView> = {}): NamespaceView => {
  return { name, pending: false, failures: [], notes: [], ...changes };
};
const lost: Granted = { name: "hub", grants: [{ token: undefined, failure: missing }] };
const status = (
  namespaces: readonly NamespaceView[],
  before?: Status,
  {
    entries = [lost],
    ...changes
  }: Partial<Omit<StatusSnapshot, "entries">> & { readonly entries?: readonly Granted[] } = {},
): Status =>
  statusOf(
    frozen({
      credential: credential(before && { status: before }),
      reported: { status: before, since: new Map() },
      now,
      entries: entries.map((entry) => entryOf(entry, now)),
      namespaces: namespacesOf(namespaces),
      missing: [],
      outdated: undefined,
      mode: "namespaces: all",
      held: undefined,
      secretName: "regcred",
      retiring: [],
      extraReferences: [],
      draining: undefined,
      ...changes,
    }),
  );
const formerIn = ({ registries }: Status): unknown => registries?.[0]?.former;
const two = [view("team-a", { formers: [former()] }), view("team-b", { formers: [former({ until: minute(30) })] })];
const entryStatus = { name: "hub", identities: 1, failing: 0, state: "Failing" } as const;
const reported = { since: "2026-01-01T12:00:00Z", until: "2026-01-01T12:30:00Z", namespaces: 2 };

describe("an entry that lives by a login of before", () => {
  it("is told with how many namespaces, and the end of the first; it is what the column EXPIRES shows", () => {
    const all = status([...two, view("team-c")]);
    expect(formerIn(all)).toEqual(reported);
    expect(statusSchema.safeParse(all).success).toBe(true);
    expect(all.expires).toBe("2026-01-01T12:30:00Z");
    expect(all.conditions?.find(({ type }) => type === "TokensFresh")?.message).toMatch(
      /; what the entry had before it was altered stays in 2 namespaces, and lives until 2026-01-01T12:30:00Z$/,
    );
  });

  it("is told as before while nobody has been looked at, though what was told is no time", () => {
    // The API server's own date-time takes it.
    const until = "2026-01-01T12:30:00+99:99";
    const all = status([view("team-a", { pending: true })], {
      registries: [{ ...entryStatus, former: { ...reported, until } }],
    });
    expect(formerIn(all)).toEqual({ ...reported, until });
    expect(all.expires).toBe("never");
    expect(() => tokenEvents([], all.registries ?? [], now)).not.toThrow();
  });

  it("of which no login names an end has none", () => {
    const all = status([view("team-a", { formers: [former({ until: undefined })] })]);
    expect(formerIn(all)).toEqual({ since: reported.since, namespaces: 1 });
    expect(all.expires).toBe("never");
  });

  it("goes on since when it was told first, over a restart and another alteration", () => {
    const before = status(two);
    expect(formerIn(status(two, before, { now: minute(10) }))).toEqual(reported);
    const unseen = [view("team-a", { pending: true }), view("team-b", { pending: true })];
    expect(formerIn(status(unseen, before, { now: minute(10) }))).toEqual(reported);
    const again = two.map((each) => ({ ...each, formers: [former({ pending: true })] }));
    expect(formerIn(status(again, before, { now: minute(10) }))).toMatchObject({ since: reported.since });
  });

  it.each(["nonsense", "", "+999999-01-01T00:00:00Z", "2030-01-01T00:00:00Z", "2001-01-01T00:00:00Z"])(
    "begins now where somebody wrote %j for its time",
    (since) => {
      const before = status(two);
      const [registry] = before.registries ?? [];
      const edited = { ...before, registries: registry ? [{ ...registry, former: { since, namespaces: 1 } }] : [] };
      expect(formerIn(status(two, edited, { now: minute(10) }))).toMatchObject({ since: "2026-01-01T12:10:00Z" });
    },
  );

  it("goes by what this program has told, whatever somebody has made of the status since", () => {
    const before = status(two);
    const edited = credential({ status: { ...before, registries: [] } });
    expect(formerIn(status(two, before, { now: minute(10), credential: edited }))).toEqual(reported);
  });

  it("is told no more when the successor is there, nor while its first attempt is under way", () => {
    const served = { entries: [{ name: "hub", grants: [{ token: token(), failure: undefined }] }] };
    expect(formerIn(status([view("team-a")], status(two), served))).toBeUndefined();
    expect(formerIn(status([view("team-a", { formers: [former({ pending: true })] })]))).toBeUndefined();
  });
});

describe("the news of an altered entry", () => {
  const news = (before: Status, after: Status): readonly string[] =>
    tokenEvents(before.registries ?? [], after.registries ?? [], now).map(
      ({ reason, message }) => `${reason}: ${message}`,
    );

  it("say it once, with the way to take it back", () => {
    const [, ...rest] = news({}, status(two));
    expect(rest).toEqual([
      "FormerLoginKept: entry hub: what the entry had before it was altered stays in 2 namespaces, and lives until 2026-01-01T12:30:00Z; to take it back at once, give the entry another name",
    ]);
    expect(news(status(two), status(two.slice(1)))).toEqual([]);
  });

  it("do not say that tenants have nothing", () => {
    expect(news({}, status(two))[0]).toMatch(
      /^SourceMissing: .*; what the entry had before it was altered stays in 2 /,
    );
  });
});
