// How does a registry ask to be authenticated to? The WWW-Authenticate header, read.

export interface Challenge {
  /** Lower case: `basic` or `bearer`, or what else there is. */
  readonly scheme: string;
  /** By lower-case name; quoted values are unquoted and may hold commas. */
  readonly parameters: Readonly<Record<string, string>>;
}

// RFC 9110 sections 5.6.2 (token), 5.6.4 (quoted-string) and 11.6.1 (a list of challenges).
const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const quoted = '"(?:[^"\\\\]|\\\\.)*"';
const scheme = new RegExp(`\\s*,?\\s*(${token})(?![^\\s,])(?!\\s*=)`, "y");
const parameter = new RegExp(`\\s*,?\\s*(${token})\\s*=\\s*(${token}|${quoted})`, "y");

/** All challenges of the header, in order; what cannot be read ends the list. */
export function challengesIn(header: string): readonly Challenge[] {
  const challenges: Challenge[] = [];
  let at = 0;
  while (at < header.length) {
    scheme.lastIndex = at;
    const found = scheme.exec(header);
    if (!found?.[1]) break;
    at = scheme.lastIndex;
    const parameters: Record<string, string> = {};
    for (;;) {
      parameter.lastIndex = at;
      const pair = parameter.exec(header);
      if (!pair?.[1] || pair[2] === undefined) break;
      at = parameter.lastIndex;
      parameters[pair[1].toLowerCase()] = unquoted(pair[2]);
    }
    challenges.push({ scheme: found[1].toLowerCase(), parameters });
  }
  return challenges;
}

function unquoted(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, "$1") : value;
}
