// Does what a tenant writes into our annotations cost no more than what we write there?
import { describe, expect, it } from "vitest";
import { entriesText, recordedEntries } from "../../src/plan/entries-annotation.ts";
import { foreignMetadata, managedRecord, mergedHosts } from "../../src/plan/marks.ts";

const many = Array.from({ length: 40_000 }, (_, index) => `h${index}`);

describe("lists that are longer than any of ours", () => {
  it("of hosts, labels and annotations are read as far as ours go", () => {
    const managed = managedRecord({ hosts: many, labels: many, annotations: many });
    const annotations = { "regcred.dev/managed": managed };
    expect(mergedHosts({ annotations })).toEqual(many.slice(0, 256));
    const labels = Object.fromEntries(many.slice(0, 100).map((key) => [key, "x"]));
    expect(Object.keys(foreignMetadata({ labels, annotations }).labels)).toHaveLength(36);
  });

  it("of entries and of their hosts, too", () => {
    const named = many.map((host) => ({ credential: "acme", entry: host, grantKey: host, host, expiresAt: undefined }));
    expect(recordedEntries(entriesText(named))).toHaveLength(256);
    const wide = many.map((host) => ({ credential: "acme", entry: "e", grantKey: "g", host, expiresAt: undefined }));
    expect(recordedEntries(entriesText(wide)).map(({ hosts }) => hosts.length)).toEqual([256]);
  });
});
