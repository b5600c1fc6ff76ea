// Comparison of names that have ASCII letters only.

/**
 * Capitals of ASCII become small; every other sign stays what it is. `toLowerCase` makes ASCII letters of some others: the
 * Kelvin sign (U+212A) becomes a `k`, and `doc\u212Aer.io` another registry.
 */
export function asciiLowerCase(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
}
