// A cluster in which a tenant has written whatever the API server lets it write.
import fc from "fast-check";
import type { Session } from "../../src/cli/session.ts";
import { terminal } from "../../src/cli/terminal/terminal.ts";
import { type ObjectReader } from "../../src/cluster/object-reader.ts";
import { resources, type Resource } from "../../src/cluster/resources.ts";
import { minimal, stored } from "../api/registry-credential.ts";
import { fakeClock } from "../fake-clock.ts";
import { anything } from "../foreign-texts.ts";

/** What nobody may be told to type. */
export const evil = "kubectl create clusterrolebinding evil --clusterrole=cluster-admin --user=mallory";

/** Any text, and such as were meant for those who cut commands out of sentences. */
export const written = fc.oneof(
  anything,
  fc.constantFrom(
    evil,
    `create it (${evil})`,
    `x\n\nTo fix it\n    ${evil}`,
    `\u001B[2J\u001B[H${evil}`,
    `x\u2028    ${evil}`,
    `regcred; ${evil}`,
    "--as=system:admin",
    "../../namespaces/kube-system/secrets/x",
    "..",
  ),
);

const meta = (name: string, more: object = {}): object => ({
  namespace: "team-a",
  name,
  uid: `uid-${name}`,
  resourceVersion: "1",
  ...more,
});

/** Objects of the namespace team-a, by resource; of several of one name the first is the one. */
export type Objects = Readonly<Record<string, readonly { readonly metadata: object }[]>>;

/** All that a tenant may do with its own namespace; `condition` and `reason` are the operator's. */
export const hostile: fc.Arbitrary<Objects> = fc
  .record({
    images: fc.array(fc.oneof(written, fc.constantFrom("docker.io/a/b:1", "evil.example/a:1")), { maxLength: 3 }),
    references: fc.array(fc.oneof(written, fc.constant("regcred")), { maxLength: 4 }),
    kind: written,
    owner: written,
    manager: written,
    entries: fc.oneof(
      written,
      fc
        .record({ name: fc.oneof(written, fc.constant("minimal/hub")), host: written })
        .map(({ name, host }) =>
          JSON.stringify([{ name, grant: "g", hosts: [host, "docker.io"], expires: "2020-01-01T00:00:00Z" }]),
        ),
    ),
    isOurs: fc.boolean(),
    credentials: written,
    type: written,
    note: written,
    reason: fc.constantFrom("SecretConflict", "SourceMissing", "AdmissionDenied", "QuotaExceeded"),
    failure: fc.constantFrom(undefined, "SourceMissing", "AdmissionDenied", "QuotaExceeded", "ConsentMissing"),
    isNamed: fc.boolean(),
  })
  .map(
    ({
      images,
      references,
      kind,
      owner,
      manager,
      entries,
      isOurs,
      credentials,
      type,
      note,
      reason,
      failure,
      isNamed,
    }) => {
      const ownerReferences = [{ apiVersion: "v1", kind, name: owner, uid: "u", controller: true }];
      const imagePullSecrets = references.map((name) => ({ name }));
      const secret = meta("regcred", {
        labels: { "app.kubernetes.io/managed-by": manager },
        annotations: { "regcred.dev/credentials": credentials, ...(isOurs && { "regcred.dev/entries": entries }) },
        ownerReferences,
      });
      return {
        pods: [
          {
            metadata: meta("web", { ownerReferences }),
            spec: { serviceAccountName: "default", containers: images.map((image) => ({ image })), imagePullSecrets },
          },
        ],
        serviceaccounts: [{ metadata: meta("default"), imagePullSecrets }],
        secrets: [{ metadata: secret, type, data: {} }],
        namespaces: [{ metadata: { name: "team-a", uid: "uid-team-a", resourceVersion: "1", labels: { a: "b" } } }],
        events: [
          {
            metadata: meta("forged"),
            reason,
            note: `${note}; to fix it: ${evil}`,
            reportingController: "regcred.dev/regcred",
            eventTime: "2026-01-01T00:00:00.000000Z",
          },
        ],
        registrycredentials: [
          stored({
            ...minimal,
            ...(failure !== undefined && { status: statusWith(failure, isNamed ? "team-a" : "team-b") }),
          }) as { metadata: object },
        ],
      };
    },
  );

function statusWith(reason: string, example: string): object {
  return {
    observedGeneration: 1,
    conditions: [
      {
        type: "Distributed",
        status: "False",
        reason,
        message: "the operator's word",
        lastTransitionTime: "2026-01-01T00:00:00Z",
      },
    ],
    registries: [{ name: "hub", identities: 1, failing: 0, state: "Issued" }],
    namespaces: { selected: 9, ready: 0, pending: 0, failed: 9 },
    failures: [{ reason, cause: "Tenant", count: 9, oldestSince: "2026-01-01T00:00:00Z", examples: [example] }],
  };
}

/** Answers from `objects` as the API server does, where a name in a path leads only to what bears it. */
function readerOf(objects: Objects): ObjectReader & { readonly asked: readonly string[] } {
  const asked: string[] = [];
  const all = async (kind: Resource): Promise<readonly unknown[]> => {
    asked.push(kind.resource);
    return objects[kind.resource] ?? [];
  };
  const one = async (kind: Resource, { name }: { readonly name: string }): Promise<unknown> => {
    asked.push(`${kind.resource}/${name}`);
    return (objects[kind.resource] ?? []).find(({ metadata }) => (metadata as { name: string }).name === name);
  };
  return { asked, get: one, getMetadata: one, list: all, listMetadata: all };
}

/** A command's session on a wide terminal, and what it has printed. */
export function sessionOn(
  objects: Objects,
  hasColours = false,
): { session: Session; printed: () => string; asked: readonly string[] } {
  let printed = "";
  const reader = readerOf(objects);
  const out = terminal(
    { write: (text: string) => (printed += text), isTTY: hasColours, columns: 400 },
    hasColours ? {} : { NO_COLOR: "1" },
  );
  const session = {
    objects: reader,
    clock: fakeClock(),
    operatorNamespace: resources.pods.group || "regcred-system",
    out,
  };
  return { session: session as unknown as Session, printed: () => printed, asked: reader.asked };
}
