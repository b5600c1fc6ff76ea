// Why does a Secret that is not ours stand in the way, and what is to be done about it?
import { adoptAnnotation, managedByLabel } from "../../api/names.ts";
import type { Failure } from "../../runtime/errors.ts";
import { quotedText } from "../../runtime/foreign-text.ts";
import { hostsOf } from "../../registry/merge-docker-config.ts";
import { kubectl } from "../../runtime/steps.ts";
import type { Content } from "./plan-content.ts";
import { keptBy, selfNamedManager } from "./plan-other-tools.ts";
import type { LiveSecret, PullSecretSnapshot } from "./plan-types.ts";

// A message should stay readable.
const maxExamples = 3;

/** Why the Secret is not taken over; undefined where it may be. Its owner's consent overrides every reason. */
export function adoptionRefusal(live: LiveSecret, content: Content): string | undefined {
  if (live.annotations[adoptAnnotation] === "true") return undefined;
  const owner = live.ownerReferences.find((each) => each.controller);
  const other = otherManager({ ...live, controller: owner && `${owner.kind} ${owner.name}` });
  if (other !== undefined) return other;
  // The garbage collector deletes it with its owner.
  const [first] = live.ownerReferences;
  if (first) return `${quotedText(`${first.kind} ${first.name}`)} owns it`;
  const keys = Object.keys(live.otherData);
  if (keys.length > 0)
    return `it holds more than a docker config (${quotedText(keys.toSorted().slice(0, maxExamples).join(", "))})`;
  if (live.dockerConfig === undefined) return undefined;
  const held = hostsOf(live.dockerConfig);
  if (!held.ok) return undefined;
  const served = new Set(content.served.map(({ host }) => host));
  const lost = held.hosts.filter((host) => !served.has(host));
  return lost.length === 0
    ? undefined
    : `no entry serves its ${lost.length === 1 ? "host" : "hosts"} ${quotedText(lost.slice(0, maxExamples).join(", "))}`;
}

/** Who else would revert or prune it, as its marks say; undefined where nobody is seen. */
export function otherManager({ labels, annotations, controller }: Marked): string | undefined {
  if (controller !== undefined) return `${quotedText(controller)} controls it`;
  const kept = keptBy(labels, annotations);
  if (kept) return `${kept.tool} keeps it: ${kept.mark} tracks it`;
  const manager = selfNamedManager(labels, annotations);
  return manager === undefined ? undefined : `${quotedText(manager)} tracks it`;
}

interface Marked {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** `Kind name` */
  readonly controller: string | undefined;
}

/** @param why completes the sentence "it cannot be taken over or merged into because ..."; undefined under `Fail`. */
export function secretConflict(
  { namespace, name, record, live }: PullSecretSnapshot,
  why: string | undefined,
): Failure {
  const manager = record?.controller ?? live?.labels[managedByLabel] ?? record?.metadata?.labels[managedByLabel];
  return conflictWith({ namespace: namespace.name, name, manager }, why);
}

/** The same of a Secret of which only this is known. */
export function conflictWith(
  {
    namespace,
    name,
    manager,
  }: { readonly namespace: string; readonly name: string; readonly manager: string | undefined },
  why: string | undefined,
): Failure {
  const managed = manager === undefined ? "" : `, managed by ${quotedText(manager)}`;
  return {
    reason: "SecretConflict",
    cause: "Tenant",
    retry: "on-change",
    message: `the namespace has a Secret ${name} of its own${managed}${why === undefined ? "" : `, and ${why}`}`,
    steps:
      why === undefined
        ? [{ says: "delete it" }, { says: "or set pullSecret.onConflict to Merge or Adopt" }]
        : [
            { says: "delete it" },
            {
              says: "or let it be replaced by onConflict: Adopt and",
              command: kubectl`annotate -n ${namespace} secret ${name} ${adoptAnnotation}=true --overwrite`,
            },
          ],
  };
}
