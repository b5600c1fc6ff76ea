// Bounds of one entry of `spec.registries`.

/** Hosts of one entry. */
export const maxHosts = 16;
/** Letters of one host, port and path included. */
export const longestHost = 253;
