// Which logins does a Secret hold that an administrator keeps?
import { expiresAtAnnotation } from "../api/names.ts";
import type { Clock } from "../clock.ts";
import { type Cause, OperatorError } from "../errors.ts";
import { timeOfText } from "../foreign-numbers.ts";
import type { StaticGrant } from "../plan/grant-types.ts";
import { createSource } from "../plan/mending.ts";
import type { OperatorSecretRecord } from "../plan/snapshot.ts";
import type { Token } from "../plan/token.ts";
import { type DockerConfigForm, parseDockerConfig } from "../registry/docker-config.ts";
import { loginOf } from "../registry/login.ts";
import type { Step } from "../steps.ts";
import type { Provider } from "./provider.ts";

export interface StaticOptions {
  /** The Secret `namespace/name` as last heard of. */
  readonly source: (key: string) => OperatorSecretRecord | undefined;
  readonly operatorNamespace: string;
  /** Other namespaces that sources may live in, if labelled. */
  readonly sourceNamespaces: readonly string[];
  readonly clock: Clock;
}

// https://kubernetes.io/docs/concepts/configuration/secret/#secret-types
const dockerConfigForms: Readonly<Record<string, { key: string; form: DockerConfigForm }>> = {
  "kubernetes.io/dockerconfigjson": { key: ".dockerconfigjson", form: "dockerconfigjson" },
  "kubernetes.io/dockercfg": { key: ".dockercfg", form: "dockercfg" },
};

export function staticProvider(options: StaticOptions): Provider<StaticGrant> {
  const { source, operatorNamespace, sourceNamespaces, clock } = options;

  const found = (grant: StaticGrant): OperatorSecretRecord | undefined => {
    const record = source(`${grant.namespace}/${grant.name}`);
    return record?.kind === "source" && !record.offered && grant.namespace !== operatorNamespace ? undefined : record;
  };

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
      const record = found(grant);
      if (!record) {
        throw fail("SourceMissing", "does not exist", createSource(namespace, name, operatorNamespace));
      }
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
          `has ended at ${expiresAt.toString()}: put a new credential in it and move the annotation ${expiresAtAnnotation}`,
        );
      }
      return {
        logins: loginsIn(record.type, record.values, grant, fail),
        issuedAt: clock.now(),
        expiresAt,
      };
    },
  };
}

type Fail = (reason: string, what: string, steps?: readonly Step[]) => OperatorError;
type Values = Readonly<Record<string, { reveal(): string }>>;

function loginsIn(type: string, values: Values, grant: StaticGrant, fail: Fail): Token["logins"] {
  const config = dockerConfigForms[type];
  if (config) {
    const text = values[config.key]?.reveal();
    if (text === undefined || text.trim() === "")
      throw fail("SourceInvalid", `is empty: put a docker config under the key ${config.key}`);
    const parsed = parseDockerConfig(text, config.form);
    if (!parsed.ok)
      throw fail("SourceInvalid", `cannot be used: the docker config under ${config.key} ${parsed.problem}`);
    return { byHost: parsed.logins };
  }
  // basic-auth fixes its keys; an Opaque Secret's can be named in the spec.
  const keys =
    type === "kubernetes.io/basic-auth"
      ? { user: "username", password: "password" }
      : { user: grant.usernameKey, password: grant.passwordKey };
  const username = values[keys.user]?.reveal();
  const password = values[keys.password]?.reveal();
  if (username === undefined || password === undefined) {
    const missing = [username === undefined && keys.user, password === undefined && keys.password]
      .filter(Boolean)
      .join(" and ");
    const has = Object.keys(values).toSorted().slice(0, 5).join(", ") || "nothing";
    throw fail(
      "SourceInvalid",
      `lacks the key ${missing} (it has ${has}): add it, or name the keys in static.usernameKey and static.passwordKey`,
    );
  }
  const result = loginOf(username, password);
  if (!result.ok) throw fail("SourceInvalid", `cannot be used: it ${result.problem}`);
  return { all: result.login };
}

function expiry(text: string | undefined, fail: Fail): Temporal.Instant | undefined {
  if (text === undefined) return undefined;
  const at = timeOfText(text);
  if (at) return at;
  throw fail(
    "SourceInvalid",
    `has an annotation ${expiresAtAnnotation} that is no time: write it like 2027-01-31T00:00:00Z`,
  );
}

/** A source that every namespace shares is the platform's to mend; one that a placeholder names is the tenant's. */
function failing(grant: StaticGrant): Fail {
  const cause: Cause = grant.perTenant ? "Tenant" : "Platform";
  return (reason, what, steps = []) =>
    new OperatorError({
      reason,
      cause,
      retry: "on-change",
      message: `the source Secret ${grant.namespace}/${grant.name} ${what}`,
      steps,
    });
}
