// The doctor on operation: whether the operator runs, this machine's clock is right, and the credentials are well.
import { conditionOf, isBad } from "../../api/conditions.ts";
import { instantOfHttpDate } from "../../runtime/http-date.ts";
import { leaseName } from "../../cluster/needed-permissions.ts";
import { resources } from "../../cluster/resources.ts";
import type { CredentialRecord } from "../../cluster/records.ts";
import type { Session } from "../session.ts";
import { seen } from "../reads.ts";
import { credentialReport } from "../status/credential-view.ts";
import { timeOf, ageText } from "../terminal/time-left.ts";
import { bad, type Finding, notSeen, well } from "./finding.ts";
import { kubectl } from "../../runtime/steps.ts";

interface Lease {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly renewTime?: string;
    readonly leaseDurationSeconds?: number;
  };
}

export async function operatorRuns({ objects, operatorNamespace, clock }: Session): Promise<Finding> {
  const check = "operator";
  const found = await seen(
    objects.get(resources.leases, { namespace: operatorNamespace, name: leaseName }),
    (raw) => raw as Lease,
  );
  if (found.seen === "hidden") return notSeen(check, `the Lease ${leaseName}`);
  const look = kubectl`get pods -n ${operatorNamespace}`;
  if (found.seen === "absent")
    return bad(check, `no replica has ever led: there is no Lease ${operatorNamespace}/${leaseName}`, look);
  const { holderIdentity = "", renewTime, leaseDurationSeconds = 0 } = found.value.spec ?? {};
  const at = timeOf(renewTime);
  const isHeld = at !== undefined && clock.now().since(at).total("seconds") <= leaseDurationSeconds;
  if (holderIdentity !== "" && isHeld) return well(check, `${holderIdentity} leads`);
  const since = at === undefined ? "" : `; the last one was seen ${ageText(at, clock.now())} ago`;
  return bad(check, `no replica leads${since}`, look);
}

// Tokens are judged by both clocks: more than this makes ends look late or early.
const maxSkew = 30;

export async function clockIsRight({ transport, clock }: Session): Promise<Finding> {
  const check = "clock";
  const { headers } = await transport.request({ method: "GET", path: "/version" });
  const at = instantOfHttpDate(headers.date ?? "", clock.now());
  if (!at) return notSeen(check, "the API server's time");
  const skew = Math.round(Math.abs(clock.now().since(at).total("seconds")));
  return skew <= maxSkew
    ? well(check, "this machine and the API server agree")
    : bad(
        check,
        `this machine and the API server are ${skew} s apart; set the one that is wrong, for each judges by its own clock when a token expires`,
      );
}

export function credentialsAreWell(records: readonly CredentialRecord[], now: Temporal.Instant): readonly Finding[] {
  return records.flatMap((record) => {
    const { ready, reason, message, name } = credentialReport(record, now);
    const notReady = ready
      ? []
      : [bad("credentials", `${name} is not ready (${reason}): ${message}`, kubectl`regcred status ${name}`)];
    return [...notReady, ...stuck(record, now)];
  });
}

const longestDrain = Temporal.Duration.from({ minutes: 5 });

function stuck({ name, deleting, credential }: CredentialRecord, now: Temporal.Instant): readonly Finding[] {
  const since = credential?.deletionTimestamp;
  if (!deleting || !since || Temporal.Instant.compare(since.add(longestDrain), now) > 0) return [];
  const blocked = conditionOf(credential.status, "DrainBlocked");
  const why = blocked && isBad(blocked) ? `: ${blocked.message}` : "; see whether the operator runs";
  return [
    bad("finalizers", `${name} is being deleted for ${ageText(since, now)}${why}`, kubectl`describe regcred ${name}`),
  ];
}
