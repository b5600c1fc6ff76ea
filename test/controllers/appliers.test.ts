// Tests that whoever applies a ServiceAccount or a Secret owns what it applies, before and after our writes, and while they fail.
import { contextOf } from "./context-of.ts";
import { describe, expect, it } from "vitest";
import type { Failure } from "../../src/runtime/errors.ts";
import type { PlannedSecret } from "../../src/cluster/pull-secret-object.ts";
import { liveSecret } from "../../src/cluster/pull-secret-wire.ts";
import type { ServiceAccountRecord } from "../../src/cluster/records.ts";
import { patchReferences } from "../../src/controllers/service-account/apply.ts";
import { writeSecret } from "../../src/controllers/pull-secret/apply.ts";
import { keyedDigest } from "../../src/cluster/digest.ts";
import { transformSecret } from "../../src/cluster/transform/secret.ts";
import { transformServiceAccount } from "../../src/cluster/transform/service-account.ts";
import { namespace } from "../entitlement/objects.ts";
import { fakeClock } from "../fake-clock.ts";
import { sending } from "./sending.ts";

const never = new AbortController().signal;

interface Entry {
  readonly manager: string;
  readonly operation: string;
  readonly fieldsV1: object;
}
interface Stored {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly resourceVersion: string;
    readonly managedFields: readonly Entry[];
  };
  readonly imagePullSecrets?: readonly object[];
}
type Sent = Partial<Stored> & { readonly metadata: Partial<Stored["metadata"]> };

const helm: Entry = { manager: "helm", operation: "Apply", fieldsV1: { "f:imagePullSecrets": {} } };
const regcred: Entry = { manager: "regcred", operation: "Update", fieldsV1: { "f:imagePullSecrets": {} } };

/**
 * As far as one field goes: whoever changes it owns it alone, and `managedFields` is what was sent, if that is all that was.
 * test/integration/appliers.test.ts shows that of a real API server.
 */
function apiServer(before: readonly Entry[], { refusing = [] as readonly number[] } = {}) {
  let version = 7;
  let stored = {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "default", namespace: "team-a", uid: "u", resourceVersion: "7", managedFields: before },
    imagePullSecrets: [] as readonly object[],
  };
  const requests: string[] = [];
  const patch = (sent: Sent): Promise<unknown> => {
    const { imagePullSecrets = stored.imagePullSecrets, metadata } = sent;
    requests.push(sent.imagePullSecrets ? "references" : "managedFields");
    if (refusing.includes(requests.length)) return Promise.reject(new Error("refused"));
    if (metadata.resourceVersion !== stored.metadata.resourceVersion) return Promise.reject(new Error("conflict"));
    const given = metadata.managedFields ?? stored.metadata.managedFields;
    const managedFields = sent.imagePullSecrets ? [...given.filter((each) => each !== helm), regcred] : given;
    version += 1;
    stored = {
      ...stored,
      imagePullSecrets,
      metadata: { ...stored.metadata, resourceVersion: `${version}`, managedFields },
    };
    return Promise.resolve(stored);
  };
  return { stored: () => stored, requests, patch };
}

function accountScenario(before: readonly Entry[], options?: { readonly refusing: readonly number[] }) {
  const { stored, requests, patch } = apiServer(before, options);
  const transform = transformServiceAccount();
  const known: ServiceAccountRecord[] = [];
  let reads = 0;
  const failure: Failure = { reason: "Conflict", cause: "Platform", retry: "backoff", message: "refused" };
  const context = contextOf({
    runtime: { clock: fakeClock(), log: { debug: () => undefined } },
    cluster: {
      transforms: { serviceAccount: transform },
      stores: {
        serviceAccounts: {
          send: sending((record: ServiceAccountRecord) => known.push(record)),
          found: () => undefined,
        },
      },
      api: {
        getServiceAccount: async () => {
          reads += 1;
          return stored();
        },
        patchServiceAccount: (_namespace: string, _name: string, sent: Sent) => patch(sent),
      },
      callFailure: () => ({ kind: "conflict", failure }),
    },
  });
  const secret = {
    name: "regcred",
    wanted: true,
    usable: true,
    leaving: false,
    foreign: false,
    served: true,
    retained: false,
  };
  const wanted = { secrets: [{ ...secret, frozen: false }], extras: [], unjudged: new Set<string>() };
  const run = () =>
    patchReferences(
      context,
      known.at(-1) ?? transform(stored()),
      { ...wanted, formerExtras: new Set(), reverts: undefined, lost: undefined },
      never,
    );
  return { run, stored, requests, reads: () => reads };
}

