// IBM Cloud's IAM. Wire format: https://cloud.ibm.com/apidocs/iam-identity-token-api
import { jwtClaims } from "../../../src/runtime/jwt-claims.ts";
import { jwt } from "./azure.ts";
import { json, type VendorCall, type VendorReply, type VendorServer, vendorServer } from "./vendor.ts";

export interface IbmOptions {
  readonly apiKeys: readonly string[];
  /** Subjects of cluster tokens, or the users of API keys, that a profile trusts. */
  readonly profiles: Readonly<Record<string, readonly string[]>>;
}

const hour = Temporal.Duration.from({ hours: 1 });

export function ibmServer(options: IbmOptions): Promise<VendorServer> {
  return vendorServer(["iam.cloud.ibm.com"], (call) => identityToken(call, options));
}

function identityToken({ method, path, headers, body }: VendorCall, { apiKeys, profiles }: IbmOptions): VendorReply {
  if (method !== "POST" || path !== "/identity/token") return { status: 404, body: "" };
  if (headers["content-type"] !== "application/x-www-form-urlencoded") return ibmError("BXNIM0109E");
  const form = new URLSearchParams(body);
  switch (form.get("grant_type") ?? "") {
    case "urn:ibm:params:oauth:grant-type:apikey":
      return apiKeys.includes(form.get("apikey") ?? "") ? granted("IBMid-user") : ibmError("BXNIM0415E");
    case "urn:ibm:params:oauth:grant-type:assume":
      return profileToken(form.get("profile_id"), jwtClaims(form.get("access_token") ?? ""), profiles);
    case "urn:ibm:params:oauth:grant-type:cr-token": {
      const claims = jwtClaims(form.get("cr_token") ?? "");
      if (![claims?.["aud"]].flat().includes("iam")) return ibmError("BXNIM0439E");
      return profileToken(form.get("profile_id"), claims, profiles);
    }
    default:
      return ibmError("BXNIM0118E");
  }
}

function profileToken(
  id: string | null,
  claims: Readonly<Record<string, unknown>> | undefined,
  profiles: IbmOptions["profiles"],
): VendorReply {
  return profiles[id ?? ""]?.includes(String(claims?.["sub"])) ? granted(`iam-${id}`) : ibmError("BXNIM0440E");
}

function granted(sub: string): VendorReply {
  const access_token = jwt({ sub }, hour);
  const expiration = jwtClaims(access_token)?.["exp"];
  return json(200, {
    access_token,
    refresh_token: "not_supported",
    token_type: "Bearer",
    expires_in: 3600,
    expiration,
    scope: "ibm openid",
  });
}

export function ibmError(errorCode: string, status = 400): VendorReply {
  return json(status, { errorCode, errorMessage: "made up, quoting hunter2", context: { requestId: "r" } });
}
