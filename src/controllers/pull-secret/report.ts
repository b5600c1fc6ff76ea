// Who must hear what was found of a pull Secret? The board, the references loop, the credentials, the tenant.
import { credentialKey, referencesKey } from "../keys.ts";
import { namespaceNotPermitted } from "../../cluster/install-mode.ts";
import type { NamespaceRecord } from "../../cluster/records.ts";
import { longestNote, textWithSteps } from "../../runtime/steps.ts";
import type { CredentialFinding, SecretFinding } from "../status-cache.ts";
import type { Context } from "../context.ts";

/** A status is written once for many changes. */
export const statusSoon = { lane: "normal", debounced: true } as const;

export function reportSecret(context: Context, namespace: NamespaceRecord, name: string, finding: SecretFinding): void {
  const { statusCache, enqueue, events, settings, stores } = context;
  const before = statusCache.secret(namespace.name, name);
  const news = statusCache.setSecret(namespace.name, name, finding);
  if (before?.state !== finding.state) {
    enqueue(referencesKey(namespace.name), { lane: before ? "normal" : "interactive" });
  }
  for (const credential of new Set([...finding.credentials.keys(), ...(before?.credentials.keys() ?? [])])) {
    if (sameFinding(before?.credentials.get(credential), finding.credentials.get(credential))) continue;
    enqueue(credentialKey(credential), statusSoon);
  }
  // Of a namespace that the operator was not installed for, the status says so; nothing is sent there.
  if (namespaceNotPermitted(settings.mode, namespace.name)) return;
  const uid = stores.pullSecrets.get(`${namespace.name}/${name}`)?.uid ?? "";
  for (const failure of news) {
    events.publish({
      regarding: { apiVersion: "v1", kind: "Secret", namespace: namespace.name, name, uid },
      type: "Warning",
      reason: failure.reason,
      action: "Serve",
      note: textWithSteps(failure, longestNote),
    });
  }
}

function sameFinding(a: CredentialFinding | undefined, b: CredentialFinding | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && a.generation === b?.generation && textOf(a) === textOf(b);
}

function textOf({ failures, notes, formers = [] }: CredentialFinding): string {
  return [
    ...[...failures, ...notes].map((failure) => `${failure.reason} ${textWithSteps(failure)}`),
    ...formers.map(({ entry, until, pending }) => `${entry} ${until?.toString()} ${pending}`),
  ].join("\n");
}
