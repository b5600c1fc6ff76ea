// Whom does one ask for the token of a grant?
import type { Grant } from "./grant.ts";
import type { GoogleGrant } from "./grant-types.ts";

/** Who answers together: if one grant's call hangs here, the next one's will. */
export interface Authority {
  /** Of clouds that share a limit; gcr.io and *.pkg.dev are one. */
  readonly kind: Exclude<Grant["provider"], "Static" | "GCR" | "GAR"> | "Google";
  /** Unique within the kind, and told to people. */
  readonly name: string;
  /** What counts the calls, each by itself. */
  readonly counters: readonly string[];
}

/** Undefined for Static, which asks nobody: its source is in memory. */
export function authorityOf(grant: Grant): Authority | undefined {
  switch (grant.provider) {
    case "Static":
      return undefined;
    case "ECR": {
      // STS is asked in the region of the registry, too.
      const place = `${grant.partition} ${grant.region}`;
      const name = `AWS ${grant.region}${grant.endpoint === "standard" ? "" : ` (${grant.endpoint})`}`;
      return { kind: "ECR", name, counters: [place] };
    }
    case "ECRPublic":
      return only("ECRPublic", "AWS us-east-1");
    case "ACR":
      return {
        kind: "ACR",
        name: `${grant.authority} and ${grant.registry}`,
        counters: [grant.authority, grant.registry],
      };
    case "GCR":
    case "GAR":
      return only("Google", googleName(grant));
    case "OCIR":
      return only("OCIR", grant.host);
    case "ICR":
      return only("ICR", "iam.cloud.ibm.com");
    case "TokenExchange":
      return only("TokenExchange", hostIn(grant.settings.url));
  }
}

function only(kind: Authority["kind"], name: string): Authority {
  return { kind, name, counters: [name] };
}

/** An API server's rule has seen to it that the URL is one of https, without a user. */
function hostIn(url: string): string {
  const [host = ""] = url.replace(/^https:\/\//i, "").split(/[/?#]/, 1);
  return host.toLowerCase();
}

function googleName({ identity, impersonate }: GoogleGrant): string {
  const first =
    identity.from === "Operator"
      ? "the operator's own Google identity"
      : identity.from === "Secret"
        ? "oauth2.googleapis.com"
        : "sts.googleapis.com";
  return impersonate === undefined ? first : `${first} and iamcredentials.googleapis.com`;
}
