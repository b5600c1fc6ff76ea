// Tests that a Secret of ours that may not be deleted loses its logins, once, and as it was when that was decided.
import { contextOf } from "../context-of.ts";
import { describe, expect, it } from "vitest";
import { withoutLogins } from "../../../src/cluster/pull-secret-object.ts";
import { encoded } from "../../../src/cluster/pull-secret-wire.ts";
import { dockerConfigKey } from "../../../src/registry/docker-config.ts";
import type { SecretRecord } from "../../../src/cluster/records.ts";
import { takeLoginsOut } from "../../../src/controllers/pull-secret/apply.ts";
import { secretRecord } from "../../entitlement/objects.ts";

const { signal } = new AbortController();
const type = "kubernetes.io/dockerconfigjson";
const digest = (data: Readonly<Record<string, string>>): string => Object.values(data).join();
const ours = secretRecord({ type, resourceVersion: "7", digest: "what it holds" });

/** What was asked of the API server, and written. */
async function takenOut(record: SecretRecord, kind = "admissionDenied", version = "7"): Promise<readonly string[]> {
  const calls: string[] = [];
  const context = contextOf({
    cluster: {
      digest,
      callFailure: () => ({ kind }),
      stores: { pullSecrets: { wrote: () => calls.push("noted") } },
      transforms: { secret: (raw: SecretRecord) => raw },
      api: {
        getSecret: async () => {
          calls.push("read");
          return {
            type,
            metadata: { namespace: "team-a", name: "regcred", uid: "u", resourceVersion: version },
            data: { [dockerConfigKey]: encoded('{"auths":{"a":{}}}') },
          };
        },
        replaceSecret: async (_namespace: string, _name: string, json: string) => {
          const { metadata, data } = JSON.parse(json) as {
            metadata: { resourceVersion?: string };
            data: Record<string, string>;
          };
          calls.push(`${metadata.resourceVersion}: ${atob(data[dockerConfigKey] ?? "")}`);
          return {};
        },
      },
    },
  });
  await takeLoginsOut(context, record, new Error("denied"), signal);
  return calls;
}

describe("a Secret that may not be deleted", () => {
  it.each(["admissionDenied", "forbidden"])("loses its logins where that is %s", async (kind) => {
    expect(await takenOut(ours, kind)).toEqual(["read", `7: ${withoutLogins}`, "noted"]);
  });

  it.each(["conflict", "unavailable"])(
    "is left where the deletion has failed by %s: it is tried again",
    async (kind) => {
      expect(await takenOut(ours, kind)).toEqual([]);
    },
  );

  it("is not written where it has changed meanwhile", async () => {
    expect(await takenOut(ours, "admissionDenied", "8")).toEqual(["read"]);
  });

  it("is not looked at again where they are out of it, or where it cannot be changed", async () => {
    const empty = digest({ [dockerConfigKey]: encoded(withoutLogins) });
    expect(await takenOut({ ...ours, digest: empty })).toEqual([]);
    expect(await takenOut({ ...ours, immutable: true })).toEqual([]);
    expect(await takenOut({ ...ours, type: "Opaque" })).toEqual([]);
  });
});