describe("a ServiceAccount that somebody applies", () => {
  it("gets its reference, and the list stays theirs", async () => {
    const { run, stored, requests } = accountScenario([helm]);
    await run();
    expect(stored().imagePullSecrets).toEqual([{ name: "regcred" }]);
    expect(stored().metadata.managedFields).toEqual([helm]);
    expect(requests).toEqual(["references", "managedFields"]);
    await run();
    expect(requests).toHaveLength(2);
  });

  it("gets it in one request where nobody applies it", async () => {
    const { run, requests, reads } = accountScenario([{ manager: "kubectl-patch", operation: "Update", fieldsV1: {} }]);
    await run();
    expect(requests).toEqual(["references"]);
    expect(reads()).toBe(0);
  });

  it("is given up later where that has failed at first, or a release before this one has written it", async () => {
    const { run, stored, requests } = accountScenario([helm], { refusing: [2] });
    expect(await run()).toMatchObject({ retry: { reason: "Conflict" } });
    expect(stored().metadata.managedFields).toEqual([regcred]);
    const labels: Entry = { manager: "helm", operation: "Apply", fieldsV1: { "f:metadata": {} } };
    const later = accountScenario([labels, regcred]);
    await later.run();
    expect(later.requests).toEqual(["references", "managedFields"]);
    expect(later.stored().metadata.managedFields).toEqual([labels]);
    expect(requests).toEqual(["references", "managedFields"]);
  });
});

describe("a Secret that somebody applies", () => {
  it("is written, and then its fields are given back, each time for the version that is there", async () => {
    const transform = transformSecret(keyedDigest(new Uint8Array(32)));
    const sent: Sent[] = [];
    const object = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name: "regcred",
        namespace: "team-a",
        uid: "u",
        resourceVersion: "7",
        managedFields: [helm, regcred],
      },
      type: "kubernetes.io/dockerconfigjson",
      data: {},
    };
    const context = contextOf({
      cluster: {
        transforms: { secret: transform },
        stores: { namespaces: { get: () => undefined }, pullSecrets: { send: sending(() => undefined) } },
        api: {
          replaceSecret: async (_namespace: string, _name: string, json: string) => {
            const body = JSON.parse(json) as Sent;
            sent.push(body);
            const metadata = { ...body.metadata, uid: "u", resourceVersion: String(7 + sent.length) };
            return { ...body, metadata };
          },
        },
      },
    });
    const { othersFields = [], ...live } = liveSecret(object);
    expect(othersFields).toEqual([helm]);
    const body: PlannedSecret = { ...live, dockerConfig: '{"auths":{}}' };
    const record = transform(object);
    const run = { context, namespace: namespace({ name: "team-a" }), name: "regcred" };
    const write = (kind: "replace" | "giveUp") =>
      writeSecret(run, { kind, body, othersFields }, { record, content: undefined, leaving: [] }, never);
    await write("replace");
    expect(sent.map(({ metadata }) => [metadata.resourceVersion, metadata.managedFields])).toEqual([
      ["7", undefined],
      ["8", [helm]],
    ]);
    await write("giveUp");
    expect(sent[2]?.metadata).toMatchObject({ resourceVersion: "7", managedFields: [helm] });
  });
});
