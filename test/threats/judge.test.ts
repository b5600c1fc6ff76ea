// Tests that the judge of the threat test sees what must never be, and nothing else.
import { describe, expect, it } from "vitest";
import {
  accountFaults,
  type AccountVersion,
  lastingAt,
  type Login,
  loginsOf,
  loginText,
  type Rights,
  secretFaults,
  type SecretVersion,
} from "./judge.ts";

const first: Login = { credential: "h1-a", namespace: "", generation: 1 };
const second: Login = { ...first, generation: 2 };
const own: Login = { credential: "h1-b", namespace: "friend", generation: 1 };

/** `friend` is selected, `member` is held, and `going` is going. */
const rights: Rights = {
  selects: (_credential, namespace) => namespace === "friend",
  held: (_credential, namespace) => namespace === "member",
  vanishing: (namespace) => namespace === "going",
};

let revision = 0;
function version(changes: Partial<SecretVersion>): SecretVersion {
  revision += 1;
  return {
    revision,
    at: revision,
    namespace: "evil",
    name: "regcred",
    uid: "one",
    author: "operator",
    gone: false,
    logins: [],
    marked: true,
    owned: false,
    blank: false,
    content: String(revision),
    ...changes,
  };
}
const faults = (...versions: readonly Partial<SecretVersion>[]): readonly string[] =>
  secretFaults(versions.map(version), rights);

describe("the judge of Secrets", () => {
  it.each([
    ["a login for who is selected", [{ namespace: "friend", logins: [first] }]],
    ["a login of its own for who is selected", [{ namespace: "friend", logins: [own] }]],
    [
      "a newer login for who is held",
      [
        { namespace: "member", logins: [first], author: "tenant" },
        { namespace: "member", logins: [second] },
      ],
    ],
    ["a copy that a tenant makes", [{ logins: [first], author: "tenant" }]],
    ["a login that stays where a tenant has put it", [{ logins: [first], author: "tenant" }, { logins: [first] }]],
    ["the removal of what is marked", [{}, { gone: true }]],
    [
      "the end of a foreign Secret with its namespace",
      [
        { namespace: "going", marked: false, author: "tenant" },
        { namespace: "going", gone: true },
      ],
    ],
    ["the end of a foreign Secret with its owner", [{ marked: false, owned: true, author: "tenant" }, { gone: true }]],
    [
      "the beginning of the end of a foreign Secret",
      [{ marked: false, author: "tenant", content: "same" }, { content: "same" }],
    ],
  ] satisfies [string, Partial<SecretVersion>[]][])("has nothing against %s", (_what, versions) => {
    expect(faults(...versions)).toEqual([]);
  });

  it.each([
    ["a login for who is not selected", [{ logins: [first] }], "login 1 of h1-a was given without a right to it"],
    [
      "another's login",
      [{ namespace: "friend", logins: [{ ...own, namespace: "other" }] }],
      "login 1 of h1-b was given without a right to it",
    ],
    [
      "a login for who is held and has none",
      [
        { namespace: "member", author: "tenant" },
        { namespace: "member", logins: [first] },
      ],
      "login 1 of h1-a was given without a right to it",
    ],
    [
      "a login for the successor of a held Secret",
      [
        { namespace: "member", logins: [first], author: "tenant" },
        { namespace: "member", uid: "two", logins: [second] },
      ],
      "login 2 of h1-a was given without a right to it",
    ],
    [
      "a newer login over a tenant's copy",
      [{ logins: [first], author: "tenant" }, { logins: [second] }],
      "login 2 of h1-a was given without a right to it",
    ],
    [
      "a change of a foreign Secret",
      [{ namespace: "friend", marked: false, author: "tenant" }, { namespace: "friend" }],
      "a foreign Secret was changed",
    ],
    [
      "the removal of a foreign Secret",
      [{ marked: false, author: "tenant" }, { gone: true }],
      "a foreign Secret was deleted",
    ],
    ["another name", [{ namespace: "friend", name: "database" }], "a Secret of another name was written"],
    ["an empty docker config", [{ namespace: "friend", blank: true }], "an empty docker config was written"],
  ] satisfies [string, Partial<SecretVersion>[], string][])("sees %s", (_what, versions, fault) => {
    expect(faults(...versions).map((each) => each.replace(/^\S+ /, ""))).toEqual([fault]);
  });

  it("finds logins in any text, each once", () => {
    expect(loginsOf(`{"password":"${loginText(first)}"} ${loginText(own)}${loginText(first)}`)).toEqual([first, own]);
  });
});

describe("the judge of ServiceAccounts", () => {
  const account = (changes: Partial<AccountVersion>): AccountVersion => ({ ...version({}), rest: "same", ...changes });

  it("lets the operator change its own part only, and delete none", () => {
    const judged = (changes: Partial<AccountVersion>): number =>
      accountFaults([account({ author: "tenant" }), account(changes)], rights).length;
    expect(judged({})).toBe(0);
    expect(judged({ author: "tenant", rest: "other" })).toBe(0);
    expect(judged({ rest: "other" })).toBe(1);
    expect(judged({ gone: true })).toBe(1);
    expect(judged({ gone: true, namespace: "going" })).toBe(0);
  });
});

describe("what lasts", () => {
  it("does so from its beginning to its end", () => {
    const all = [
      { what: "one", from: 1, until: 3 },
      { what: "two", from: 3, until: Infinity },
    ];
    expect([0, 1, 3, 4].map((at) => lastingAt(all, at))).toEqual([[], ["one"], ["one", "two"], ["two"]]);
  });
});
