// The list of commands beside `run`, in the order of the help.
import type { ClusterCommand } from "./cluster-command.ts";
import { doctorCommand } from "./doctor/doctor.ts";
import { drainCommand } from "./drain/drain.ts";
import { explainCommand } from "./explain/explain.ts";
import { importCommand } from "./import/import.ts";
import { planCommand } from "./plan/plan.ts";
import { refreshCommand } from "./refresh/refresh.ts";
import { statusCommand } from "./status/status.ts";
import { verifyCommand } from "./verify/verify.ts";

export const clusterCommands: readonly ClusterCommand[] = [
  statusCommand,
  explainCommand,
  planCommand,
  verifyCommand,
  refreshCommand,
  doctorCommand,
  importCommand,
  drainCommand,
];
