// Where do clouds give credentials to whoever asks from inside a machine or pod? (pure)

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

/** Is it the host of a metadata service, by name or address? */
export function isMetadataHost(host: string): boolean {
  return hosts.has(host);
}

/** Is it the URL of a metadata service as clouds define them? */
export function isMetadataUrl(url: URL): boolean {
  return url.protocol === "http:" && url.port === "" && isMetadataHost(url.hostname);
}
