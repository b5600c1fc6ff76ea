// Draws what a program has printed as an SVG that plays once: each line appears when it came.

export interface PrintedLine {
  /** Seconds since the beginning. */
  readonly at: number;
  readonly text: string;
}

const rows = 34;
const size = { character: 7.8, line: 18, margin: 16, font: 13 } as const;
/** What is long is told, and not waited for. */
const longestPause = 2;
/** The same lines give the same text. It has no script: a browser shows it as an image, too. */
export function recording(lines: readonly PrintedLine[], columns: number): string {
  const times = shortened(lines.map(({ at }) => at));
  const total = Math.max(times.at(-1) ?? 0, 1);
  const share = (time: number): string => ((100 * time) / total).toFixed(3);
  const width = Math.ceil(columns * size.character + 2 * size.margin);
  const height = rows * size.line + 2 * size.margin;
  // The paper moves up by a line for each that does not fit.
  const moves = times.map((time, index) => ({ time, by: Math.max(0, index + 1 - rows) * size.line }));
  const frames = moves
    .filter(({ by }, index) => by !== (moves[index - 1]?.by ?? 0))
    .map(({ time, by }) => `${share(time)}%{transform:translateY(-${by}px)}`);
  const last = moves.at(-1)?.by ?? 0;
  const drawn = lines.map(({ text }, index) => {
    const y = size.margin + (index + 1) * size.line - 5;
    const delay = (times[index] ?? 0).toFixed(2);
    const kind = /^\s*✓/.test(text) ? " done" : /^\S/.test(text) ? " heading" : "";
    return `<text x="${size.margin}" y="${y}" class="line${kind}" style="animation-delay:${delay}s">${escaped(text)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>What npm run demo prints, at the pace at which it comes</title>
<style>
svg{background:#0d1117;font:${size.font}px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
text{fill:#c9d1d9;white-space:pre}.done{fill:#7ee787}.heading{fill:#79c0ff;font-weight:bold}
.line{opacity:0;animation:come 1ms forwards}
.paper{animation:move ${total.toFixed(2)}s step-end forwards}
@keyframes come{to{opacity:1}}
@keyframes move{0%{transform:none}${frames.join("")}100%{transform:translateY(-${last}px)}}
@media (prefers-reduced-motion:reduce){.line{opacity:1;animation:none}.paper{animation:none;transform:translateY(-${last}px)}}
</style>
<g class="paper">
${drawn.join("\n")}
</g>
</svg>
`;
}

/** With no pause longer than what a reader waits for. */
function shortened(times: readonly number[]): readonly number[] {
  let before = 0;
  let now = 0;
  return times.map((time) => {
    now += Math.min(Math.max(time - before, 0), longestPause);
    before = time;
    return now;
  });
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
