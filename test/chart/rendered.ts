// Renders the chart with given values.
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../cluster/admin-client.ts";
import { operatorNamespace } from "../integration/operator-namespace.ts";
import { chartFolder, helm } from "./helm.ts";

export interface RenderOptions {
  /** As values.yaml would hold them. */
  readonly values?: object;
  /** Hooks are what helm makes for a while when it removes the release. */
  readonly hooks?: boolean;
}

/** The text of `helm template`, each document under a comment that names its template. */
export function renderedText({ values = {}, hooks = false }: RenderOptions = {}): Promise<string> {
  const set = Object.entries(values).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return helm([
    "template",
    "regcred",
    chartFolder,
    `--namespace=${operatorNamespace}`,
    ...(hooks ? [] : ["--no-hooks"]),
    ...set.flatMap((each) => ["--set-json", each]),
  ]);
}

export async function rendered(options?: RenderOptions): Promise<readonly KubeObject[]> {
  return objectsIn(await renderedText(options));
}

export function objectsIn(text: string): readonly KubeObject[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
}
