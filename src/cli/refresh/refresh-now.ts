// Has the tokens of a credential minted now, and waits for it.
import { refreshAnnotation } from "../../api/names.ts";
import type { RegistryStatus } from "../../api/registry-credential.ts";
import { oneLine } from "../../runtime/foreign-text.ts";
import { clusterObjects } from "../../cluster/cluster-objects.ts";
import { resources } from "../../cluster/resources.ts";
import { commandText, kubectl } from "../../runtime/steps.ts";
import { transformCredential } from "../../cluster/transform/credential.ts";
import type { Action } from "../cluster-command.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Session } from "../session.ts";
import { timeOf, timeLeftText } from "../terminal/time-left.ts";
import { noSuchCredential, seeWhetherItRuns } from "../terminal/sentences.ts";

// A cloud answers in seconds; what takes longer is told in the status.
const patience = Temporal.Duration.from({ seconds: 60 });
// What has failed before may have failed before it was asked for: the next attempt takes a moment.
const failingPatience = Temporal.Duration.from({ seconds: 5 });
const interval = Temporal.Duration.from({ milliseconds: 500 });

export const refreshNow: Action = async (session, [name = ""], { wait }) => {
  const { objects, transport, clock, out } = session;
  if ((await objects.get(resources.credentials, { name })) === undefined) {
    out.write(noSuchCredential(name));
    return exitCodes.no;
  }
  // Times of a status have whole seconds.
  const askedAt = clock.now().round({ smallestUnit: "second", roundingMode: "floor" });
  const annotations = { [refreshAnnotation]: clock.now().toString() };
  await clusterObjects(transport).patchCredential(name, { metadata: { annotations } });
  if (wait === false) {
    out.write(`Asked. See: ${commandText(kubectl`regcred status ${name}`)}\n`);
    return exitCodes.succeeded;
  }
  return untilMinted(session, name, askedAt);
};

async function untilMinted(
  { objects, clock, out, signal, operatorNamespace }: Session,
  name: string,
  askedAt: Temporal.Instant,
): Promise<number> {
  const start = clock.elapsed();
  const end = start + patience.total("milliseconds");
  for (;;) {
    const raw = await objects.get(resources.credentials, { name });
    const entries = (raw === undefined ? undefined : transformCredential(raw).credential?.status?.registries) ?? [];
    const hasTried = clock.elapsed() - start >= failingPatience.total("milliseconds");
    const isSettled = (entry: RegistryStatus): boolean => isMinted(entry, askedAt) || (hasTried && entry.failing > 0);
    const isOver = clock.elapsed() >= end || signal.aborted;
    if (entries.length > 0 && (isOver || entries.every(isSettled))) {
      for (const entry of entries) out.write(`${name}/${entry.name}: ${messageFor(entry, askedAt, clock.now())}\n`);
      return entries.every((entry) => isMinted(entry, askedAt)) ? exitCodes.succeeded : exitCodes.no;
    }
    if (isOver) {
      out.write(
        `The operator has said nothing of ${name} for ${patience.total("seconds")} s: ${seeWhetherItRuns(operatorNamespace)}\n`,
      );
      return exitCodes.unknown;
    }
    await clock.sleep(interval, signal).catch(() => undefined);
  }
}

function isMinted({ identities, failing, refreshedAt }: RegistryStatus, askedAt: Temporal.Instant): boolean {
  const at = timeOf(refreshedAt);
  return identities === 0 || (failing === 0 && at !== undefined && Temporal.Instant.compare(at, askedAt) >= 0);
}

function messageFor(entry: RegistryStatus, askedAt: Temporal.Instant, now: Temporal.Instant): string {
  const { identities, state, reason, message, expiresAt } = entry;
  if (identities === 0) return "no namespace needs it, so there is nothing to mint";
  const until = timeOf(expiresAt);
  if (isMinted(entry, askedAt)) {
    return `minted (${state}), ${until ? `${timeLeftText(until, now)} left` : "it names no expiry"}`;
  }
  return reason === undefined ? `not minted yet (${state})` : `NOT minted (${reason}): ${oneLine(message ?? "")}`;
}
