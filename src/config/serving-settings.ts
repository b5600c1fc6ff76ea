// Settings of where metrics and probes are served, and to whom.
import type { ListenAddress } from "../runtime/observability/http-server.ts";
import { listenAddress, oneOf, type Setting } from "./setting.ts";

const metricsAddress: Setting<ListenAddress | undefined> = {
  flag: "--metrics-address",
  placeholder: "<host:port>",
  variables: ["REGCRED_METRICS_ADDRESS"],
  meaning: "where Prometheus gets /metrics",
  fallback: undefined,
  fallbackText: "nowhere, no port is opened",
  parse: listenAddress,
  instead: "a host and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080",
};

const metricsAccess: Setting<"open" | "token"> = {
  flag: "--metrics-access",
  placeholder: "<who>",
  variables: ["REGCRED_METRICS_ACCESS"],
  meaning:
    "open: plain HTTP for whoever reaches the port; token: https, for tokens of the cluster that may get /metrics",
  fallback: "open",
  fallbackText: "open",
  parse: oneOf(["open", "token"]),
  instead: "open or token",
};

const metricsCertificate: Setting<string | undefined> = {
  flag: "--metrics-certificate",
  placeholder: "<folder>",
  variables: ["REGCRED_METRICS_CERTIFICATE"],
  meaning: "tls.crt and tls.key for --metrics-access token",
  fallback: undefined,
  fallbackText: "one that it makes itself",
  parse: (text) => text || undefined,
  instead: "the path of a folder",
};

const healthAddress: Setting<ListenAddress | undefined> = {
  flag: "--health-address",
  placeholder: "<host:port>",
  variables: ["REGCRED_HEALTH_ADDRESS"],
  meaning: "where the kubelet gets /livez and /readyz, over plain HTTP",
  fallback: undefined,
  fallbackText: "nowhere, no port is opened",
  parse: listenAddress,
  instead: "a host and a port, such as 127.0.0.1:8081, 0.0.0.0:8081 or [::]:8081",
};

export const servingSettings = { metricsAddress, metricsAccess, metricsCertificate, healthAddress };
