// The token endpoints of Docker Hub, Quay and JFrog.
//
// https://github.com/docker/login-action/blob/master/src/dockerhub.ts,
// https://github.com/quay/quay/blob/master/endpoints/oauth/robot_identity_federation.py,
// https://jfrog.com/help/r/jfrog-platform-administration-documentation/openid-connect-integration, and RFC 8693 section 2.
import { jwtClaims } from "../../../src/runtime/jwt-claims.ts";
import { jwt } from "./azure.ts";
import { json, type VendorCall, type VendorReply, type VendorServer, vendorServer } from "./vendor.ts";

const exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
const tokenTypes = "urn:ietf:params:oauth:token-type";
const hour = Temporal.Duration.from({ hours: 1 });

/** What every endpoint here trusts. */
const trusted = "system:serviceaccount:team-a:puller";
export const robot = "acme+puller";
export const connection = "0b0e3a5c-1111-2222-3333-444444444444";

export function exchangeServer(): Promise<VendorServer> {
  return vendorServer(["identity.docker.com", "quay.io", "acme.jfrog.io"], (call) => {
    switch (`${call.method} ${call.host}${call.path}`) {
      case "POST identity.docker.com/oauth/token":
        return dockerHub(call);
      case "GET quay.io/oauth2/federation/robot/token":
        return quayRobot(call);
      case "POST quay.io/oauth2/sts/token":
        return quayExchange(call);
      case "POST acme.jfrog.io/access/api/v1/oidc/token":
        return jfrog(call);
      default:
        return { status: 404, body: "" };
    }
  });
}

export function oauthError(error: string, status = 400): VendorReply {
  return json(status, { error, error_description: "made up, quoting hunter2" });
}

function trusts(token: string | null | undefined, audience: string): boolean {
  const { sub, aud } = jwtClaims(token ?? "") ?? {};
  return sub === trusted && [aud].flat().includes(audience);
}

function dockerHub({ headers, body }: VendorCall): VendorReply {
  const form = new URLSearchParams(body);
  if (headers["content-type"] !== "application/x-www-form-urlencoded" || form.get("grant_type") !== exchange) {
    return oauthError("unsupported_grant_type");
  }
  const right = form.get("subject_token_type") === `${tokenTypes}:id_token` && form.get("connection_id") === connection;
  if (!right || !trusts(form.get("subject_token"), "https://identity.docker.com")) return oauthError("invalid_grant");
  const expires_in = Number(form.get("expires_in") ?? 300);
  return json(200, { access_token: jwt({ sub: "acme" }), token_type: "Bearer", expires_in });
}

function quayRobot({ headers }: VendorCall): VendorReply {
  const login = Buffer.from(headers.authorization?.replace("Basic ", "") ?? "", "base64").toString();
  const [name, token] = login.split(":");
  if (name !== robot || !trusts(token, "quay.io")) return oauthError("Unauthorized", 401);
  return json(200, { token: jwt({ sub: robot }, hour) });
}

function quayExchange({ body }: VendorCall): VendorReply {
  const form = new URLSearchParams(body);
  if (form.get("grant_type") !== exchange) return oauthError("unsupported_grant_type");
  if (form.get("resource") !== robot) return oauthError("invalid_target");
  const right = form.get("subject_token_type") === `${tokenTypes}:jwt`;
  if (!right || !trusts(form.get("subject_token"), "quay.io")) return oauthError("invalid_grant");
  return json(200, {
    access_token: jwt({ sub: robot }, hour),
    issued_token_type: `${tokenTypes}:access_token`,
    token_type: "Bearer",
    expires_in: 3600,
    scope: "",
  });
}

function jfrog({ headers, body }: VendorCall): VendorReply {
  if (headers["content-type"] !== "application/json") return { status: 415, body: "" };
  const asked = JSON.parse(body) as Readonly<Record<string, string>>;
  const right = asked["grant_type"] === exchange && asked["subject_token_type"] === `${tokenTypes}:id_token`;
  if (!right || asked["provider_name"] !== "cluster" || !trusts(asked["subject_token"], "jfrog")) {
    return json(401, { errors: [{ code: "UNAUTHORIZED", message: "made up, quoting hunter2" }] });
  }
  return json(200, {
    access_token: jwt({ sub: "jfac@x/users/puller" }, hour),
    token_type: "Bearer",
    expires_in: 3600,
    username: "puller",
  });
}
