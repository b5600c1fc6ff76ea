// The account of the pod that an image is pulled for, as the ServiceAccount token says that the kubelet hands over.
//
// The signature is not checked: a node has no key for it. The token is believed because the kubelet has started this program
// and written it to its standard input; clouds and token endpoints check it when it is exchanged.
import { jwtClaims } from "../runtime/jwt-claims.ts";
import { jwtExpiry } from "../runtime/jwt-claims.ts";
import { quotedText } from "../runtime/foreign-text.ts";
import { isObjectName } from "../cluster/object-name.ts";

export interface PodAccount {
  readonly namespace: string;
  /** Of the ServiceAccount. */
  readonly name: string;
  readonly uid: string;
  /** Who has signed the token, which is what an API server takes as its own audience unless it is told others. */
  readonly issuer: string;
}

export type PodAccountResult =
  | { readonly ok: true; readonly account: PodAccount }
  /** `problem` completes the sentence "the ServiceAccount token of the request …". */
  | { readonly ok: false; readonly problem: string };

/** @param audience that the token must be for */
export function podAccount(token: string, audience: string, now: Temporal.Instant): PodAccountResult {
  const claims = jwtClaims(token);
  if (!claims) return refused("is no JSON Web Token");
  const { iss, aud, "kubernetes.io": bound } = claims;
  const audiences = (Array.isArray(aud) ? aud : [aud]).filter((each) => typeof each === "string");
  if (!audiences.includes(audience)) {
    return refused(
      `is for the audience ${audiences.map((each) => quotedText(each)).join(", ") || "(none)"}, not for ${audience}: write serviceAccountTokenAudience: ${audience} in tokenAttributes of the kubelet's CredentialProviderConfig`,
    );
  }
  const end = jwtExpiry(token);
  if (!end || Temporal.Instant.compare(end, now) <= 0) return refused("has ended, or names no end");
  const namespace = textAt(bound, "namespace");
  const account = memberAt(bound, "serviceaccount");
  const name = textAt(account, "name");
  const uid = textAt(account, "uid");
  if (!isObjectName(namespace) || !isObjectName(name) || uid === "" || typeof iss !== "string" || iss === "") {
    return refused("names no ServiceAccount: it is not one that a Kubernetes API server has made for a pod");
  }
  return { ok: true, account: { namespace, name, uid, issuer: iss } };
}

function refused(problem: string): PodAccountResult {
  return { ok: false, problem };
}

function memberAt(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** Empty for anything else than a text. */
function textAt(value: unknown, name: string): string {
  const member = memberAt(value, name);
  return typeof member === "string" ? member : "";
}
