// Shapes: which parts of a JSON document are wanted, and how much of each at most.

/**
 * What is in no shape is passed over as it arrives and costs no memory. Limits are in bytes as they are on the wire. What goes
 * beyond one is never taken for all there is: a little more than the limit comes, so that whoever tests for it sees it.
 */
export type Shape =
  /** A string or another scalar: one byte more than the limit at least of what is longer. */
  | { readonly kind: "text"; readonly bytes: number }
  /** Of an object these fields. */
  | { readonly kind: "record"; readonly fields: ReadonlyMap<string, Shape> }
  /** One item more than the limit of a longer list. */
  | { readonly kind: "list"; readonly of: Shape; readonly items: number }
  /**
   * An object of strings: `named` keys each up to a limit of its own, wherever they stand, and of the others so many that
   * all their keys and values together are just above `others`; none of them where it is undefined.
   */
  | { readonly kind: "map"; readonly named: ReadonlyMap<string, number>; readonly others: number | undefined }
  /** Any value byte for byte; the string `tooLarge` takes the place of a longer one. */
  | { readonly kind: "whole"; readonly bytes: number }
  /** A list of objects, which are handed out one by one as they arrive; nobody holds them together. */
  | { readonly kind: "each" };

/** Where the API has an object or a list, this tells of one that was too large to be read. */
export const tooLarge = "(too large)";

// `<` in a text is one character and six bytes: https://pkg.go.dev/encoding/json#Marshal
const maxBytesPerCharacter = 6;

/** Bytes of which more than so many characters come, however they are written, half of an escape left off at the end. */
export const characters = (count: number): number => (count + 1) * maxBytesPerCharacter;

/** @param longest characters */
export const text = (longest: number): Shape => ({ kind: "text", bytes: characters(longest) });

export const whole = (bytes: number): Shape => ({ kind: "whole", bytes });

export const each: Shape = { kind: "each" };

export const list = (of: Shape, items: number): Shape => ({ kind: "list", of, items });

export const record = (fields: Readonly<Record<string, Shape>>): Shape => ({
  kind: "record",
  fields: new Map(Object.entries(fields)),
});

/**
 * @param named longest value of each, in characters
 * @param others characters of all other keys and values together; none of them is wanted where it is left out
 */
export function map(named: Readonly<Record<string, number>>, others?: number): Shape {
  return {
    kind: "map",
    named: new Map(Object.entries(named).map(([key, longest]) => [key, characters(longest)])),
    others: others === undefined ? undefined : characters(others),
  };
}
