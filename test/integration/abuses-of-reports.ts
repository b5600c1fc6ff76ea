// What could be done to Events and Leases with the operator's own token, and is refused by config/restraint.
import { type Abuse, victim } from "./abuse.ts";
import { operatorNamespace } from "./operator-namespace.ts";

const events = (namespace: string, name = ""): string =>
  `/apis/events.k8s.io/v1/namespaces/${namespace}/events${name && `/${name}`}`;
const leases = (namespace: string, name = ""): string =>
  `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases${name && `/${name}`}`;

const event = (namespace: string, changes: object, metadata: object = {}): object => ({
  metadata: { namespace, name: "regcred.0123456789ab", ...metadata },
  eventTime: "2026-01-31T00:00:00.000000Z",
  reportingController: "regcred.dev/regcred",
  reportingInstance: "regcred-0",
  regarding: { apiVersion: "v1", kind: "Secret", namespace, name: "regcred" },
  action: "Serve",
  reason: "Contested",
  note: "why",
  type: "Warning",
  ...changes,
});
const node = { apiVersion: "v1", kind: "Node", name: "node-1" };

const ofEvents: readonly Abuse[] = [
  {
    what: "speak in the kubelet's name",
    path: events("kube-system"),
    body: event("kube-system", { reportingController: "kubelet", regarding: node, reason: "NodeNotReady" }),
  },
  {
    what: "speak of a Node",
    path: events("default"),
    body: event("default", { regarding: node }),
  },
  {
    what: "speak of a Secret that is none of its pull Secrets",
    path: events(victim),
    body: event(victim, { regarding: { apiVersion: "v1", kind: "Secret", namespace: victim, name: "database" } }),
  },
  {
    what: "speak of one namespace in another",
    path: events("kube-system"),
    body: event("kube-system", { regarding: { apiVersion: "v1", kind: "Secret", namespace: victim, name: "regcred" } }),
  },
  {
    what: "speak of a reason of its own making",
    path: events(victim),
    body: event(victim, { reason: "RunThisCommand" }),
  },
  {
    what: "label an Event",
    path: events(victim),
    body: event(victim, {}, { labels: { "example.com/watched": "true" } }),
  },
  {
    what: "count on what another has told",
    method: "PATCH" as const,
    path: events(victim, "others.0123456789ab"),
    body: { series: { count: 2, lastObservedTime: "2026-01-31T00:00:00.000000Z" } },
  },
].map((each) => ({ method: "POST", ...each, refusedBy: "regcred-events" }));

const lease = (name: string, spec: object = {}): object => ({ metadata: { name }, spec });
const ofLeases: readonly Abuse[] = [
  { what: "make another Lease", method: "POST" as const, path: leases(operatorNamespace), body: lease("other") },
  {
    what: "take the Lease of something else",
    method: "POST" as const,
    path: leases("kube-system"),
    body: lease("mine", { holderIdentity: "regcred" }),
  },
  {
    what: "take its Lease for a year",
    method: "POST" as const,
    path: leases(operatorNamespace),
    body: lease("regcred", {
      holderIdentity: "thief_6f1c4b58-8f0a-4a4a-9a0e-0d4f1a2b3c4d",
      leaseDurationSeconds: 31_536_000,
    }),
  },
  {
    what: "keep something else in its Lease",
    method: "POST" as const,
    path: leases(operatorNamespace),
    body: { ...lease("regcred"), metadata: { name: "regcred", annotations: { note: "kept" } } },
  },
].map((each) => ({ ...each, refusedBy: "regcred-leases" }));

export const reportingAbuses: readonly Abuse[] = [...ofEvents, ...ofLeases];
