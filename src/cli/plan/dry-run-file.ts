// Dry run of applying or deleting a file: what would be written, namespace by namespace.
import { kind } from "../../api/names.ts";
import { ConfigError } from "../../config/config.ts";
import { escapedJson } from "../../runtime/foreign-text.ts";
import { resources } from "../../cluster/resources.ts";
import type { Action } from "../cluster-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { clusterState } from "./cluster-state.ts";
import { planReport } from "./plan-report.ts";
import { planText } from "./plan-text.ts";
import { plannedObjects } from "./planned-objects.ts";
import { denial } from "./denial.ts";

export const dryRunFile: Action = async (session, _args, options) => {
  const { objects, clock, operatorNamespace, config, out } = session;
  const { filename, output } = options;
  const deleting = options["delete"] === true;
  const existing = (name: string): Promise<unknown> => objects.get(resources.credentials, { name });
  const planned = await plannedObjects(String(filename), existing, { now: clock.now(), deleting });
  // What would not be written is not foretold.
  for (const each of deleting ? [] : planned.credentials) {
    const refused = await denial(session, each);
    if (refused !== undefined)
      throw new ConfigError(`${String(filename)}: ${kind} ${each.name}: the API server refuses it: ${refused}`);
  }
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
