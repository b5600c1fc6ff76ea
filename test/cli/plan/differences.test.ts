// Tests that `plan` shows each Secret and each reference that comes, goes or changes, and nothing else.
import { expect, it } from "vitest";
import { differences, type Differences, remembered, type Remembered } from "../../../src/cli/plan/differences.ts";

const secretOf = (...hosts: readonly string[]): object => ({
  metadata: {
    annotations: {
      "regcred.dev/credentials": "acme",
      "regcred.dev/entries": JSON.stringify([{ name: "acme/hub", grant: "g", hosts }]),
    },
  },
});
const accountOf = (...names: readonly string[]): object => ({ imagePullSecrets: names.map((name) => ({ name })) });
const cluster = (secrets: object, accounts: object): Remembered => ({
  secrets: new Map(Object.entries(secrets)),
  serviceAccounts: new Map(Object.entries(accounts)),
});

const same = secretOf("ghcr.io");
const [kept, own] = [accountOf("regcred"), accountOf("own")];
const team = { namespace: "team-a", secret: "regcred" };
const account = { namespace: "team-a", serviceAccount: "default" };

it.each<[string, Remembered, Remembered, Differences]>([
  [
    "that is as it was",
    cluster({ "team-a/regcred": same }, { "team-a/default": kept }),
    cluster({ "team-a/regcred": same }, { "team-a/default": kept }),
    { secrets: [], accounts: [] },
  ],
  [
    "that comes, with its reference",
    cluster({}, { "team-a/default": own }),
    cluster({ "team-a/regcred": secretOf("ghcr.io", "docker.io") }, { "team-a/default": accountOf("own", "regcred") }),
    {
      secrets: [{ ...team, what: "create", gained: ["docker.io", "ghcr.io"], lost: [] }],
      accounts: [{ ...account, added: ["regcred"], removed: [] }],
    },
  ],
  [
    "that goes, with its reference",
    cluster({ "team-a/regcred": same }, { "team-a/default": kept }),
    cluster({}, { "team-a/default": accountOf() }),
    {
      secrets: [{ ...team, what: "delete", gained: [], lost: ["ghcr.io"] }],
      accounts: [{ ...account, added: [], removed: ["regcred"] }],
    },
  ],
  [
    "that changes, as one reference takes another's place; in the order of names",
    cluster({ "team-b/regcred": same, "team-a/regcred": same }, { "team-b/default": own, "team-a/default": own }),
    cluster(
      { "team-b/regcred": secretOf("quay.io"), "team-a/regcred": secretOf("quay.io") },
      { "team-b/default": kept, "team-a/default": kept },
    ),
    {
      secrets: ["team-a", "team-b"].map((namespace) => ({
        ...team,
        namespace,
        what: "change",
        gained: ["quay.io"],
        lost: ["ghcr.io"],
      })),
      accounts: ["team-a", "team-b"].map((namespace) => ({
        ...account,
        namespace,
        added: ["regcred"],
        removed: ["own"],
      })),
    },
  ],
  [
    "whose account changes in something else",
    cluster({}, { "team-a/default": accountOf("own") }),
    cluster({}, { "team-a/default": accountOf("own") }),
    { secrets: [], accounts: [] },
  ],
])("a Secret %s", (_what, before, after, expected) => {
  expect(differences(remembered(before), after)).toEqual(expected);
});
