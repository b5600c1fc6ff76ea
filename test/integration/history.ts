// The versions through which objects passed, as a watch of the API server reports them.
import { createInterface } from "node:readline";
import { Agent, request } from "undici";
import type { KubeObject } from "../cluster/admin-client.ts";
import type { TestEnv } from "./test-env.ts";

export interface Version {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
}

export interface History extends AsyncDisposable {
  /** Since the beginning of the watch, oldest first; it may be a moment behind. */
  readonly versions: readonly Version[];
}

/** @param path of a collection, with or without a query. */
export async function history({ cluster }: Pick<TestEnv, "cluster">, path: string): Promise<History> {
  const agent = new Agent({ connect: { ca: cluster.ca }, bodyTimeout: 0 });
  const url = (query: string): string => `${cluster.server}${path}${path.includes("?") ? "&" : "?"}${query}`;
  const headers = { authorization: `Bearer ${cluster.adminToken}` };
  const list = await request(url("limit=1"), { dispatcher: agent, headers });
  const { metadata } = (await list.body.json()) as { metadata: { resourceVersion: string } };
  const watch = await request(url(`watch=true&resourceVersion=${metadata.resourceVersion}`), {
    dispatcher: agent,
    headers,
  });
  if (watch.statusCode !== 200) throw new Error(`the watch is refused: ${await watch.body.text()}`);
  const versions: Version[] = [];
  const reading = (async () => {
    for await (const line of createInterface({ input: watch.body })) versions.push(JSON.parse(line) as Version);
  })().catch(() => undefined);
  return {
    versions,
    [Symbol.asyncDispose]: async () => {
      watch.body.destroy();
      await agent.destroy();
      await reading;
    },
  };
}

/** The Secrets of one name, in whatever namespace. */
export function secretsCalled(name: string): string {
  return `/api/v1/secrets?fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`;
}
