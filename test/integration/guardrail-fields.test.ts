// Tests that every field of every object that the operator may write is held to what it writes there, whatever else the schema has.
import { isDeepStrictEqual } from "node:util";
import PQueue from "p-queue";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../cluster/admin-client.ts";
import { installed } from "./installed.ts";
import { credentialsPath, eventually, type TestEnv, testEnv, staticSpec } from "./test-env.ts";
import { type Field, fieldsOf } from "./schema-fields.ts";
import { type Answer, type Call, madeAdministrator, type Thief, thief } from "./thief.ts";
import { tenant, type Write, writes } from "./writes.ts";

let world: TestEnv;
let stolen: Thief;

beforeAll(async () => {
  world = await testEnv();
  stolen = await thief(world, await installed(world, { podRecovery: { enabled: true } }));
  await world.namespaces([tenant]);
  await world.credential("written", staticSpec("source", { namespaces: { include: ["nobody"] } }));
  await world.admin.patch(`${credentialsPath}/written/status`, { status: { secretName: "former" } });
  await madeAdministrator(world, stolen);
  await eventually("the restraint is in force", async () => {
    const path = `/api/v1/namespaces/${tenant}/configmaps?dryRun=All`;
    return (await stolen.call({ method: "POST", path, body: { metadata: { name: "never" } } })).status === 422;
  });
}, 120_000);
afterAll(async () => {
  await stolen?.close();
  await world?.close();
});

/** As the operator sends it, but that nothing comes of it. */
async function asWritten({ method, path, body }: Write): Promise<Call> {
  const live = await world.admin.get(path.replace(/\/(?:eviction|token|status)$/, ""));
  return { method, path: `${path}?dryRun=All&fieldManager=regcred`, body: body(live as KubeObject) };
}

const changing = new Set(["uid", "resourceVersion", "creationTimestamp", "managedFields"]);

/** Without what differs from one write to the next, and the API server's own books about who wrote which field. */
function outcome({ object }: Answer): unknown {
  const { metadata = {}, status, ...rest } = object;
  const reported = Object.entries(metadata as object).filter(([key]) => !changing.has(key));
  return { ...rest, ...(rest["kind"] !== "TokenRequest" && { status }), metadata: Object.fromEntries(reported) };
}

const isListed = (path: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) => (pattern.endsWith("*") ? path.startsWith(pattern.slice(0, -1)) : path === pattern));

describe.each(writes)("of $what", (write) => {
  beforeAll(async () => {
    const { path, before } = write;
    const collection = path.replace(/(\/[^/]+)(\/(?:eviction|token))?$/, "");
    if (before) await world.admin.create(collection, before).catch(() => undefined);
  });

  it("what the operator writes is accepted", async () => {
    const { status, message } = await stolen.call(await asWritten(write));
    expect({ status, message }).toEqual({ status: expect.toSatisfy((code: number) => code < 300), message: "" });
  });

  it("no field takes anything else", async () => {
    const call = await asWritten(write);
    const control = outcome(await stolen.call(call));
    const { free = {}, checked = [], blind = false } = write;
    const taken = new Set<string>();
    const unasked: string[] = [];
    const judge = async ({ path, values, set }: Field): Promise<void> => {
      if (blind && isListed(path, Object.keys(free))) return;
      let asked = false;
      for (const value of values) {
        const body = set(call.body, value);
        if (isDeepStrictEqual(body, call.body)) continue;
        const answer = await stolen.call({ ...call, body: body as object });
        const accepted = answer.status < 300;
        const text = `${path} = ${JSON.stringify(value)}`;
        if (accepted && (blind || !isDeepStrictEqual(outcome(answer), control)))
          taken.add(Object.keys(free).find((each) => isListed(path, [each]) || each === text) ?? text);
        asked ||= accepted || answer.message.includes("ValidatingAdmissionPolicy");
      }
      if (!asked && !isListed(path, checked)) unasked.push(path);
    };
    // Nothing comes of what is asked, so fields do not mind each other.
    const fields = await fieldsOf(world.admin, ...write.schema);
    await new PQueue({ concurrency: 8 }).addAll(fields.map((field) => () => judge(field)));
    expect({ taken: [...taken].toSorted(), unasked }).toEqual({
      taken: blind ? [] : Object.keys(free).toSorted(),
      unasked: [],
    });
  });
});
