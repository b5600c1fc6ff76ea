// What is measured, and where is it hooked in? A part of the composition root.
import type { Clock } from "../clock.ts";
import type { Observation } from "../kube/transport.ts";
import { type Board } from "../reconcile/board.ts";
import type { Stores } from "../reconcile/context.ts";
import type { Entitlements } from "../reconcile/entitlements.ts";
import type { TokenBook } from "../reconcile/token-book.ts";
import { type CredentialMetrics, credentialMetrics } from "../report/credential-metrics.ts";
import { showFindings } from "../report/finding-metrics.ts";
import { type Instruments, instruments } from "../report/instruments.ts";
import { type NamespaceReadiness, namespaceReadiness } from "../report/namespace-readiness.ts";
import { processMetrics } from "../report/process-metrics.ts";
import { showAdmission } from "../report/admission-metrics.ts";
import { showQueue } from "../report/queue-metrics.ts";
import { showWatches } from "../report/watch-metrics.ts";
import type { OperatorSettings } from "./operator-settings.ts";
import type { Queues } from "./queues.ts";
import type { ReflectorStatus } from "../watch/reflector.ts";

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
  readonly board: Board;
  readonly entitlements: Entitlements;
  readonly queues: Queues;
  /** Tokens that are asked for now, by kind of cloud. */
  readonly asked: () => ReadonlyMap<string, number>;
  readonly tokens: Pick<TokenBook, "repeated">;
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
    show: ({ stores, board, entitlements, queues, asked, tokens, watches, isLeader }) => {
      showQueue(made, "tenants", queues.tenants);
      showQueue(made, "tokens", queues.tokens);
      showAdmission(made, { queue: queues.tokens, asked, repeated: () => tokens.repeated() });
      showWatches(made, watches);
      showFindings(made, { stores, board, entitlements });
      made.show("regcred_leader", () => [{ labels: {}, value: Number(isLeader()) }]);
      return namespaceReadiness(made, {
        board,
        namespaces: stores.namespaces,
        hasServiceAccounts: (namespace) => stores.serviceAccounts.byIndex(namespace).length > 0,
        clock,
      });
    },
    stop: () => ofProcess.stop(),
  };
}
