// The events whose roads are counted, each through the whole operator on an API server in memory. Not a test: main.ts runs it.
import { expect, it, type TestContext } from "vitest";
import type { HttpAnswer } from "../../src/providers/http/http.ts";
import type { Played } from "../operator/played-pools.ts";
import { type Fixture, fixture, ops } from "../operator/fixture.ts";

declare global {
  var noteFile: ((path: string) => void) | undefined;
}

interface Road {
  /** What goes on at the same time, for other reasons. */
  readonly beside: RegExp;
  /** Where it begins, if not with the event. Default: with the event. */
  readonly from?: RegExp;
  readonly event: () => Promise<void>;
  /** The write with which it ends. */
  readonly isEnd: (call: Played) => boolean;
}

/** The files that are entered until the write is sent, in order. */
async function travelled(
  on: Fixture,
  { task }: TestContext,
  { beside, from, event, isEnd }: Road,
): Promise<readonly string[]> {
  const met: string[] = [];
  on.setFaults((call) => {
    if (isEnd(call)) globalThis.noteFile = undefined;
  });
  globalThis.noteFile = (path) => void met.push(path);
  await event();
  const road = from ? met.slice(met.findIndex((path) => from.test(path))) : met;
  const files = [...new Set(road.filter((path) => !beside.test(path)))];
  Object.assign(task.meta, { files });
  return files;
}

it("from the event of a Namespace to the write of its pull Secret", async (test) => {
  const on = fixture();
  on.addCredential("acme");
  on.run("a", { leaderElection: false });
  await on.pass(300);
  const files = await travelled(on, test, {
    beside: /^src\/controllers\/(?:credential|service-account|members|pod-recovery|token)\//,
    event: () => {
      on.server.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "team-b" } });
      return on.pass(5);
    },
    isEnd: ({ method, resource, namespace }) => method === "POST" && resource === "secrets" && namespace === "team-b",
  });
  expect(files.at(-1)).toMatch(/^src\/runtime\/client\//);
});

it("from the run for a grant to the write of its new token", async (test) => {
  const on = fixture();
  on.addSource("keys", "x");
  const subject = { name: "subject", valueFrom: "Password" };
  const tokenExchange = { url: "https://sts.example.com/token", body: { format: "JSON", fields: [subject] } };
  const entry = { name: "hub", provider: "TokenExchange", hosts: ["r.example.com"], tokenExchange };
  on.addCredential("acme", { registries: [{ ...entry, identity: { from: "Secret", name: "keys" } }] });
  let count = 0;
  const clouds = async (): Promise<HttpAnswer> => {
    count += 1;
    const text = JSON.stringify({ access_token: `token-${count}`, expires_in: 3600 });
    return { status: 200, headers: {}, text };
  };
  on.run("a", { leaderElection: false, clouds });
  await on.pass(1500);
  const files = await travelled(on, test, {
    beside: /^src\/controllers\/(?:credential|service-account|members|pod-recovery|pull-secret)\//,
    from: /^src\/controllers\/token\/controller\.ts$/,
    event: () => on.pass(400),
    isEnd: ({ method, resource, namespace }) => method === "PUT" && resource === "secrets" && namespace === ops,
  });
  expect(files.at(-1)).toMatch(/^src\/runtime\/client\//);
});
