// Google's metadata server: what it says of the place where the operator runs.
import { failure } from "../../api/reasons.ts";
import { OperatorError } from "../../runtime/errors.ts";
import { googleError, type GoogleToken, googleToken } from "./answer.ts";
import type { Http, HttpAnswer } from "../http/http.ts";
import { NetworkError } from "../http/network-error.ts";
import type { CloudOptions } from "../provider.ts";

// https://cloud.google.com/compute/docs/metadata/querying-metadata: plain http, and a header that no browser and no other
// metadata service sends, in both directions. The address needs no DNS.
const base = "http://169.254.169.254/computeMetadata/v1/";
const flavor = "metadata-flavor";

const who = "Google's metadata server";

export type MetadataOptions = Pick<CloudOptions, "clock" | "metadataHttp">;

/**
 * Of the operator's own service account. The server keeps a token until its last minutes and hands out the same one until
 * then, so that there may be little life left in it. Throws OperatorError.
 */
export async function metadataToken(
  { clock, metadataHttp }: MetadataOptions,
  scopes: readonly string[],
  signal: AbortSignal,
): Promise<GoogleToken> {
  const query = new URLSearchParams({ scopes: scopes.join(",") });
  const askedAt = clock.now();
  const answer = await ask(metadataHttp, `instance/service-accounts/default/token?${query.toString()}`, signal);
  if ("why" in answer) throw noIdentity(answer.why, answer.origin);
  const advice =
    "let the operator's ServiceAccount use its Google service account (roles/iam.workloadIdentityUser), and the machine the scopes of the entry";
  return googleToken(answer, { who, identity: { from: "Operator" }, advice, askedAt }, clock);
}

/** How tokens of a GKE cluster are exchanged. */
export interface GkeFederation {
  /** Of the ServiceAccount's token. */
  readonly tokenAudience: string;
  /** Of the exchange. */
  readonly audience: string;
}

/** The identity namespace of the cluster where the operator runs; only facts are asked for. Throws OperatorError. */
export async function gkeFederation(
  { clock, metadataHttp }: MetadataOptions,
  signal: AbortSignal,
): Promise<GkeFederation> {
  const fact = async (path: string): Promise<string> => {
    const answer = await ask(metadataHttp, path, signal);
    if ("why" in answer) throw notGke(answer.why, answer.origin);
    if (answer.status !== 200) {
      throw googleError(
        answer,
        { who, identity: { from: "Operator" }, advice: "write google.workloadIdentityProvider" },
        clock,
      );
    }
    // Project ids may be scoped by a domain: `example.com:project`.
    const text = answer.text.trim();
    if (!/^[a-z0-9][-a-z0-9.:]{0,98}$/.test(text)) throw notGke(`${who} names no ${path}`);
    return text;
  };
  const [project, location, cluster] = await Promise.all([
    fact("project/project-id"),
    fact("instance/attributes/cluster-location"),
    fact("instance/attributes/cluster-name"),
  ]);
  // https://github.com/kubernetes/cloud-provider-gcp/tree/master/cmd/auth-provider-gcp
  const tokenAudience = `${project}.svc.id.goog`;
  return {
    tokenAudience,
    audience: `identitynamespace:${tokenAudience}:https://container.googleapis.com/v1/projects/${project}/locations/${location}/clusters/${cluster}`,
  };
}

interface NoAnswer {
  readonly why: string;
  /** Where nobody answered. */
  readonly origin?: NetworkError;
}

/** The answer, or why there is none. */
async function ask(http: Http, path: string, signal: AbortSignal): Promise<HttpAnswer | NoAnswer> {
  let answer: HttpAnswer;
  try {
    answer = await http({ method: "GET", url: `${base}${path}`, headers: { [flavor]: "Google" } }, signal);
  } catch (error) {
    if (error instanceof NetworkError) return { why: `${who} is silent (${error.code})`, origin: error };
    throw error;
  }
  // Another cloud's answers there too.
  if (answer.headers[flavor] !== "Google") return { why: "the metadata service is not Google's" };
  return answer.status === 404 ? { why: `${who} knows none` } : answer;
}

// On GKE the server refuses connections in a pod's first seconds: googleapis/google-auth-library-nodejs#1236.
export function noIdentity(why: string, origin?: NetworkError): OperatorError {
  return new OperatorError(
    failure("NoOperatorIdentity", {
      message: `the operator has no Google identity of its own: ${why}; on GKE, annotate its ServiceAccount with iam.gke.io/gcp-service-account; elsewhere, name another identity in the entry`,
    }),
    origin,
  );
}

function notGke(why: string, origin?: NetworkError): OperatorError {
  return new OperatorError(
    failure("MissingWorkloadIdentityProvider", {
      message: `where tokens of ServiceAccounts are exchanged is not known, for the cluster does not look like GKE: ${why}; write google.workloadIdentityProvider`,
    }),
    origin,
  );
}
