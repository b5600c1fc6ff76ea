// The principal as whom the operator signs what it asks Oracle's cloud.
import { failure } from "../../api/reasons.ts";
import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { OperatorError } from "../../runtime/errors.ts";
import type { NetworkError } from "../http/network-error.ts";

/** What a signature is made with: https://docs.oracle.com/iaas/Content/API/Concepts/signingrequests.htm */
export interface OciPrincipal {
  readonly keyId: string;
  /** PEM. */
  readonly privateKey: string;
}

export interface SessionKey {
  /** DER in base64: PEM without the lines around it. */
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

// As in Oracle's SDKs: oci-common, lib/auth/session-key-supplier.
const bits = 2048;
const newPair = promisify(generateKeyPair);

/** A key that nobody else has ever seen, for one token. */
export async function sessionKey(): Promise<SessionKey> {
  const { publicKey, privateKey } = await newPair("rsa", { modulusLength: bits });
  return { publicKey: publicKey.export({ type: "spki", format: "der" }).toString("base64"), privateKey };
}

/** The principal of a session token: the key's owner. */
export function sessionPrincipal(token: string, { privateKey }: SessionKey): OciPrincipal {
  return { keyId: `ST$${token}`, privateKey: privateKey.export({ type: "pkcs8", format: "pem" }) };
}

export function noIdentity(why: string, origin?: NetworkError): OperatorError {
  return new OperatorError(
    failure("NoOperatorIdentity", {
      message: `the operator has no OCI identity of its own: ${why}; give it one, or name another identity in the entry`,
    }),
    origin,
  );
}
