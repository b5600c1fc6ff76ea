// What others apply, keep and copy: faults that tests must find.
import type { Finder, Mutant } from "./mutant.ts";

const unit = (path: string): Finder => ({ phase: "unit", path: `test/${path}.test.ts` });

const fault = (name: string, file: string, [from, to]: readonly [string, string], foundBy: Finder): Mutant => ({
  fault: "failures",
  name,
  edits: [{ file: `src/${file}`, from, to }],
  foundBy,
});

const applied = unit("controllers/appliers");
const planned = unit("cluster-state/managed-fields");
const copied = unit("controllers/pull-secret/copied-secrets");

export const neighbourMutants: readonly Mutant[] = [
  fault(
    "who applies a ServiceAccount is refused after our patch",
    "controllers/service-account/apply.ts",
    ["if (others && version) await send(", "if (others && !version) await send("],
    applied,
  ),
  fault(
    "who applies a Secret is refused after our write",
    "controllers/pull-secret/apply.ts",
    ["if (!written || !othersFields) return written;", "if (!written || othersFields) return written;"],
    applied,
  ),
  fault(
    "what others have applied is forgotten with what is ours",
    "cluster/managed-fields.ts",
    ["entries.filter((entry) => !isOurs(entry))", "entries.filter((entry) => isOurs(entry))"],
    planned,
  ),
  fault(
    "a list that was not given up stays so",
    "controllers/service-account/plan.ts",
    ['serviceAccount.othersApply === "hindered" && unjudged.size === 0', "unjudged.size < 0"],
    planned,
  ),
  fault(
    "a Secret that may not be read for its size is not written, for the sake of who applies it",
    "controllers/pull-secret/plan.ts",
    ["if (!record?.othersApply || unread) return plan;", "if (!record?.othersApply) return plan;"],
    planned,
  ),
  fault(
    "a copy in a namespace that nothing selects is removed",
    "entitlement/roles.ts",
    ["const inIt = named.filter(isWitnessed);", "const inIt = named;"],
    copied,
  ),
  fault(
    "what was taken back may be put back",
    "controllers/pull-secret/apply.ts",
    ["run.remember(written ? undefined : takenBack);", "run.remember(undefined);"],
    copied,
  ),
  fault(
    "what another tool keeps is taken over",
    "cluster/other-managers.ts",
    ["if (kept) return `", "if (kept && annotations === labels) return `"],
    unit("controllers/pull-secret/plan-other-tools"),
  ),
  fault(
    "what a file holds beside its logins is left out in silence",
    "cli/import/import-logins.ts",
    ["missing: [...lost, ...missing]", "missing: [...lost]"],
    unit("cli/import"),
  ),
  fault(
    "hosts are written that the API server refuses",
    "cli/import/manifests.ts",
    ["const isListed = hosts.every(mayBeNamed) &&", "const isListed ="],
    unit("cli/import"),
  ),
];
