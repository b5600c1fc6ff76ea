// What would applying or deleting this file write, namespace by namespace, before anything is written?
import { escapedJson } from "../../foreign-text.ts";
import { kinds } from "../../kube/object-reader.ts";
import type { Action } from "../cluster-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { clusterState } from "./cluster-state.ts";
import { planReport } from "./plan-report.ts";
import { planText } from "./plan-text.ts";
import { plannedObjects } from "./planned-objects.ts";

export const rehearseFile: Action = async ({ objects, clock, operatorNamespace, config, out }, _args, options) => {
  const { filename, output } = options;
  const deleting = options["delete"] === true;
  const existing = (name: string): Promise<unknown> => objects.get(kinds.credentials, { name });
  const planned = await plannedObjects(String(filename), existing, { now: clock.now(), deleting });
  const credentials = planned.credentials.map(({ credential }) => credential);
  const state = await clusterState(objects, credentials, operatorNamespace);
  const report = await planReport(state, planned, {
    clock,
    operatorNamespace,
    sourceNamespaces: config.sourceNamespaces,
    maxConfigBytes: config.maxConfigBytes,
    deleting,
  });
  const what = `${deleting ? "Deleting" : "Applying"} ${credentials.map(({ name }) => name).join(", ")}`;
  out.write(output === "json" ? `${escapedJson(JSON.stringify(report, undefined, 2))}\n` : planText(report, what, out));
  return report.held.length + report.unserved.length > 0 ? exitCodes.no : exitCodes.succeeded;
};
