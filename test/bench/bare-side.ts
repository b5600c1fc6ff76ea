// Makes the bare client do the same writes as the operator.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { KubeObject } from "../cluster/admin-client.ts";
import type { BareRequest, SecretTemplate } from "./bare-client.ts";
import { type Child, startChild } from "./child.ts";
import { bareSecret, type Stage } from "./stage.ts";

export interface BareSide {
  readonly child: Child;
  prepare(request: Exclude<BareRequest, { readonly kind: "open" | "go" }>): Promise<void>;
  go(): Promise<void>;
  stop(): Promise<void>;
}

/** A fresh process that is connected to nothing yet. */
export async function startBareSide({ cluster, access }: Stage): Promise<BareSide> {
  const child = startChild({
    script: join(import.meta.dirname, "bare-client.ts"),
    logFile: join(cluster.folder, "bare-client.log"),
  });
  const ask = (request: BareRequest): Promise<void> => child.ask(request);
  await ask({ kind: "open", access });
  return { child, prepare: ask, go: () => ask({ kind: "go" }), stop: () => child.stop() };
}

/** The operator's Secret under the bare client's name, with other bytes of the same number for its content. */
export function bareTemplate(operators: KubeObject): SecretTemplate {
  const { labels, annotations } = operators.metadata;
  const data = (operators["data"] as Readonly<Record<string, string>> | undefined) ?? {};
  const content = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, noiseLike(value)]));
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: bareSecret, labels, annotations },
    type: operators["type"],
    data: content,
  };
}

/** A docker config, because the API server refuses anything else under this type. */
function noiseLike(encoded: string): string {
  const { length } = Buffer.from(encoded, "base64");
  const frame = JSON.stringify({ auths: { noise: { auth: "" } } }).length;
  const noise = randomBytes(length)
    .toString("base64url")
    .slice(0, length - frame);
  return Buffer.from(JSON.stringify({ auths: { noise: { auth: noise } } })).toString("base64");
}
