// Keys of Google service accounts: what is one, and how it asks for a token.
import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import { jsonObject } from "../answers.ts";

/** The parts of a key file that are used. */
export interface GoogleKey {
  readonly email: string;
  readonly id: string | undefined;
  readonly key: KeyObject;
}

// Whatever `token_uri` a file names: who writes the file must not choose where its signature goes.
const audience = "https://oauth2.googleapis.com/token";
// The longest there is: https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests
const assertionSeconds = 3600;

/** The key, or what is wrong with the text, to be put after the name of what holds it. Quotes nothing of it. */
export function googleKey(text: string): GoogleKey | string {
  const { type, client_email, private_key, private_key_id, universe_domain } = jsonObject(text);
  // Such files name files, URLs and commands that the reader is to use:
  // https://cloud.google.com/docs/authentication/external/externally-sourced-credentials
  if (type === "external_account") {
    return "is of type external_account, which is never used: write identity.from: ServiceAccount and google.workloadIdentityProvider instead";
  }
  if (type !== "service_account") return "is no JSON key of a Google service account (its type is service_account)";
  if (universe_domain !== undefined && universe_domain !== "googleapis.com") {
    return "is of another universe than googleapis.com, which regcred does not know";
  }
  if (typeof client_email !== "string" || !/^[\w.:-]{1,128}@[\w.-]{1,128}$/.test(client_email)) {
    return "names no client_email: use the file as Google made it";
  }
  const key = typeof private_key === "string" ? rsaKey(private_key) : undefined;
  if (!key) return "holds no RSA key under private_key: use the file as Google made it";
  return { email: client_email, id: typeof private_key_id === "string" ? private_key_id : undefined, key };
}

/** A JWT to be exchanged for a token: RFC 7523 section 2.1, signed by RS256 (RFC 7518 section 3.3). */
export function googleAssertion(
  { email, id, key }: GoogleKey,
  scopes: readonly string[],
  now: Temporal.Instant,
): string {
  const iat = Math.floor(now.epochMilliseconds / 1000);
  const header = { alg: "RS256", typ: "JWT", ...(id === undefined ? {} : { kid: id }) };
  const claims = { iss: email, scope: scopes.join(" "), aud: audience, iat, exp: iat + assertionSeconds };
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${signed}.${sign("RSA-SHA256", Buffer.from(signed), key).toString("base64url")}`;
}

function rsaKey(pem: string): KeyObject | undefined {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === "rsa" ? key : undefined;
  } catch {
    return undefined;
  }
}
