// Shared by every fetch.ts: the CA of an entry, a form that is posted, the keys in an identity's Secret.
import { failure } from "../api/reasons.ts";
import { OperatorError } from "../runtime/errors.ts";
import type { CloudGrant, GrantIdentity, SecretIdentity } from "./grant-types.ts";
import type { HttpAnswer } from "./http/http.ts";
import type { IdentitySource } from "./identity-source.ts";
import type { CloudOptions } from "./provider.ts";

type WithCa = Pick<CloudGrant, "caSecretName">;

/** The member of a call with the CA that the entry names. Throws OperatorError. */
export function caOf({ ca }: Pick<CloudOptions, "ca">, { caSecretName }: WithCa): { readonly ca?: string } {
  return caSecretName === undefined ? {} : { ca: ca(caSecretName) };
}

export interface Posted {
  readonly url: string;
  /** In this order. */
  readonly form: readonly (readonly [name: string, value: string])[];
}

/** https://www.rfc-editor.org/rfc/rfc6749#appendix-B */
export const formType = "application/x-www-form-urlencoded";

export function encodedForm(form: Posted["form"]): string {
  return new URLSearchParams(form.map(([name, value]) => [name, value])).toString();
}

/** Posts a form, and wants JSON. */
export async function postForm(
  options: Pick<CloudOptions, "http" | "ca">,
  grant: WithCa,
  { url, form }: Posted,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const headers = { "content-type": formType, accept: "application/json" };
  return options.http({ method: "POST", url, headers, body: encodedForm(form), ...caOf(options, grant) }, signal);
}

export interface IdentitySecret {
  /** Without space around it: values that were made from files end in a newline. Empty where there is none. */
  readonly text: (key: string) => string;
  /** @param what completes "the identity's Secret NAMESPACE/NAME" */
  readonly invalid: (what: string) => OperatorError;
}

/** The keys of an identity. Throws OperatorError where its Secret cannot be one's. */
export function identitySecret(identities: IdentitySource, identity: SecretIdentity): IdentitySecret {
  const values = identities.secretValues(identity);
  return {
    text: (key) => values[key]?.reveal().trim() ?? "",
    invalid: (what) => invalidIdentity(identity, what),
  };
}

/** @param what completes "the identity's Secret NAMESPACE/NAME" */
export function invalidIdentity(identity: GrantIdentity, what: string): OperatorError {
  const place = identity.from === "Operator" ? identity.from : `${identity.namespace}/${identity.name}`;
  return new OperatorError(failure("IdentityInvalid", { message: `the identity's Secret ${place} ${what}` }));
}
