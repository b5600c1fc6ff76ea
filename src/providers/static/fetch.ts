// The provider Static at work: the logins of a Secret that an administrator keeps.
import { expiresAtAnnotation } from "../../api/names.ts";
import { failure, type FailureReason } from "../../api/reasons.ts";
import { type Cause, OperatorError } from "../../runtime/errors.ts";
import { timeOfText } from "../../runtime/foreign-numbers.ts";
import type { StaticGrant } from "./grant.ts";
import { createSource, labelSource, remakeSource } from "../../cluster/install-steps.ts";
import type { Step } from "../../runtime/steps.ts";
import type { Provider, SourceOptions } from "../provider.ts";
import { sourceLogins } from "./source-logins.ts";

export const fetchers = { Static: staticProvider };

export function staticProvider(options: SourceOptions): Provider<StaticGrant> {
  const { secret, operatorNamespace, sourceNamespaces, clock } = options;

  return {
    fetch: async (grant) => {
      const { namespace, name } = grant;
      const fail = failing(grant);
      if (namespace !== operatorNamespace && !sourceNamespaces.includes(namespace)) {
        throw fail(
          "SourceNotAllowed",
          `is in a namespace that sources may not live in: start the operator with --source-namespaces=${namespace}, or move it to ${operatorNamespace}`,
        );
      }
      const record = secret(`${namespace}/${name}`);
      const place = { namespace, name, operatorNamespace };
      const isOffered = record?.kind !== "source" || record.offered || namespace === operatorNamespace;
      // Whose labels choose the name learns nothing of Secrets that are not meant for it.
      if (!record || (!isOffered && grant.perTenant))
        throw fail("SourceMissing", "does not exist", createSource(place));
      if (!isOffered) throw fail("SourceMissing", "does not say that it may be one", labelSource(place));
      if (record.kind !== "source") {
        throw fail(
          "SourceRefused",
          "is written by regcred or of a type that holds no login, and never read back: name another Secret",
        );
      }
      if (!record.values)
        throw fail("SourceTooLarge", "is larger than 64 KiB: keep only the registries that are needed in it");
      const expiresAt = expiry(record.expiresAt, fail);
      if (expiresAt && Temporal.Instant.compare(expiresAt, clock.now()) <= 0) {
        throw fail(
          "SourceExpired",
          `expired at ${expiresAt.toString()}: put a new credential in it and move the annotation ${expiresAtAnnotation}`,
        );
      }
      const found = sourceLogins(record, record.values, grant);
      if (!found.ok) {
        throw fail(
          "SourceInvalid",
          found.problem,
          found.holdsNone === true ? remakeSource(place) : found.steps && [...found.steps, ...labelSource(place)],
        );
      }
      return {
        logins: found.logins,
        issuedAt: clock.now(),
        expiresAt,
      };
    },
  };
}

type Fail = (reason: FailureReason, what: string, steps?: readonly Step[]) => OperatorError;
function expiry(text: string | undefined, fail: Fail): Temporal.Instant | undefined {
  if (text === undefined) return undefined;
  const at = timeOfText(text);
  if (at) return at;
  throw fail(
    "SourceInvalid",
    `has an annotation ${expiresAtAnnotation} that is no time: write it like 2027-01-31T00:00:00Z`,
  );
}

/** A source that every namespace shares is the platform's to fix; one that a placeholder names is the tenant's. */
function failing(grant: StaticGrant): Fail {
  const cause: Cause = grant.perTenant ? "Tenant" : "Platform";
  return (reason, what, steps = []) =>
    new OperatorError(
      failure(reason, { cause, message: `the source Secret ${grant.namespace}/${grant.name} ${what}`, steps }),
    );
}
