// Groups hand-made pull Secrets by what they hold.
import { randomBytes } from "node:crypto";
import { adoptAnnotation, credentialsAnnotation } from "../../api/names.ts";
import { quotedText } from "../../runtime/foreign-text.ts";
import { otherManager } from "../../cluster/other-managers.ts";
import {
  dockerConfigKey,
  dockerConfigType,
  legacyConfigType,
  parseDockerConfig,
} from "../../registry/docker-config.ts";
import { textOfBase64 } from "../../runtime/base64.ts";
import { keyedDigest } from "../../cluster/digest.ts";
import {
  annotationsOf,
  fields,
  identityOf,
  labelsOf,
  listOf,
  metadataOf,
  optional,
  stringMap,
} from "../../runtime/watch/object-meta.ts";

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

/** Secrets of one name that are not taken over for one reason. */
export interface LeftOut {
  readonly secretName: string;
  readonly namespaces: readonly string[];
  /** Completes the sentence "NAMESPACE/NAME: ..." */
  readonly why: string;
}

export interface Grouped {
  /** Largest first. */
  readonly groups: readonly SecretGroup[];
  readonly leftOut: readonly LeftOut[];
  /** How many are regcred's already, or its operator's own. */
  readonly ours: number;
}

// A legacy Secret that a controller of OpenShift makes for each ServiceAccount.
const accountAnnotation = "kubernetes.io/service-account.name";

/** Of which types somebody may have made a pull Secret. */
export const importedTypes = [dockerConfigType, legacyConfigType];

/** Looks at whole Secrets. */
export function secretGroups(raws: readonly unknown[], operatorNamespace: string): Grouped {
  const digest = keyedDigest(randomBytes(32));
  const groups = new Map<string, { first: Omit<SecretGroup, "namespaces">; namespaces: string[] }>();
  const leftOut = new Map<string, { first: Omit<LeftOut, "namespaces">; namespaces: string[] }>();
  let ours = 0;
  for (const raw of raws) {
    const { namespace, name } = identityOf(raw);
    const type = optional(fields(raw, "Secret"), "type");
    if (type === undefined || !importedTypes.includes(type)) continue;
    if (namespace === operatorNamespace || annotationsOf(raw)[credentialsAnnotation] !== undefined) {
      ours += 1;
      continue;
    }
    const why = whyNot(raw, type);
    const data = stringMap(fields(raw, "Secret")["data"], "data");
    const text = textOfBase64(data[dockerConfigKey] ?? "") ?? "";
    const parsed = why === undefined ? parseDockerConfig(text, "dockerconfigjson") : undefined;
    if (!parsed?.ok) {
      const reason = why ?? `this docker config ${parsed?.problem ?? ""}`;
      const left = leftOut.get(`${name} ${reason}`) ?? { first: { secretName: name, why: reason }, namespaces: [] };
      left.namespaces.push(namespace);
      leftOut.set(`${name} ${reason}`, left);
      continue;
    }
    const key = `${name} ${digest({ [dockerConfigKey]: text })}`;
    const group = groups.get(key) ?? {
      first: {
        secretName: name,
        hosts: [...parsed.logins.keys()].toSorted(),
        text,
        lost: parsed.skipped.map(({ host, why: problem }) => `${host} ${problem}`),
      },
      namespaces: [],
    };
    group.namespaces.push(namespace);
    groups.set(key, group);
  }
  return {
    ours,
    leftOut: [...leftOut.values()].map(({ first, namespaces }) => ({ ...first, namespaces: namespaces.toSorted() })),
    groups: [...groups.values()]
      .map(({ first, namespaces }) => ({ ...first, namespaces: namespaces.toSorted() }))
      .toSorted(
        (one, other) =>
          other.namespaces.length - one.namespaces.length || (one.hosts.join() < other.hosts.join() ? -1 : 1),
      ),
  };
}

/** Why onConflict: Adopt would not take it over; undefined where nothing is known against it. */
function whyNot(raw: unknown, type: string): string | undefined {
  if (type === legacyConfigType) {
    return accountAnnotation in annotationsOf(raw)
      ? `it is of type ${legacyConfigType}, made for a ServiceAccount by the cluster itself`
      : `it is of type ${legacyConfigType}: make it anew as ${dockerConfigType}`;
  }
  if (annotationsOf(raw)[adoptAnnotation] === "true") return undefined;
  const [owner] = listOf(metadataOf(raw)["ownerReferences"], "ownerReferences").map((each) => fields(each, "owner"));
  if (owner) {
    const text = `${optional(owner, "kind") ?? ""} ${optional(owner, "name") ?? ""}`;
    return `${quotedText(text)} owns it`;
  }
  return otherManager({ labels: labelsOf(raw), annotations: annotationsOf(raw), controller: undefined });
}
