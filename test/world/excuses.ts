// The claims that a fault excuses. All others are served as if it were not there.
import type { Fault, ListFault } from "./faults.ts";
import type { Claim } from "./truth.ts";
import { teamLabel } from "./words.ts";
import type { World } from "./world.ts";

export function excusedBy({ faults, listFaults, cloud, ledger, operator }: World): (claim: Claim) => boolean {
  const isHit = ({ of }: Fault, { credential, namespace }: Claim): boolean => {
    switch (of.resource) {
      case "secrets":
        // Of the operator's own namespace: nothing can be stored.
        return of.namespace === undefined || of.namespace === namespace.name || of.namespace.startsWith("regcred-");
      case "serviceaccounts":
        return of.namespace === undefined || of.namespace === namespace.name;
      case "registrycredentials":
      case "registrycredentials/status":
        return of.name === credential.name;
      case "namespaces":
      case "events":
        return false;
    }
  };
  /** Who names a label that was not asked for goes on as it was, with the hosts that it had in the Secret. */
  const isBesideLabels = ({ namespace, secretName }: Claim): boolean =>
    ledger.past.now().credentials.some(({ uid, spec }) => {
      const place = { namespaceUid: namespace.uid, secretName, credentialUid: uid };
      const hasPart = spec.pullSecret.name === secretName || ledger.past.lastLeft(place) !== undefined;
      return hasPart && JSON.stringify(spec).includes(teamLabel);
    });
  /** What may not be seen is waited for; of Namespaces, what of them has changed meanwhile, and labels that were not asked for. */
  const isUnseen = ({ resource, since }: ListFault, claim: Claim): boolean =>
    resource !== "namespaces" ||
    !operator().parts.working() ||
    (ledger.namespaceChangedAt.get(claim.namespace.name) ?? 0) >= since ||
    isBesideLabels(claim);
  return (claim) =>
    listFaults.some((each) => isUnseen(each, claim)) ||
    (cloud.mood !== "well" && claim.grant?.provider !== "Static") ||
    claim.credential.spec.suspend ||
    faults.some((fault) => fault.how === "throttled" || isHit(fault, claim));
}
