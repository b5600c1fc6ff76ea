// Counts the steps that a backtracking matcher takes for a regular expression. Node counts no steps, so here is a small one.
//
// It has what the expressions in src/ have: alternatives, groups, look-arounds, classes, greedy and lazy quantifiers. What one
// character matches is asked of Node's own.

type Node =
  | { readonly kind: "one"; readonly source: string; readonly matches: (sign: string) => boolean }
  | { readonly kind: "edge"; readonly source: string }
  | { readonly kind: "look"; readonly body: Node; readonly ahead: boolean; readonly negative: boolean }
  | { readonly kind: "all"; readonly parts: readonly Node[] }
  | { readonly kind: "any"; readonly options: readonly Node[] }
  | {
      readonly kind: "times";
      readonly body: Node;
      readonly min: number;
      readonly max: number;
      readonly lazy: boolean;
    };

export interface Pattern {
  readonly source: string;
  readonly flags: string;
  readonly root: Node;
}

/** Throws for what it does not know, such as back references. */
export function patternOf(source: string, flags: string): Pattern {
  let at = 0;
  const single = (text: string): Node => {
    const native = new RegExp(`^(?:${text})$`, flags.replaceAll(/[gy]/g, ""));
    return { kind: "one", source: text, matches: (sign) => native.test(sign) };
  };
  const alternatives = (): Node => {
    const first = sequence();
    const options = [first];
    while (source[at] === "|") {
      at += 1;
      options.push(sequence());
    }
    return options.length > 1 ? { kind: "any", options } : first;
  };
  const sequence = (): Node => {
    const parts: Node[] = [];
    while (at < source.length && source[at] !== "|" && source[at] !== ")") parts.push(quantified(atom()));
    return { kind: "all", parts };
  };
  const atom = (): Node => {
    const rest = source.slice(at);
    const group = /^\((?:\?(?:(?<look><?[=!])|:|<\w+>))?/.exec(rest);
    if (group) {
      at += group[0].length;
      const look = group.groups?.["look"];
      const body = alternatives();
      at += 1;
      return look ? { kind: "look", body, ahead: !look.startsWith("<"), negative: look.endsWith("!") } : body;
    }
    const edge = /^(?:\^|\$|\\[bB])/.exec(rest)?.[0];
    if (edge) {
      at += edge.length;
      return { kind: "edge", source: edge };
    }
    if (/^\\(?:[1-9]|k<)/.test(rest)) throw new TypeError(`a back reference in ${source}`);
    const one = /^(?:\[(?:\\.|[^\]\\])*\]|\\[pPu]\{[^}]+\}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\.|.)/s.exec(rest);
    const text = one?.[0] ?? "";
    at += text.length;
    return single(text);
  };
  const quantified = (body: Node): Node => {
    const found = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})(\??)/.exec(source.slice(at));
    if (!found) return body;
    at += found[0].length;
    const [sign = "", min = "0", comma, max, lazy] = found;
    const ends: Readonly<Record<string, readonly [number, number]>> = {
      "*": [0, Infinity],
      "+": [1, Infinity],
      "?": [0, 1],
    };
    const [from, to] = ends[sign[0] ?? ""] ?? [Number(min), comma ? Number(max || Infinity) : Number(min)];
    return { kind: "times", body, min: from, max: to, lazy: lazy === "?" };
  };
  const root = alternatives();
  if (at < source.length) throw new TypeError(`not understood: ${source} at ${at}`);
  return { source, flags, root };
}

