// Runs all checks of the doctor.
import { resources } from "../../cluster/resources.ts";
import { servingInstall } from "../../controllers/cluster-claim/plan.ts";
import { there } from "../seen.ts";
import { commandText } from "../../runtime/steps.ts";
import { transformCredential } from "../../cluster/transform/credential.ts";
import type { Action } from "../cluster-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { seenAll } from "../reads.ts";
import type { Session } from "../session.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { wrapped } from "../terminal/layout.ts";
import { appliedLists } from "./appliers.ts";
import { audiencesDiffer } from "./audiences.ts";
import { noDrainRightsLeft } from "./drain-rights.ts";
import { type Finding, unknown } from "./finding.ts";
import { installNames, type Named } from "./install-names.ts";
import { apiServerVersion, crdIsCurrent, namespaceExists, operatorRights } from "./installation.ts";
import { nodesPullNothing, operatorHasIdentity } from "./cloud.ts";
import { imagesAreAskedFor } from "./images-on-nodes.ts";
import { nodesGiveNothing } from "./node-logins.ts";
import { labelsAreGuarded } from "./labels.ts";
import { clockIsRight, credentialsAreWell, operatorRuns } from "./operation.ts";
import { kubeletsMayAsk } from "./node-tokens.ts";
import { orphansFound } from "./orphans.ts";
import { guardrailsAreInForce } from "./guardrails.ts";

const signs = { well: ["ok      ", "green"], bad: ["BAD     ", "red"], unknown: ["unknown ", "yellow"] } as const;

export const examineAll: Action = async (asked, _args, { fix, install, nodeFile, kubeletFile }) => {
  const session = { ...asked, names: await installNames(asked) };
  const given = typeof kubeletFile === "string" ? kubeletFile : undefined;
  const examined = await (install === true
    ? examineInstall(session)
    : examine(session, { fix: fix === true, kubeletFile: given }));
  const findings = [...examined, ...(typeof nodeFile === "string" ? [await kubeletsMayAsk(session, nodeFile)] : [])];
  for (const finding of findings) session.out.write(textOf(finding, session.out));
  if (findings.some(({ state }) => state === "bad")) return exitCodes.no;
  return findings.some(({ state }) => state === "unknown") ? exitCodes.unknown : exitCodes.succeeded;
};

/** What helm test may see: nothing that is a tenant's, and no token. */
async function examineInstall(session: Session & Named): Promise<readonly Finding[]> {
  return [
    await apiServerVersion(session),
    await clockIsRight(session),
    await crdIsCurrent(session),
    await operatorRights(session),
    await guardrailsAreInForce(session),
    await noDrainRightsLeft(session),
    await operatorRuns(session),
  ];
}

interface Asked {
  readonly fix: boolean;
  /** Of a node. */
  readonly kubeletFile: string | undefined;
}

async function examine(session: Session & Named, { fix, kubeletFile }: Asked): Promise<readonly Finding[]> {
  const { objects, clock, operatorNamespace } = session;
  const installed = [await apiServerVersion(session), await clockIsRight(session), await crdIsCurrent(session)];
  // Without the kind there is nothing else to look at, and its absence has been told.
  const isReportedOf = installed.some(({ check, state }) => check === "RegistryCredential" && state === "bad");
  const list = seenAll(objects.list(resources.credentials), transformCredential);
  const listed = await (isReportedOf ? list.catch(() => undefined) : list);
  const records = there(listed);
  const credentials = records?.flatMap(({ credential }) => credential ?? []) ?? [];
  const place = [
    await namespaceExists(session, servingInstall(credentials, operatorNamespace)),
    await operatorRights(session),
    await guardrailsAreInForce(session),
    await audiencesDiffer(session),
    await noDrainRightsLeft(session),
    await operatorRuns(session),
  ];
  if (!listed) return [...installed, ...place];
  if (!records) return [...installed, ...place, unknown("credentials", "RegistryCredentials could not be listed")];
  return [
    ...installed,
    ...place,
    ...credentialsAreWell(records, clock.now()),
    await operatorHasIdentity(session, records),
    ...(await labelsAreGuarded(session, records)),
    await nodesPullNothing(session, records),
    await imagesAreAskedFor(session, records),
    ...(kubeletFile === undefined ? [] : [await nodesGiveNothing(records, kubeletFile)]),
    await orphansFound(session, records, fix),
    await appliedLists(session),
  ];
}

function textOf({ check, state, message, commands }: Finding, out: Terminal): string {
  const [sign, style] = signs[state];
  const indent = " ".repeat(sign.length);
  const [first = "", ...rest] = wrapped(`${check}: ${message}`, out.width, indent);
  const lines = [`${out.paint(style, sign)}${first.slice(indent.length)}`, ...rest];
  return [...lines, ...commands.map((command) => `${indent}${out.paint("bold", commandText(command))}`)]
    .map((line) => `${line}\n`)
    .join("");
}
