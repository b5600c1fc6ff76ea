// The claims that a fault excuses. All others are served as if it were not there.
import type { Fault, ListFault } from "./faults.ts";
import type { Claim } from "./truth.ts";
import { teamLabel } from "./words.ts";
import type { World } from "./world.ts";

export function excusedBy({ faults, listFaults, cloud, server, ledger, operator }: World): (claim: Claim) => boolean {
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
  /** What may not be seen is waited for; of Namespaces, what of them has changed meanwhile, and labels that were not asked for. */
  const isUnseen = ({ resource, since }: ListFault, { credential, namespace }: Claim): boolean =>
    resource !== "namespaces" ||
    !operator().parts.working() ||
    (ledger.namespaceChangedAt.get(namespace.name) ?? 0) >= since ||
    JSON.stringify(credential.spec).includes(teamLabel);
  return (claim) =>
    listFaults.some((each) => isUnseen(each, claim)) ||
    (cloud.mood !== "well" && claim.grant?.provider !== "Static") ||
    claim.credential.spec.suspend ||
    server.get({ resource: "namespaces", name: claim.namespace.name })?.metadata.uid !== claim.namespace.uid ||
    faults.some((fault) => fault.how === "throttled" || isHit(fault, claim));
}
