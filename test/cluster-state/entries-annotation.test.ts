// Tests of the annotation of a pull Secret that says who serves which hosts until when: a forged one is nothing but a claim.
import { describe, expect, it } from "vitest";
import {
  earliestEnd,
  entriesText,
  type EntryHost,
  namesOtherGrants,
  recordedEntries,
  shownEntries,
} from "../../src/cluster/entries-annotation.ts";
import { minute } from "../entitlement/objects.ts";

const named = (changes: Partial<EntryHost>): EntryHost => ({
  credential: "acme",
  entry: "images",
  grantKey: "grant-a",
  host: "a.example.com",
  expiresAt: minute(60),
  ...changes,
});

describe("the entries annotation", () => {
  const text = entriesText([
    named({}),
    named({ host: "b.example.com" }),
    named({ host: "c.example.com", grantKey: "grant-b", expiresAt: undefined }),
  ]);

  it("lists an entry once for each token that its hosts need", () => {
    expect(JSON.parse(text)).toEqual([
      {
        name: "acme/images",
        grant: "grant-a",
        hosts: ["a.example.com", "b.example.com"],
        expires: "2026-01-01T13:00:00Z",
      },
      { name: "acme/images", grant: "grant-b", hosts: ["c.example.com"] },
    ]);
  });

  it("is read again as it was written", () => {
    expect(recordedEntries(text)).toEqual([
      { name: "acme/images", grantKey: "grant-a", hosts: ["a.example.com", "b.example.com"], expiresAt: minute(60) },
      { name: "acme/images", grantKey: "grant-b", hosts: ["c.example.com"], expiresAt: undefined },
    ]);
  });

  it("tells when the first login of a credential ends", () => {
    expect(earliestEnd(text, "acme")).toEqual(minute(60));
    expect(earliestEnd(text, "ac")).toBeUndefined();
  });

  it("tells whether a grant is named that is in force no more", () => {
    expect(namesOtherGrants(text, new Set(["grant-a", "grant-b"]))).toBe(false);
    expect(namesOtherGrants(text, new Set(["grant-b"]))).toBe(true);
    expect(namesOtherGrants(undefined, new Set())).toBe(false);
  });

  it.each([
    undefined,
    "",
    "null",
    "{}",
    "[1,null,{}]",
    "[{",
    '[{"grant":"g","hosts":["a"]}]',
    '[{"name":"a/b","grant":1,"hosts":[]}]',
    '[{"name":"a/b","grant":"g"}]',
    '[{"name":"a/b","grant":"g","hosts":["a"],"expires":"tomorrow"}]',
    '[{"name":"a/b","grant":"g","hosts":["a"],"expires":1}]',
  ])("names nothing in %j", (annotation) => {
    expect(recordedEntries(annotation)).toEqual([]);
  });
});

describe("the entries of a pull Secret, as a person is shown them", () => {
  const entries = (text: string): unknown => shownEntries({ "regcred.dev/entries": text });

  it("are read from the annotation", () => {
    expect(entries('[{"name":"a/b","grant":"g","hosts":["h"],"expires":"2026-01-01T00:00:00Z"}]')).toEqual([
      { name: "a/b", grantKey: "g", hosts: ["h"], expiresAt: Temporal.Instant.from("2026-01-01T00:00:00Z") },
    ]);
  });

  it("are none where a tenant has made it unreadable, and unknown where the Secret is not ours", () => {
    for (const text of [
      "",
      "{",
      "{}",
      "[1]",
      '[{"name":"a"}]',
      '[{"name":"a/b","grant":"g","hosts":[],"expires":"soon"}]',
    ]) {
      expect(entries(text)).toEqual([]);
    }
    expect(shownEntries({})).toBeUndefined();
  });

  it("have names that entries can have", () => {
    for (const name of ["a", "a/b/c", "a/", "/b", "A/b", "a/b\\u001b[2J", "a/b; reboot", "a/--as"]) {
      expect(entries(`[{"name":"${name}","grant":"g","hosts":["h"]}]`)).toEqual([]);
    }
  });
});
