// Which claims has a fault a say in? All others are served as if it were not there.
import type { Fault } from "./faults.ts";
import type { Claim } from "./truth.ts";
import type { World } from "./world.ts";

export function excusedBy({ faults, listFaults, cloud, server }: World): (claim: Claim) => boolean {
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
  return (claim) =>
    // What may not be seen is waited for.
    listFaults.length > 0 ||
    (cloud.mood !== "well" && claim.grant?.provider !== "Static") ||
    claim.credential.spec.suspend ||
    server.get({ resource: "namespaces", name: claim.namespace.name })?.metadata.uid !== claim.namespace.uid ||
    faults.some((fault) => fault.how === "throttled" || isHit(fault, claim));
}
