// How long a RegistryCredential keeps what stands under a name of its pull Secret that it has left.
import type { Status } from "../../src/api/registry-credential.ts";
import type { Ledger } from "./ledger.ts";

/** Milliseconds: an hour, and some minutes until it is seen to: src/entitlement/rename-grace.ts. */
export const keptUnderFormerName = 65 * 60_000;

/** The identity is one under such a name, of somebody who is still there. */
export function isFormerName(ledger: Ledger, identity: string): boolean {
  const { past, clock, renamedAt } = ledger;
  const [, secretName = "", credentialUid = ""] = identity.split(" ");
  const credential = past.now().credentials.find((each) => each.uid === credentialUid);
  if (!credential || credential.spec.pullSecret.name === secretName) return false;
  if (isStillNamed(ledger, credentialUid, secretName)) return true;
  const left = Math.max(past.lastWanted(identity) ?? 0, renamedAt(credentialUid, secretName) ?? 0);
  return clock.elapsed() - left < keptUnderFormerName;
}

/** The identity's RegistryCredential serves its namespace under this name too, having left it lately for the identity's. */
export function isServedUnder(ledger: Ledger, identity: string, secretName: string): boolean {
  const { past, clock, renamedAt } = ledger;
  const [namespaceUid = "", present, credentialUid = ""] = identity.split(" ");
  if (present === secretName) return true;
  if (isStillNamed(ledger, credentialUid, secretName)) return true;
  const left = Math.max(
    past.lastLeft({ namespaceUid, secretName, credentialUid }) ?? -Infinity,
    renamedAt(credentialUid, secretName) ?? -Infinity,
  );
  return clock.elapsed() - left < keptUnderFormerName;
}

/** Until the status names another one, for want of a right or of an answer, this is no former one. */
export function isStillNamed({ server }: Pick<Ledger, "server">, credentialUid: string, secretName: string): boolean {
  const raw = server.list("registrycredentials").find(({ metadata }) => metadata.uid === credentialUid);
  const { status } = (raw ?? {}) as { readonly status?: Status };
  return status?.secretName === secretName;
}
