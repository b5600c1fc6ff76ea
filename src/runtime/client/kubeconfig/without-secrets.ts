// Takes secrets out of what another program has said. (pure)

// `password=...`, `"token": "..."`, `Bearer ...`.
const named =
  /((?:token|secret|password|passwd|api[-_]?key|assertion|authorization|cookie)["']?\s*[:=]\s*)["']?[^\s"',;&]+/gi;
const bearer = /\b((?:bearer|basic)\s+)[\w.~+/=-]{8,}/gi;
// The login of a URL.
const login = /(\/\/)[^\s/@]+@/g;
// What a program has made, not a person: letters of both cases with digits, a JWT, a long hash, a whole PEM.
const pem = /-----BEGIN [^-]+-----[^]*?(?:-----END [^-]+-----|$)/g;
const made = /[A-Za-z0-9+/=_.-]{20,}/g;

/** With … in place of whatever may be a secret. */
export function withoutSecrets(words: string): string {
  return words
    .replace(pem, "…")
    .replace(login, "$1…@")
    .replace(bearer, "$1…")
    .replace(named, "$1…")
    .replace(made, (word) => (isMade(word) ? "…" : word));
}

function isMade(word: string): boolean {
  const isMixed = /[A-Z]/.test(word) && /[a-z]/.test(word) && /\d/.test(word);
  return (
    isMixed || word.startsWith("eyJ") || /^[0-9a-f]{32,}$/i.test(word) || (word.length >= 64 && !word.includes("/"))
  );
}
