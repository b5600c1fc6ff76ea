// Which hand-made pull Secrets are there, put together by what they hold?
import { randomBytes } from "node:crypto";
import { credentialsAnnotation } from "../../api/names.ts";
import { dockerConfigKey, dockerConfigType } from "../../plan/pull-secret-plan.ts";
import { textOfBase64 } from "../../registry/base64.ts";
import { parseDockerConfig } from "../../registry/docker-config.ts";
import { keyedDigest } from "../../watch/digest.ts";
import { annotationsOf, fields, identityOf, optional, stringMap } from "../../watch/strip/object-meta.ts";

/** Secrets of one name and one content. */
export interface SecretGroup {
  /** In every namespace. */
  readonly secretName: string;
  readonly namespaces: readonly string[];
  /** Canonical. */
  readonly hosts: readonly string[];
  /** The docker config, as it is. */
  readonly text: string;
  /** What stands in it and cannot be served: these hosts would be lost. */
  readonly lost: readonly string[];
}

export interface Grouped {
  /** Largest first. */
  readonly groups: readonly SecretGroup[];
  /** `namespace/name: why` of those that cannot be read. */
  readonly skipped: readonly string[];
}

/** Looks at whole Secrets; those of regcred, of other types and of the operator's namespace are left out. */
export function secretGroups(raws: readonly unknown[], operatorNamespace: string): Grouped {
  const digest = keyedDigest(randomBytes(32));
  const groups = new Map<string, { first: Omit<SecretGroup, "namespaces">; namespaces: string[] }>();
  const skipped: string[] = [];
  for (const raw of raws) {
    const { namespace, name } = identityOf(raw);
    const secret = fields(raw, "Secret");
    if (namespace === operatorNamespace || optional(secret, "type") !== dockerConfigType) continue;
    if (annotationsOf(raw)[credentialsAnnotation] !== undefined) continue;
    const data = stringMap(secret["data"], "data");
    const text = textOfBase64(data[dockerConfigKey] ?? "") ?? "";
    const parsed = parseDockerConfig(text, "dockerconfigjson");
    if (!parsed.ok) {
      skipped.push(`${namespace}/${name}: this docker config ${parsed.problem}`);
      continue;
    }
    const key = `${name} ${digest({ [dockerConfigKey]: text })}`;
    const group = groups.get(key) ?? {
      first: {
        secretName: name,
        hosts: [...parsed.logins.keys()].toSorted(),
        text,
        lost: parsed.skipped.map(({ host, why }) => `${host} ${why}`),
      },
      namespaces: [],
    };
    group.namespaces.push(namespace);
    groups.set(key, group);
  }
  return {
    skipped,
    groups: [...groups.values()]
      .map(({ first, namespaces }) => ({ ...first, namespaces: namespaces.toSorted() }))
      .toSorted(
        (one, other) =>
          other.namespaces.length - one.namespaces.length || (one.hosts.join() < other.hosts.join() ? -1 : 1),
      ),
  };
}
