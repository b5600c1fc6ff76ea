// What may differ from one operator to the next?
import type { Environment } from "./config.ts";
import type { Mode } from "../cluster/install-mode.ts";
import type { Endpoints } from "../providers/endpoints.ts";
import type { ListenAddress } from "../runtime/observability/http-server.ts";

export interface OperatorSettings {
  /** The operator's own namespace: source and token Secrets live here. */
  readonly namespace: string;
  /** Other namespaces whose labelled Secrets may be sources. */
  readonly sourceNamespaces: readonly string[];
  /** With which rights it was installed. */
  readonly mode: Mode;
  /** Globs of the audiences that tokens of ServiceAccounts may be asked for; any, if absent. */
  readonly tokenAudiences?: readonly string[] | undefined;
  /** The most bytes that a merged docker config may have. */
  readonly maxConfigBytes: number;
  /** The most runs at once. */
  readonly concurrency: number;
  readonly network: {
    /** Globs of hosts, beside the clouds' own, that registries and token endpoints may have. */
    readonly registries: readonly string[];
    /** Globs of those among them that may have private addresses. */
    readonly privateAddresses: readonly string[];
    /** Where calls to clouds go, if not to the vendors' own hosts. */
    readonly endpoints?: Endpoints;
  };
  /** Where the clouds' SDKs find the operator's own identity, and HTTPS_PROXY and its like. */
  readonly environment: Environment;
  /** Where metrics are served; nowhere, if absent. */
  readonly metricsAddress?: ListenAddress | undefined;
  /** token: over https, and only for who may. Default: open. */
  readonly metricsAccess?: "open" | "token";
  /** The folder of a certificate for that; self-made, if absent. */
  readonly metricsCertificate?: string | undefined;
  /** Where probes are answered; nowhere, if absent. */
  readonly healthAddress?: ListenAddress | undefined;
  /** Work only while the Lease is held; without, there must be no other operator. */
  readonly leaderElection: boolean;
}
