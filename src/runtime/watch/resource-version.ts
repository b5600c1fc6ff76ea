// Compares resource versions of one object.

// KEP-5504: resource versions of one resource type are decimal numbers without leading zeros, and may be compared.
const decimal = /^[1-9][0-9]*$/;

/**
 * `a` is certainly older than `b`. False where either is not a decimal number: then nothing is known, and whoever
 * asks must accept what came last. Compared as text because 2^53 is not a limit of theirs.
 */
export function olderThan(a: string, b: string): boolean {
  if (!decimal.test(a) || !decimal.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}

/** `a` is certainly as new as `b` or newer. */
export function isNotOlder(a: string, b: string): boolean {
  return a === b || olderThan(b, a);
}
