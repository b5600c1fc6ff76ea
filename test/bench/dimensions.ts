// What the bench can have more of beside namespaces, and what follows for names, hosts and passwords.

export const selections = ["own", "all"] as const;

export interface Dimensions {
  /** RegistryCredentials. */
  readonly credentials: number;
  /** Whether each selects its own share of the namespaces, by name, or all of them, under one Secret name. */
  readonly select: (typeof selections)[number];
  /** Of each RegistryCredential; 0: all namespaces share one. */
  readonly grantsPerNamespace: number;
  /** In each namespace, the default one among them. */
  readonly serviceAccounts: number;
  /** In all tenants' namespaces together; nobody selects them. */
  readonly foreignSecrets: number;
}

export const oneOfEach: Dimensions = {
  credentials: 1,
  select: "own",
  grantsPerNamespace: 0,
  serviceAccounts: 1,
  foreignSecrets: 0,
};

/** Globs of one spec: src/api/field-schemas.ts. One is for the namespaces that come later. */
export const namesOfOneSpec = 63;

/** With a single one the Secret has some 3.5 kB, as with a cloud registry's token. */
const passwordBytes = 750;
// base64url in the password, and both again in what Docker calls auth: so a Secret stays below the 64 KiB that it may have.
const passwordBytesOfSecret = 9_000;

/** How many logins each Secret holds. */
export function hostsOfSecret({ credentials, select, grantsPerNamespace }: Dimensions): number {
  return (select === "all" ? credentials : 1) * Math.max(grantsPerNamespace, 1);
}

export function passwordBytesOf(dimensions: Dimensions): number {
  return Math.min(passwordBytes, Math.floor(passwordBytesOfSecret / hostsOfSecret(dimensions)));
}

/** Of each RegistryCredential, the `include` of its namespaces. Those that come later are the first one's, or everybody's. */
export function includes({ credentials, select }: Dimensions, namespaces: readonly string[]): readonly string[][] {
  const everybody = ["team-*", "new-*"];
  if (credentials === 1 || select === "all") return Array.from({ length: credentials }, () => everybody);
  const until = (index: number): number => Math.floor((index * namespaces.length) / credentials);
  return Array.from({ length: credentials }, (_, index) => [
    ...namespaces.slice(until(index), until(index + 1)),
    ...(index === 0 ? ["new-*"] : []),
  ]);
}
