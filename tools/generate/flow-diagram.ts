// Draws what flows where: sources and clouds, the operator, the API server, tenants.

export interface Palette {
  readonly paper: string;
  readonly ink: string;
  readonly faint: string;
  readonly box: string;
  readonly accent: string;
}

/** The README shows the one that fits the reader's colours. */
export const palettes: Readonly<Record<"light" | "dark", Palette>> = {
  light: { paper: "#ffffff", ink: "#1f2328", faint: "#59636e", box: "#f6f8fa", accent: "#0969da" },
  dark: { paper: "#0d1117", ink: "#f0f6fc", faint: "#9198a1", box: "#151b23", accent: "#4493f8" },
};

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly lines: readonly string[];
  readonly isOurs?: true;
}

interface Arrow {
  readonly from: readonly [x: number, y: number];
  readonly to: readonly [x: number, y: number];
  /** Beside its middle. */
  readonly label: string;
  readonly at: readonly [x: number, y: number];
}

const size = { width: 900, height: 400 } as const;

const boxes: readonly Box[] = [
  {
    x: 20,
    y: 30,
    width: 210,
    height: 92,
    title: "RegistryCredential",
    lines: ["which registries, which", "namespaces: you write it"],
  },
  { x: 20, y: 154, width: 210, height: 92, title: "Source Secrets", lines: ["a login each,", "in regcred-system"] },
  {
    x: 20,
    y: 278,
    width: 210,
    height: 92,
    title: "Clouds",
    lines: ["ECR, ACR, GAR, OCIR, ICR:", "tokens that live for hours"],
  },
  {
    x: 345,
    y: 140,
    width: 210,
    height: 120,
    title: "regcred",
    lines: ["mints, renews at half of a", "token's life, repairs,", "cleans up"],
    isOurs: true,
  },
  {
    x: 670,
    y: 30,
    width: 210,
    height: 92,
    title: "Namespace team-a",
    lines: ["Secret regcred, and", "ServiceAccounts that use it"],
  },
  {
    x: 670,
    y: 154,
    width: 210,
    height: 92,
    title: "Namespace team-b",
    lines: ["the same; new ones, too,", "as soon as they are there"],
  },
  {
    x: 670,
    y: 278,
    width: 210,
    height: 92,
    title: "Registries",
    lines: ["nodes pull for the pods,", "with the namespace's login"],
  },
];

const arrows: readonly Arrow[] = [
  { from: [230, 76], to: [345, 165], label: "watched", at: [300, 104] },
  { from: [230, 200], to: [345, 200], label: "watched", at: [288, 191] },
  { from: [345, 235], to: [230, 324], label: "asks for tokens", at: [318, 296] },
  { from: [555, 165], to: [670, 76], label: "writes", at: [600, 104] },
  { from: [555, 200], to: [670, 200], label: "writes", at: [612, 191] },
  { from: [775, 246], to: [775, 278], label: "pulls", at: [800, 266] },
];

/** SVG. Texts are drawn by the reader's own fonts. */
export function flowDiagram({ paper, ink, faint, box, accent }: Palette): string {
  const drawnBoxes = boxes.map(({ x, y, width, height, title, lines, isOurs }) => {
    const middle = x + width / 2;
    const texts = lines.map(
      (line, index) => `<text x="${middle}" y="${y + 52 + index * 20}" fill="${faint}" font-size="14">${line}</text>`,
    );
    return [
      `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8" fill="${box}" stroke="${isOurs ? accent : faint}" stroke-width="${isOurs ? 3 : 1}"/>`,
      `<text x="${middle}" y="${y + 28}" fill="${ink}" font-size="16" font-weight="bold">${title}</text>`,
      ...texts,
    ].join("\n");
  });
  const drawnArrows = arrows.map(
    ({ from, to, label, at }) =>
      `<line x1="${from[0]}" y1="${from[1]}" x2="${to[0]}" y2="${to[1]}" stroke="${accent}" stroke-width="2" marker-end="url(#tip)"/>\n` +
      `<text x="${at[0]}" y="${at[1]}" fill="${faint}" font-size="13" paint-order="stroke" stroke="${paper}" stroke-width="4">${label}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img" font-family="system-ui,sans-serif" text-anchor="middle">
<title>What flows where: regcred watches RegistryCredentials and source Secrets, asks clouds for tokens, and writes a pull Secret into each namespace, with which nodes pull</title>
<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" fill="${accent}"/></marker></defs>
<rect width="${size.width}" height="${size.height}" fill="${paper}"/>
${[...drawnBoxes, ...drawnArrows].join("\n")}
</svg>
`;
}