/** Steps to find the first match or that there is none, given up beyond `max`. */
export function stepsFor({ root, flags }: Pattern, text: string, max: number): number {
  let steps = 0;
  const edges: Readonly<Record<string, (i: number) => boolean>> = {
    "^": (i) => i === 0 || (flags.includes("m") && text[i - 1] === "\n"),
    $: (i) => i === text.length || (flags.includes("m") && text[i] === "\n"),
    "\\b": (i) => isWord(text[i - 1]) !== isWord(text[i]),
    "\\B": (i) => isWord(text[i - 1]) === isWord(text[i]),
  };
  const match = (node: Node, i: number, next: (end: number) => boolean): boolean => {
    steps += 1;
    if (steps > max) return true;
    switch (node.kind) {
      case "one":
        return i < text.length && node.matches(text[i] ?? "") && next(i + 1);
      case "edge":
        return (edges[node.source]?.(i) ?? false) && next(i);
      case "look":
        // Behind: the few there are look at one character.
        return match(node.body, node.ahead ? i : i - 1, () => true) !== node.negative && next(i);
      case "any":
        return node.options.some((option) => match(option, i, next));
      case "all": {
        const from = (part: number, begin: number): boolean => {
          const each = node.parts[part];
          return each ? match(each, begin, (end) => from(part + 1, end)) : next(begin);
        };
        return from(0, i);
      }
      case "times": {
        const again = (count: number, begin: number): boolean => {
          const more = (): boolean =>
            count < node.max &&
            match(node.body, begin, (end) => (end > begin || count < node.min) && again(count + 1, end));
          if (count < node.min) return more();
          return node.lazy ? next(begin) || more() : more() || next(begin);
        };
        return again(0, i);
      }
    }
  };
  const last = isAnchored(root) || flags.includes("y") ? 0 : text.length;
  for (let start = 0; start <= last; start += 1) if (match(root, start, () => true)) break;
  return steps;
}

function isWord(sign: string | undefined): boolean {
  return sign !== undefined && /^\w$/.test(sign);
}

function isAnchored(node: Node): boolean {
  if (node.kind === "all") return node.parts[0] !== undefined && isAnchored(node.parts[0]);
  if (node.kind === "any") return node.options.every(isAnchored);
  return node.kind === "edge" && node.source === "^";
}

const signs = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).concat(
  "\n",
  "\t",
  "\uFFFD",
  "é",
);

/** Texts that a malicious author would try: a beginning that fits, something again and again, an odd end; each in two sizes. */
export function attacks({ root }: Pattern): readonly (readonly [small: string, large: string])[] {
  const sample = sampleOf(root);
  const begins = Array.from({ length: sample.length + 1 }, (_, length) => sample.slice(0, length)).filter(
    (begin) => begin.length % Math.ceil(sample.length / 24) === 0 || begin === sample || sample.length === 0,
  );
  const texts = (begin: string, pump: string, size: number): (readonly [string, string])[] =>
    ["\u0000", ""].map((end) => {
      const [small, large] = [size, 8 * size].map((max) => begin + pump.repeat(Math.ceil(max / pump.length)) + end);
      return [small ?? "", large ?? ""] as const;
    });
  return [
    // After an odd sign nothing that is tied to the beginning fits.
    ...["\u0000", ...begins].flatMap((begin) => [...pumpsOf(root)].flatMap((pump) => texts(begin, pump, 24))),
    // A search begins anew at each of these. Longer texts would take more of the stack than a busy machine has.
    ...begins.filter((begin) => begin !== "").flatMap((begin) => texts("", begin, 60)),
  ];
}

/** Single signs that fit somewhere, and what may be repeated. */
function pumpsOf(root: Node): ReadonlySet<string> {
  const pumps = new Set<string>();
  const visit = (node: Node): void => {
    if (node.kind === "one") {
      const fitting = signs.filter((sign) => node.matches(sign));
      for (const index of [0, Math.floor(fitting.length / 2), -1]) pumps.add(fitting.at(index) ?? "");
    } else if (node.kind === "times") {
      pumps.add(sampleOf(node.body));
      visit(node.body);
    } else if (node.kind === "look") visit(node.body);
    else if (node.kind === "all") node.parts.forEach(visit);
    else if (node.kind === "any") node.options.forEach(visit);
  };
  visit(root);
  pumps.delete("");
  return pumps;
}

/** A short text that fits, in which everything that may be repeated is there once. */
function sampleOf(node: Node): string {
  switch (node.kind) {
    case "one":
      return signs.find((sign) => node.matches(sign) && /[a-z0-9]/.test(sign)) ?? signs.find(node.matches) ?? "";
    case "edge":
    case "look":
      return "";
    case "all":
      return node.parts.map(sampleOf).join("");
    case "any":
      return node.options[0] ? sampleOf(node.options[0]) : "";
    case "times":
      return sampleOf(node.body).repeat(Math.max(node.min, node.max > 0 ? 1 : 0));
  }
}
