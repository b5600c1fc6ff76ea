// Oracle's workload identity: as whom a pod of an OKE cluster signs.
//
// Made of one plain call: oci-common would make it past the guarded network, and try again by itself.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "../../config/config.ts";
import { textOfBase64 } from "../../runtime/base64.ts";
import type { Http, HttpAnswer } from "../http/http.ts";
import { proxymuxUrl } from "../http/metadata-hosts.ts";
import { NetworkError } from "../http/network-error.ts";
import { noIdentity, type OciPrincipal, sessionKey, sessionPrincipal } from "./principal.ts";
import { textAt } from "../answers.ts";

export interface WorkloadOptions {
  /** May reach the cluster's proxymux. */
  readonly metadataHttp: Http;
  readonly environment: Environment;
  /** In place of Kubernetes' own; for fakes. */
  readonly serviceAccountFolder?: string | undefined;
}

const usualFolder = "/var/run/secrets/kubernetes.io/serviceaccount";
// https://docs.oracle.com/iaas/Content/ContEng/Tasks/contenggrantingworkloadaccesstoresources.htm
const advice =
  "it needs an enhanced cluster (where KUBERNETES_SERVICE_PORT_PROXYMUX is set to nothing in the operator's Deployment, the instance principal is used)";

/** The operator's ServiceAccount, exchanged by the cluster's proxymux. Throws OperatorError. */
export async function workloadPrincipal(options: WorkloadOptions, signal: AbortSignal): Promise<OciPrincipal> {
  const { metadataHttp, environment, serviceAccountFolder = usualFolder } = options;
  const failed = (why: string, origin?: NetworkError) =>
    noIdentity(`OKE's workload identity gave none (${why}); ${advice}`, origin);
  const url = proxymuxUrl(environment);
  if (url === undefined) throw failed("KUBERNETES_SERVICE_HOST is not set");
  const [ca, account] = await Promise.all(
    ["ca.crt", "token"].map((name) => readFile(join(serviceAccountFolder, name), "utf8")),
  ).catch(() => {
    throw failed(`${serviceAccountFolder} cannot be read`);
  });
  const session = await sessionKey();
  let answer: HttpAnswer;
  try {
    answer = await metadataHttp(
      {
        method: "POST",
        url,
        headers: { authorization: `Bearer ${account?.trim() ?? ""}`, "content-type": "application/json" },
        body: JSON.stringify({ podKey: session.publicKey }),
        ...(ca === undefined ? {} : { ca }),
      },
      signal,
    );
  } catch (error) {
    if (error instanceof NetworkError) throw failed(error.message, error);
    throw error;
  }
  if (answer.status !== 200) throw failed(`HTTP ${answer.status}`);
  // JSON in base64; the token bears the mark of a session already.
  const token = textAt({ text: textOfBase64(answer.text.trim()) ?? "" }, "token");
  if (!token?.startsWith("ST$")) throw failed("an answer without a token");
  return sessionPrincipal(token.slice("ST$".length), session);
}
