// Connects the metrics. A part of the composition root.
import type { Clock } from "../runtime/clock.ts";
import type { Observation } from "../runtime/client/transport.ts";
import { type StatusCache } from "../controllers/status-cache.ts";
import type { Stores } from "../cluster/kinds.ts";
import type { CredentialIndex } from "../entitlement/credential-index.ts";
import type { GrantTracker } from "../grants/grant-tracker.ts";
import { type CredentialMetrics, credentialMetrics } from "../metrics/credential-metrics.ts";
import { showFindings } from "../metrics/finding-metrics.ts";
import { type Instruments, instruments } from "../metrics/instruments.ts";
import { type NamespaceReadiness, namespaceReadiness } from "../metrics/namespace-readiness.ts";
import { processMetrics } from "../metrics/process-metrics.ts";
import { showAdmission } from "../metrics/admission-metrics.ts";
import { showQueue } from "../metrics/queue-metrics.ts";
import { showWatches } from "../metrics/watch-metrics.ts";
import type { OperatorSettings } from "../config/config.ts";
import type { Queues } from "./queues.ts";
import type { ReflectorStatus } from "../runtime/watch/reflector.ts";

export interface OperatorMetrics {
  readonly instruments: Instruments;
  readonly credentials: CredentialMetrics;
  /** For the transport. */
  readonly exchanged: (observation: Observation) => void;
  /** Once the parts are there that are looked at when somebody asks. */
  show(parts: ShownParts): NamespaceReadiness;
  stop(): void;
}

export interface ShownParts {
  readonly stores: Stores;
  readonly statusCache: StatusCache;
  readonly credentialIndex: CredentialIndex;
  readonly queues: Queues;
  /** Tokens that are asked for now, by kind of cloud. */
  readonly asked: () => ReadonlyMap<string, number>;
  readonly tokens: Pick<GrantTracker, "repeated">;
  readonly watches: () => ReadonlyMap<string, ReflectorStatus>;
  readonly isLeader: () => boolean;
}

export function operatorMetrics({
  clock,
  version,
  access,
}: {
  readonly clock: Clock;
  readonly version: string;
  /** Who gets them. */
  readonly access: OperatorSettings["metricsAccess"];
}): OperatorMetrics {
  const made = instruments();
  const ofProcess = processMetrics(made, clock, version);
  return {
    instruments: made,
    credentials: credentialMetrics(made, access === "token" ? "known" : "anybody"),
    exchanged: ({ verb, resource, code, seconds }) => {
      made.count("regcred_api_requests_total", { verb, resource, code });
      made.observe("regcred_api_request_duration_seconds", { verb, resource }, seconds);
    },
    show: ({ stores, statusCache, credentialIndex, queues, asked, tokens, watches, isLeader }) => {
      showQueue(made, "tenants", queues.tenants);
      showQueue(made, "tokens", queues.tokens);
      showAdmission(made, { queue: queues.tokens, asked, repeated: () => tokens.repeated() });
      showWatches(made, watches);
      showFindings(made, { stores, statusCache, credentialIndex });
      made.show("regcred_leader", () => [{ labels: {}, value: Number(isLeader()) }]);
      return namespaceReadiness(made, {
        statusCache,
        namespaces: stores.namespaces,
        hasServiceAccounts: (namespace) => stores.serviceAccounts.byIndex(namespace).length > 0,
        clock,
      });
    },
    stop: () => ofProcess.stop(),
  };
}
