// Shows how all RegistryCredentials fare.
import { escapedJson } from "../../runtime/foreign-text.ts";
import { resources } from "../../cluster/resources.ts";
import { transformCredential } from "../../cluster/transform/credential.ts";
import type { Action } from "../cluster-command.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Session } from "../session.ts";
import { noSuchCredential } from "../terminal/sentences.ts";
import { yamlDocument } from "../terminal/yaml-document.ts";
import { type CredentialReport, credentialReport } from "./credential-view.ts";
import { statusText } from "./status-text.ts";

// Slow enough for the API server, quick enough for who watches; a status is written once a second at most.
const interval = Temporal.Duration.from({ seconds: 2 });

export const showStatus: Action = async (session, [name], { watch, output }) => {
  const { out, clock, signal } = session;
  const isScreen = watch === true && output === undefined && out.width !== undefined;
  let before = "";
  if (isScreen) out.clear();
  for (;;) {
    const reports = await readReports(session, name);
    const text =
      name !== undefined && reports.length === 0 && output === undefined
        ? noSuchCredential(name)
        : textOf(reports, session, output);
    if (isScreen) out.redraw(text);
    // Elsewhere a line is worth writing only when it says something new.
    else if (text !== before) out.write(text);
    before = text;
    if (watch !== true) return exitCode(reports, name);
    try {
      await clock.sleep(interval, signal);
    } catch {
      return exitCode(reports, name);
    }
  }
};

async function readReports(
  { objects, clock }: Pick<Session, "objects" | "clock">,
  name: string | undefined,
): Promise<readonly CredentialReport[]> {
  const found =
    name === undefined
      ? await objects.list(resources.credentials)
      : [await objects.get(resources.credentials, { name })].filter((object) => object !== undefined);
  return found
    .map((object) => credentialReport(transformCredential(object), clock.now()))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

function textOf(reports: readonly CredentialReport[], { out, clock }: Session, output: unknown): string {
  if (output === "json") return `${escapedJson(JSON.stringify({ credentials: reports }, undefined, 2))}\n`;
  if (output === "yaml") return yamlDocument({ credentials: reports });
  return statusText(reports, clock.now(), out);
}

function exitCode(reports: readonly CredentialReport[], name: string | undefined): number {
  if (name !== undefined && reports.length === 0) return exitCodes.no;
  return reports.every(({ ready }) => ready) ? exitCodes.succeeded : exitCodes.no;
}
