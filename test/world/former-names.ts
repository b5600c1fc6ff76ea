// How long a RegistryCredential keeps what stands under a name of its pull Secret that it has left.
import type { Status } from "../../src/api/registry-credential.ts";
import type { Ledger } from "./ledger.ts";

/** Milliseconds: an hour, and some minutes until it is seen to: src/entitlement/rename-grace.ts. */
export const keptUnderFormerName = 65 * 60_000;

/** The identity is one under such a name, of somebody who is still there. */
export function isFormerName({ past, clock, renamedAt }: Ledger, identity: string): boolean {
  const [, secretName = "", credentialUid = ""] = identity.split(" ");
  const credential = past.now().credentials.find((each) => each.uid === credentialUid);
  if (!credential || credential.spec.pullSecret.name === secretName) return false;
  const left = Math.max(past.lastWanted(identity) ?? 0, renamedAt(credentialUid, secretName) ?? 0);
  return clock.elapsed() - left < keptUnderFormerName;
}

/** The identity's RegistryCredential serves its namespace under this name too, having left it lately for the identity's. */
export function isServedUnder(
  { server, past, clock, renamedAt }: Ledger,
  identity: string,
  secretName: string,
): boolean {
  const [namespaceUid = "", present, credentialUid = ""] = identity.split(" ");
  if (present === secretName) return true;
  const raw = server.list("registrycredentials").find(({ metadata }) => metadata.uid === credentialUid);
  const { status } = (raw ?? {}) as { readonly status?: Status };
  // Until the status names the other one, for want of a right or of an answer, this is no former one.
  if (status?.secretName === secretName) return true;
  const left = Math.max(
    past.lastLeft({ namespaceUid, secretName, credentialUid }) ?? -Infinity,
    renamedAt(credentialUid, secretName) ?? -Infinity,
  );
  return clock.elapsed() - left < keptUnderFormerName;
}
