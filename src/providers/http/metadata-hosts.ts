// Metadata services: where clouds give credentials to whoever asks from inside a machine or pod. (pure)

// Each answers plain http on port 80 only.
const hosts: ReadonlySet<string> = new Set([
  // AWS, Azure, Google, Oracle and IBM alike.
  "169.254.169.254",
  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
  "[fd00:ec2::254]",
  // Containers: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
  "169.254.170.2",
  "169.254.170.23",
  "[fd00:ec2::23]",
  // Both spellings are gcp-metadata's.
  "metadata.google.internal",
  "metadata.google.internal.",
  // https://cloud.ibm.com/docs/vpc?topic=vpc-imd-about
  "api.metadata.cloud.ibm.com",
]);

/** Whether it is the host of a metadata service, by name or address. */
export function isMetadataHost(host: string): boolean {
  return hosts.has(host);
}

/** Whether it is the URL of a metadata service as clouds define them. */
export function isMetadataUrl(url: URL): boolean {
  return url.protocol === "http:" && url.port === "" && isMetadataHost(url.hostname);
}

/** Whether it is this machine or pod itself. The host as `URL.hostname` spells it. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

// What runs beside the operator and gives it credentials, such as a sidecar: on loopback only.
const localVariables = [
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_EC2_METADATA_SERVICE_ENDPOINT",
  // https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
  "IDENTITY_ENDPOINT",
];

/**
 * Origins of services that give the operator its own identity and are named by its own environment: on loopback, and the
 * cluster's proxymux (OKE's workload identity). No proxy leads to them.
 */
export function ownServices(environment: Readonly<Record<string, string | undefined>>): ReadonlySet<string> {
  const origins = new Set<string>();
  for (const name of localVariables) {
    const url = URL.parse(environment[name] ?? "");
    if (url?.protocol === "http:" && isLoopback(url.hostname)) origins.add(url.origin);
  }
  const proxymux = URL.parse(proxymuxUrl(environment) ?? "");
  if (proxymux) origins.add(proxymux.origin);
  return origins;
}

/** Where a pod of OKE gets its identity; undefined in other clusters. */
export function proxymuxUrl(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT_PROXYMUX: port } = environment;
  if (!host || !port) return undefined;
  return `https://${host.includes(":") ? `[${host}]` : host}:${port}/resourcePrincipalSessionTokens`;
}
