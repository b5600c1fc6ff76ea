// Tests that an entry's CA certificates are those of the Secret that it names.
import { describe, expect, it } from "vitest";
import type { OperatorSecretRecord } from "../../src/cluster/records.ts";
import { caCertificates } from "../../src/providers/ca-certificates.ts";
import { Redacted } from "../../src/runtime/redacted.ts";
import { kubectl } from "../../src/runtime/steps.ts";

const record = { key: "ops/ca", resourceVersion: "1", namespace: "ops", name: "ca", uid: "u" };

function holding(values: Readonly<Record<string, string>> | undefined): OperatorSecretRecord {
  const redacted = values && Object.entries(values).map(([key, value]) => [key, new Redacted(value)] as const);
  return {
    ...record,
    kind: "source",
    type: "Opaque",
    values: redacted && Object.fromEntries(redacted),
    offered: false,
    expiresAt: undefined,
  };
}

describe("CA certificates", () => {
  it("are under ca.crt of a Secret of the operator's namespace", () => {
    const asked: string[] = [];
    const ca = caCertificates((key) => {
      asked.push(key);
      return holding({ "ca.crt": "PEM" });
    }, "ops");
    expect(ca("ca")).toBe("PEM");
    expect(asked).toEqual(["ops/ca"]);
  });

  it.each<[string, OperatorSecretRecord | undefined]>([
    ["there is no such Secret", undefined],
    ["it has other keys", holding({ "tls.crt": "PEM" })],
    ["it holds nothing", holding({ "ca.crt": " \n" })],
    ["it is too large", holding(undefined)],
    ["it is a token's", { ...record, kind: "token", token: undefined }],
  ])("are missing where %s", (_what, found) => {
    expect(() => caCertificates(() => found, "ops")("ca")).toThrow(
      expect.objectContaining({
        reason: "CAMissing",
        retry: "on-change",
        steps: [{ message: "create it", command: kubectl`create secret generic -n ops ca --from-file=ca.crt=FILE` }],
      }) as Error,
    );
  });
});
