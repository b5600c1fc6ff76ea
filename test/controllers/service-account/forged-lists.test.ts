// Tests that what a tenant writes into our annotations costs no more than what we write there.
import { describe, expect, it } from "vitest";
import { entriesText, recordedEntries } from "../../../src/cluster/entries-annotation.ts";
import { foreignMetadata, managedRecord, mergedHosts } from "../../../src/cluster/marks.ts";
import { planPullSecret } from "../../../src/controllers/pull-secret/plan.ts";
import { keysIn } from "../../../src/registry/merge-docker-config.ts";
import { entryToken, token } from "../../entitlement/objects.ts";
import { live, recordOf, snapshot, written, wants } from "../pull-secret/plan-scenario.ts";

const many = Array.from({ length: 40_000 }, (_, index) => `h${index}`);

describe("lists that are longer than any of ours", () => {
  it("of hosts, labels and annotations are read as far as ours go", () => {
    const managed = managedRecord({ hosts: many, labels: many, annotations: many });
    const annotations = { "regcred.dev/managed": managed };
    expect(mergedHosts({ annotations })).toEqual(many.slice(0, 4096));
    const labels = Object.fromEntries(many.slice(0, 100).map((key) => [key, "x"]));
    expect(Object.keys(foreignMetadata({ labels, annotations }).labels)).toHaveLength(36);
  });

  it("of entries and of their hosts, too", () => {
    const named = many.map((host) => ({ credential: "acme", entry: host, grantKey: host, host, expiresAt: undefined }));
    expect(recordedEntries(entriesText(named))).toHaveLength(4096);
    const wide = many.map((host) => ({ credential: "acme", entry: "e", grantKey: "g", host, expiresAt: undefined }));
    expect(recordedEntries(entriesText(wide)).map(({ hosts }) => hosts.length)).toEqual([4096]);
  });

  it("in many short lists are one long list", () => {
    const named = many.map((host, index) => {
      return { credential: "acme", entry: `e${index % 100}`, grantKey: "g", host, expiresAt: undefined };
    });
    expect(recordedEntries(entriesText(named)).flatMap(({ hosts }) => hosts)).toHaveLength(4096);
  });
});

describe("lists of ours", () => {
  const hosts = Array.from({ length: 500 }, (_, index) => `r${index}.example.com`);

  it("are read whole: every login of a Secret that was merged into can be taken back", () => {
    const wanted = wants([{ credential: "acme", entries: [entryToken({ hosts, source: token() })] }], {
      onConflict: "Merge",
    });
    const theirs = live();
    const merged = written(planPullSecret(snapshot({ ...wanted, record: recordOf(theirs), live: theirs })));
    const standing = live(merged);
    const released = written(planPullSecret(snapshot({ record: recordOf(merged), live: standing })));
    expect(merged.dockerConfig?.length).toBeLessThan(65_536);
    expect(released.dockerConfig).toBe(theirs.dockerConfig);
  });

  it("are no longer than what is read of them", () => {
    const wide = ["a", "b"].map((entry) =>
      entryToken({
        entry,
        hosts: Array.from({ length: 2500 }, (_, index) => `${entry}${index}.example.com`),
        source: token(),
      }),
    );
    const wanted = wants([{ credential: "acme", entries: wide }]);
    const plan = planPullSecret(snapshot({ ...wanted, maxBytes: 1024 * 1024 }));
    const { annotations, dockerConfig = "" } = written(plan);
    const recorded = recordedEntries(annotations["regcred.dev/entries"]).flatMap((entry) => entry.hosts);
    expect(recorded.toSorted()).toEqual([...keysIn(dockerConfig)].toSorted());
    expect(plan.failure?.reason).toBe("ConfigTooLarge");
  });
});
