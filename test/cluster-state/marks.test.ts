// Tests of which of a Secret's metadata is taken for regcred's own, whoever claims that it is.
import { describe, expect, it } from "vitest";
import { foreignMetadata, managedRecord } from "../../src/cluster/marks.ts";
import { frozen } from "../entitlement/objects.ts";

const labels = { foo: "x", team: "a" };
const annotations = { note: "y", bar: "z" };

function foreign(managed: string) {
  return foreignMetadata({ labels, annotations: { ...annotations, "regcred.dev/managed": managed } });
}

describe("what is foreign in the metadata of a Secret", () => {
  it("is everything but what our record names", () => {
    const record = managedRecord({ labels: ["foo"], annotations: ["bar"] });
    expect(foreign(record)).toEqual({ labels: { team: "a" }, annotations: { note: "y" } });
  });

  it("is what the record names in another spelling than ours, which no policy can look for", () => {
    const spelled = String.raw`{"labels":["fo\u006f"],"annotations":["b\u0061r"]}`;
    expect(foreign(spelled)).toEqual({ labels, annotations });
  });

  it("is the same however often it is asked of one Secret", () => {
    const marked = frozen({
      labels,
      annotations: { ...annotations, "regcred.dev/managed": managedRecord({ labels: ["foo"], annotations: ["bar"] }) },
    });
    const expected = { labels: { team: "a" }, annotations: { note: "y" } };
    expect([foreignMetadata(marked), foreignMetadata(marked)]).toEqual([expected, expected]);
  });
});
