// Cuts a document into pieces.

/** The bytes cut into pieces of these sizes, again and again. */
export function* pieces(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let from = 0, index = 0; from < bytes.length; index += 1) {
    const to = from + Math.max(1, sizes[index % sizes.length] ?? 1);
    yield bytes.subarray(from, to);
    from = to;
  }
}
