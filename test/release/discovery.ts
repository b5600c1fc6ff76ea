// What Prometheus' discovery finds in a cluster, by EndpointSlices, as a file for a Prometheus that is built without it.
import { rename, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject } from "../cluster/admin-client.ts";
import type { NodeWorld } from "../e2e/world.ts";

interface Slice extends KubeObject {
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly conditions?: { readonly ready?: boolean };
    readonly targetRef?: { readonly kind: string; readonly name: string };
  }[];
  readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol: string }[];
}

/** Writes them each second, until it is stopped. */
export async function startDiscovery(
  { admin }: Pick<NodeWorld, "admin">,
  file: string,
): Promise<{ stop(): Promise<void> }> {
  const write = async (): Promise<void> => {
    const [slices, services, pods] = await Promise.all([
      admin.list("/apis/discovery.k8s.io/v1/endpointslices"),
      admin.list("/api/v1/services"),
      admin.list("/api/v1/pods"),
    ]);
    const groups = (slices as readonly Slice[]).flatMap((slice) => targetsOf(slice, services, pods));
    await writeFile(`${file}.new`, JSON.stringify(groups));
    await rename(`${file}.new`, file);
  };
  await write();
  const stopping = new AbortController();
  const writing = (async () => {
    while (!stopping.signal.aborted) {
      await write();
      await sleep(1000);
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await writing;
    },
  };
}

/** https://prometheus.io/docs/prometheus/latest/configuration/configuration/#endpointslice */
function targetsOf(
  { metadata, endpoints, ports }: Slice,
  services: readonly KubeObject[],
  pods: readonly KubeObject[],
): readonly object[] {
  const { namespace = "", labels = {} } = metadata;
  const named = (objects: readonly KubeObject[], name: string | undefined): KubeObject | undefined =>
    objects.find((each) => each.metadata.namespace === namespace && each.metadata.name === name);
  const service = named(services, labels["kubernetes.io/service-name"]);
  return (endpoints ?? []).flatMap(({ addresses, conditions, targetRef }) =>
    (ports ?? []).map(({ name = "", port, protocol }) => {
      const pod = targetRef?.kind === "Pod" ? named(pods, targetRef.name) : undefined;
      const { phase, podIP } = (pod?.["status"] ?? {}) as { readonly phase?: string; readonly podIP?: string };
      return {
        targets: addresses.map((address) => `${address}:${port}`),
        labels: meta({
          namespace,
          endpointslice_name: metadata.name,
          endpointslice_port_name: name,
          endpointslice_port: String(port),
          endpointslice_port_protocol: protocol,
          endpointslice_endpoint_conditions_ready: String(conditions?.ready ?? false),
          endpointslice_address_target_kind: targetRef?.kind,
          endpointslice_address_target_name: targetRef?.name,
          service_name: service?.metadata.name,
          ...labelled("service", service),
          pod_name: pod?.metadata.name,
          pod_ip: podIP,
          pod_phase: phase,
          ...labelled("pod", pod),
        }),
      };
    }),
  );
}

function labelled(what: "service" | "pod", object: KubeObject | undefined): Readonly<Record<string, string>> {
  const labels = Object.entries(object?.metadata.labels ?? {}).flatMap(([name, value]) => {
    const written = name.replaceAll(/[^A-Za-z0-9_]/g, "_");
    return [
      [`${what}_label_${written}`, value],
      [`${what}_labelpresent_${written}`, "true"],
    ];
  });
  return Object.fromEntries(labels) as Record<string, string>;
}

function meta(labels: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const known = Object.entries(labels).flatMap(([name, value]) =>
    value === undefined ? [] : [[`__meta_kubernetes_${name}`, value]],
  );
  return Object.fromEntries(known) as Record<string, string>;
}
