// Base64 of text, with the language alone (no Node types).

/** Standard base64, padded, of the text's UTF-8 bytes; a lone surrogate becomes U+FFFD, as in a TextEncoder. */
export function base64OfText(text: string): string {
  const units = unitsOfUtf8(text);
  const bytes = new Uint8Array(units.length);
  for (let index = 0; index < units.length; index += 1) bytes[index] = units.charCodeAt(index);
  return bytes.toBase64();
}

/**
 * The text behind standard base64, or undefined where the input is no base64 or its bytes are no UTF-8.
 * Padding may be missing and ASCII white space is passed over: docker configs are written by many tools.
 */
export function textOfBase64(encoded: string): string | undefined {
  try {
    const bytes = Uint8Array.fromBase64(encoded, { lastChunkHandling: "loose" });
    return decodeURIComponent(bytes.toHex().replaceAll(/../g, "%$&"));
  } catch {
    return undefined;
  }
}

/** A string whose UTF-16 units are the UTF-8 bytes of the text. ASCII, the case of every minted token, is returned at once. */
function unitsOfUtf8(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text;
  return encodeURIComponent(text.toWellFormed()).replaceAll(/%(..)/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
