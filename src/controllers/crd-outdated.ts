// The failure that an installed CustomResourceDefinition means which lacks something of this release.
import { failure } from "../api/reasons.ts";
import type { Failure } from "../runtime/errors.ts";
import type { CrdRecord } from "../cluster/records.ts";
import { kubectl } from "../runtime/steps.ts";

/** Of all that is missing; the others are counted. */
const maxListed = 3;

/**
 * A field that the API server drops may be one that narrows a grant, and a rule that it does not know may forbid one: so
 * nothing new is minted for a spec that may not be what was written. What tenants have is not touched by that.
 */
export function crdOutdated({ gaps }: Pick<CrdRecord, "gaps"> = { gaps: [] }): Failure | undefined {
  if (gaps.length === 0) return undefined;
  const reported = gaps.slice(0, maxListed).join(", ");
  const others = gaps.length > maxListed ? ` and ${gaps.length - maxListed} more` : "";
  return failure("CRDOutdated", {
    message: `the installed CustomResourceDefinition is older than this operator, it lacks ${reported}${others}; existing logins are kept fresh, new ones wait`,
    steps: [{ message: "bring it up to date", command: kubectl`apply -f crds/` }],
  });
}
