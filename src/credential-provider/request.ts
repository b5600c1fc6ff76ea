// The kubelet's request to a credential provider, read from its JSON.
//
// https://kubernetes.io/docs/reference/config-api/kubelet-credentialprovider.v1/
import { isObject } from "../runtime/json-object.ts";
import { Redacted } from "../runtime/redacted.ts";
import { quotedText } from "../runtime/foreign-text.ts";
import { parseImageReference } from "../registry/image-reference.ts";

export const exchangeVersion = "credentialprovider.kubelet.k8s.io/v1";
const requestKind = "CredentialProviderRequest";

export interface ProviderRequest {
  /** As the kubelet has it: with the registry's host, and without tag and digest. */
  readonly image: string;
  /** Of the pod's ServiceAccount; undefined where the kubelet's configuration has no tokenAttributes. */
  readonly token: Redacted | undefined;
  /** Of the pod's ServiceAccount, those that tokenAttributes name. Whoever may write the ServiceAccount has written them. */
  readonly annotations: Readonly<Record<string, string>>;
}

export type RequestResult =
  | { readonly ok: true; readonly request: ProviderRequest }
  /** `problem` is a sentence for whoever has set up the node. */
  | { readonly ok: false; readonly problem: string };

/** Of whatever came on standard input; never throws, and repeats no token. */
export function parseRequest(text: string): RequestResult {
  const written = objectOf(text);
  if (!written) {
    return refused(
      text.trim() === ""
        ? "standard input is empty: this command is started by the kubelet, which writes a request to it"
        : `standard input holds no whole ${requestKind}: it is cut off, or it is no JSON`,
    );
  }
  const { apiVersion, kind, image, serviceAccountToken: token, serviceAccountAnnotations: annotations } = written;
  if (kind !== requestKind) return refused(`the request is of the kind ${shown(kind)}, not ${requestKind}`);
  if (apiVersion !== exchangeVersion) {
    return refused(
      `the request is of the version ${shown(apiVersion)}: write apiVersion: ${exchangeVersion} for this provider in the kubelet's CredentialProviderConfig`,
    );
  }
  if (typeof image !== "string" || image === "") return refused("the request names no image");
  const reference = parseImageReference(image);
  if (!reference.ok) return refused(`the image ${quotedText(image)} of the request ${reference.problem}`);
  if (!isAbsent(token) && typeof token !== "string") return refused("the request's serviceAccountToken is no text");
  if (!isAbsent(annotations) && !isStringMap(annotations)) {
    return refused("the request's serviceAccountAnnotations are no map of texts");
  }
  return {
    ok: true,
    request: {
      image,
      token: isAbsent(token) || token === "" ? undefined : new Redacted(token),
      annotations: isAbsent(annotations) ? {} : annotations,
    },
  };
}

function refused(problem: string): RequestResult {
  return { ok: false, problem };
}

/** Go leaves out what is empty, and others write null. */
function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isStringMap(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((each) => typeof each === "string");
}

function shown(value: unknown): string {
  return typeof value === "string" ? quotedText(value) : "(none)";
}
