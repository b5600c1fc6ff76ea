// Finds Debian's prometheus and promtool on this machine, and says what to do where they are missing.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export interface PrometheusPrograms {
  readonly prometheus: string;
  readonly promtool: string;
}

/** Undefined where one is missing. */
const prometheusPrograms: PrometheusPrograms | undefined = programsIn(process.env["PATH"] ?? "");

/** True where tests that need them are left out: never in CI, where `.ci/run` installs them. */
export const withoutPrometheus = prometheusPrograms === undefined && !process.env["CI"];

/** Completes the name of what is left out. */
export const prometheusAdvice = withoutPrometheus ? " (left out: apt-get install prometheus)" : "";

/** @throws Error that says how to get them. */
export function neededPrograms(): PrometheusPrograms {
  if (prometheusPrograms) return prometheusPrograms;
  throw new Error(
    "prometheus and promtool are not on the PATH. On Debian and Ubuntu: apt-get install prometheus. Elsewhere: https://prometheus.io/download/",
  );
}

function programsIn(path: string): PrometheusPrograms | undefined {
  const find = (name: string): string | undefined =>
    path
      .split(delimiter)
      .map((folder) => join(folder, name))
      .find(executable);
  const prometheus = find("prometheus");
  const promtool = find("promtool");
  return prometheus !== undefined && promtool !== undefined ? { prometheus, promtool } : undefined;
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
