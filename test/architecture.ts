// Finds the files of a source tree that break the layers of docs/design.md.
import { globSync, readFileSync } from "node:fs";
import { join, matchesGlob, posix } from "node:path";
import { parseAst } from "vitest/node";

interface Import {
  /** A file of the project from its root ("src/runtime/clock.ts"), or the name of a module. */
  readonly target: string;
  /** `import type` leaves nothing at run time, a dynamic import loads when it is reached. */
  readonly how: "type" | "static" | "dynamic";
}

interface SourceFile {
  readonly path: string;
  readonly lines: readonly string[];
  readonly imports: readonly Import[];
  readonly strings: readonly string[];
  /** Calls that make a number or a time of whatever they are given. */
  readonly conversions: readonly string[];
  /** Those of `foreignNames` that are read. */
  readonly names: readonly string[];
  /** Reasons that stand beside a retry, as only those of failures do. */
  readonly failures: readonly string[];
}

interface Layer {
  /** Files and folders of ours that the layer may import, besides itself; undefined for any. */
  readonly sees?: readonly string[];
  /** Of these only what is pure, and the rest by `import type`. */
  readonly seesAsTypes?: readonly string[];
}

/** The first entry that matches a file's path is its layer; from the bottom of the house to its roof. */
const layers: Readonly<Record<string, Layer>> = {
  // A controller runtime that could be a package of its own.
  "src/runtime/": { sees: [] },
  "src/registry/": { sees: ["src/runtime/"] },
  "src/api/": { sees: ["src/runtime/", "src/registry/", "src/providers/"] },
  "src/cluster/": { sees: ["src/runtime/", "src/registry/", "src/api/"] },
  "src/config/": { sees: ["src/runtime/", "src/api/", "src/cluster/", "src/providers/"] },
  "src/providers/": {
    sees: ["src/runtime/", "src/registry/", "src/api/", "src/cluster/"],
    seesAsTypes: ["src/config/", "src/metrics/"],
  },
  "src/content/": { sees: ["src/runtime/", "src/registry/", "src/api/", "src/cluster/", "src/providers/"] },
  "src/entitlement/": {
    sees: ["src/runtime/", "src/registry/", "src/api/", "src/cluster/", "src/providers/"],
    seesAsTypes: ["src/content/"],
  },
  "src/grants/": {
    // Who needs a grant is a run of the pull-secret controller, and is called by its key.
    sees: [
      "src/runtime/",
      "src/registry/",
      "src/api/",
      "src/cluster/",
      "src/providers/",
      "src/content/",
      "src/entitlement/",
      "src/controllers/keys.ts",
    ],
  },
  "src/controllers/": {
    sees: [
      "src/runtime/",
      "src/registry/",
      "src/api/",
      "src/cluster/",
      "src/content/",
      "src/entitlement/",
      "src/grants/",
    ],
    seesAsTypes: [
      "src/runtime/client/",
      "src/runtime/observability/",
      "src/cluster/cluster-api.ts",
      "src/metrics/",
      "src/providers/",
    ],
  },
  "src/credential-provider/": {
    sees: ["src/runtime/", "src/registry/", "src/api/", "src/cluster/", "src/entitlement/", "src/providers/"],
    seesAsTypes: ["src/config/"],
  },
  "src/metrics/": {
    sees: ["src/runtime/", "src/api/", "src/cluster/", "src/entitlement/", "src/grants/", "src/controllers/"],
  },
};

/** What pure files may import that is not ours: the schema of the API is made with zod. */
const pureModules: Readonly<Record<string, readonly string[]>> = {
  "src/api/": ["zod"],
  "src/providers/": ["zod"],
  "src/credential-provider/": ["zod"],
};

/** What a provider's definition loads when it is asked for: pure files name it, and do not see it. */
const loadedByDefinition = /^src\/providers\/[^/]+\/fetch\.ts$/;

/** Files that only decide: a pure file sees pure files only. */
export interface PureFiles {
  /** As tsconfig.pure.json has them: paths of folders, and of files with `*` for any part of a name. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

const cloudSdks = ["@aws-sdk/", "@azure/", "google-auth-library", "oci-", "ibm-cloud-sdk-core"];
/** Files of ours with a library behind them that few installs need. */
const loadedLate = ["src/runtime/tls/certificate-authority.ts"];

// Only this folder spells them: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
const knowsUrls = "src/runtime/client/";
const apiServerUrl = /\/api\/v1\b|\/apis\//;

// Only src/runtime/steps.ts makes commands. These describe kubectl to readers of docs and help; no name of anybody is in them.
const command = /\bkubectl (?!regcred$)[a-z]/;
const describesKubectl = [
  "tools/generate/api-reference.ts",
  "src/api/status-schema.ts",
  "src/cli/drain/drain.ts",
  "src/config/cluster-settings.ts",
];

/** Only these read numbers and times of others; whoever needs one asks them. */
const numberGate = ["src/runtime/foreign-numbers.ts", "src/runtime/http-date.ts"];
/** Each with the reason why what it reads is nobody else's number. */
const ownNumbers: Readonly<Record<string, string>> = {
  "src/regcred.mjs": "Node's own version",
  "tools/launch.mjs": "Node's own version, and a lock of its own",
  "src/config/config.ts": "settings of who installs it, each with its bounds",
  "src/runtime/observability/metrics-access.ts": "lengths that are written out in it",
  "src/config/setting.ts": "settings of who installs it, each with its bounds",
  "src/cli/drain/drain.ts": "what the person has typed",
  "src/runtime/network/proxy-for.ts": "NO_PROXY of who installs it",
  "src/api/cel.ts": "what stands in a rule of our own schema",
  "src/runtime/network/proxy-connector.ts": "the port of a URL that has been parsed",
  "src/runtime/network/tunnel.ts": "the port of a URL that has been parsed",
  "src/providers/http/address-class.ts": "addresses, whose digits are checked by node:net",
  "src/providers/http/guarded-http.ts": "the port of a URL that has been parsed",
  "src/runtime/base64.ts": "digits of its own percent-encoding",
  "src/controllers/token/plan-refresh.ts": "digits of a hash of its own",
  "src/operator/operator-metrics.ts": "a boolean as 0 or 1",
  "src/metrics/credential-metrics.ts": "a boolean as 0 or 1",
  "src/controllers/credential/plan-status.ts": "the first instant that there is",
};
const readsNumbers: ReadonlySet<string> = new Set([
  "Number",
  "BigInt",
  "Date",
  "parseInt",
  "parseFloat",
  "Number.parseInt",
  "Number.parseFloat",
  "Date.parse",
]);
/** Of Temporal's classes; a Duration of our own is an object that is written out. */
const readsTimes = /^Temporal\.\w+\.(?:from|fromEpochMilliseconds|fromEpochNanoseconds)$/;
/** What others call their numbers and times; who reads one of them has it from the gate. */
const foreignNames: ReadonlySet<string> = new Set([
  "retry-after",
  "retryAfterSeconds",
  "expires_in",
  "expires_on",
  "expireTime",
  "expiration",
  "Expiration",
  "expirationTimestamp",
  "issued_at",
  "exp",
  "iat",
  "nbf",
  "leaseDurationSeconds",
  "leaseTransitions",
]);
/** What they call so is only shown, compared or handed on as it is. */
const foreignNamesAsText: Readonly<Record<string, string>> = {
  "src/providers/token-exchange/settings.ts": "an example in a description",
  "src/runtime/leader/leader-election.ts": "told in the log",
};

/** The gate, and what is made of it. */
const behindGate: ReadonlySet<string> = new Set([...numberGate, "src/providers/answers.ts"]);

/** Who may write a failure out: the runtime, which knows no table of reasons (test/api/reasons.test.ts compares), and the table. */
const makesFailures = ["src/runtime/", "src/api/reasons.ts"];

const disablesACheck = /(?:oxlint|eslint)-disable|@ts-(?:expect-error|ignore|nocheck)/;

/** The files of src and tools below `root`, and every broken rule as "PATH: what is wrong". */
export function inspectArchitecture(
  root: string,
  pure: PureFiles,
): { readonly files: readonly string[]; readonly violations: readonly string[] } {
  const paths = globSync("{src,tools}/**/*.{ts,mjs}", { cwd: root }).toSorted();
  const sources = paths.map((path) => parsed(root, path));
  const violations = sources.flatMap((file) => [
    ...layerViolations(file, pure).map((what) => `${file.path}: ${what}`),
    ...(isPure(file.path, pure) ? purityViolations(file, pure).map((what) => `${file.path}: ${what}`) : []),
    ...textViolations(file).map((what) => `${file.path}: ${what}`),
    ...numberViolations(file).map((what) => `${file.path}: ${what}`),
    ...failureViolations(file).map((what) => `${file.path}: ${what}`),
  ]);
  return { files: paths, violations: [...violations, ...sharedSdks(sources)] };
}

function layerViolations(file: SourceFile, pure: PureFiles): string[] {
  const [folder, layer] = layerOf(file.path);
  return file.imports.flatMap(({ target, how }) => {
    const problems: string[] = [];
    if (target === "src/main.ts" && file.path !== "src/regcred.mjs")
      problems.push("only src/regcred.mjs imports src/main.ts");
    if (target.startsWith("test/")) problems.push(`imports test code (${target})`);
    if (target.startsWith("tools/") && !file.path.startsWith("tools/")) problems.push(`imports a tool (${target})`);
    if ((isCloudSdk(target) || loadedLate.includes(target)) && how === "static")
      problems.push(`${target} must be loaded lazily, by import()`);
    if (!target.startsWith("src/") || layer.sees === undefined) return problems;
    const isType = matches(target, layer.seesAsTypes ?? []);
    if (isType && how !== "type" && !isPure(target, pure))
      problems.push(`${folder} sees ${target} only by import type`);
    if (!isType && !matches(target, [folder, ...layer.sees])) problems.push(`${folder} does not see ${target}`);
    return problems;
  });
}

function purityViolations(file: SourceFile, pure: PureFiles): string[] {
  const modules = Object.entries(pureModules).find(([folder]) => file.path.startsWith(folder))?.[1] ?? [];
  return file.imports
    .filter(({ target, how }) => !(how === "dynamic" && loadedByDefinition.test(target)))
    .filter(({ target }) => (target.startsWith("src/") ? !isPure(target, pure) : !modules.includes(target)))
    .map(({ target }) => `is pure and does not see ${target}`);
}

function isPure(path: string, { include, exclude }: PureFiles): boolean {
  const isOf = (pattern: string): boolean => matchesGlob(path, pattern.endsWith(".ts") ? pattern : `${pattern}/**`);
  return include.some(isOf) && !exclude.some(isOf);
}

function headerProblems(lines: readonly string[]): string[] {
  const start = lines[0]?.startsWith("#!") ? 1 : 0;
  const end = lines.findIndex((line, index) => index >= start && !line.startsWith("//"));
  const header = lines.slice(start, end === -1 ? undefined : end);
  if (!header[0]?.startsWith("// ")) return ["the first line must be a comment that says what is in the file"];
  return header.some((line) => /\?(?: |$)/.test(line)) ? ["the header must say what is in the file, not ask"] : [];
}

/** What is wrong with the headers of the tests, which need to keep to no other rule of this file. */
export function testHeaderViolations(root: string): readonly string[] {
  return globSync("{test/**/*.ts,*.ts}", { cwd: root, exclude: ["test/fixtures/**"] })
    .toSorted()
    .flatMap((path) =>
      headerProblems(readFileSync(join(root, path), "utf8").split("\n")).map((problem) => `${path}: ${problem}`),
    );
}

function textViolations({ path, lines, strings }: SourceFile): string[] {
  const problems: string[] = [];
  if (!path.startsWith(knowsUrls)) {
    for (const url of strings.filter((text) => apiServerUrl.test(text))) {
      problems.push(`only ${knowsUrls} knows API-server URLs, such as ${JSON.stringify(url)}`);
    }
  }
  if (!describesKubectl.includes(path)) {
    for (const text of strings.filter((each) => command.test(each))) {
      problems.push(`only src/runtime/steps.ts makes commands, by kubectl\`...\`, such as ${JSON.stringify(text)}`);
    }
  }
  problems.push(...headerProblems(lines));
  for (const [index, line] of lines.entries()) {
    if (disablesACheck.test(line) && !line.includes(" -- ")) {
      problems.push(`line ${index + 1} switches a check off without " -- " and the reason`);
    }
  }
  return problems;
}

function numberViolations({ path, imports, conversions, names }: SourceFile): string[] {
  if (numberGate.includes(path)) return [];
  const converting = path in ownNumbers ? [] : [...new Set(conversions)].map((call) => `${call} reads a number`);
  const isBehindGate = imports.some(({ target, how }) => how !== "type" && behindGate.has(target));
  const isText = isBehindGate || path in foreignNamesAsText;
  const naming = isText ? [] : [...new Set(names)].map((name) => `${name} is somebody else's number`);
  return [...converting, ...naming].map((what) => `${what}: only ${numberGate[0]} knows how far it is believed`);
}

function failureViolations({ path, failures }: SourceFile): string[] {
  if (matches(path, makesFailures)) return [];
  return failures.map(
    (reason) => `${reason}: failure() of src/api/reasons.ts says who can fix it and when it is retried`,
  );
}

/** A cloud SDK belongs to one file, whatever way it is imported. */
function sharedSdks(sources: readonly SourceFile[]): string[] {
  const importers = new Map<string, Set<string>>();
  for (const { path, imports } of sources) {
    for (const { target } of imports.filter((each) => isCloudSdk(each.target))) {
      importers.set(target, (importers.get(target) ?? new Set()).add(path));
    }
  }
  return [...importers]
    .filter(([, paths]) => paths.size > 1)
    .map(([sdk, paths]) => `${[...paths].join(" and ")}: ${sdk} belongs to one file`);
}

function layerOf(path: string): [string, Layer] {
  return Object.entries(layers).find(([folder]) => path.startsWith(folder)) ?? [`${posix.dirname(path)}/`, {}];
}

function matches(target: string, allowed: readonly string[]): boolean {
  return allowed.some((each) => (each.endsWith("/") ? target.startsWith(each) : target === each));
}

function isCloudSdk(target: string): boolean {
  return cloudSdks.some((sdk) => target.startsWith(sdk));
}

function parsed(root: string, path: string): SourceFile {
  const text = readFileSync(join(root, path), "utf8");
  const imports: Import[] = [];
  const strings: string[] = [];
  const conversions: string[] = [];
  const names: string[] = [];
  const failures: string[] = [];
  // oxlint-disable-next-line typescript/no-deprecated -- vitest hands out no other parser, and vite is no dependency of ours
  for (const node of nodesOf(parseAst(text, { lang: path.endsWith(".ts") ? "ts" : "js" }))) {
    const module = node["source"];
    if (isNode(module) && typeof module["value"] === "string") {
      imports.push({ target: targetOf(path, module["value"]), how: howOf(node) });
    }
    if (node["type"] === "Literal" && typeof node["value"] === "string") strings.push(node["value"]);
    if (node["type"] === "TemplateElement") strings.push((node["value"] as { raw: string }).raw);
    const conversion = conversionIn(node);
    if (conversion !== undefined) conversions.push(conversion);
    names.push(...readIn(node).filter((name) => foreignNames.has(name)));
    failures.push(...failureIn(node));
  }
  return { path, lines: text.trimEnd().split("\n"), imports, strings, conversions, names, failures };
}

/** The call as it is written, if it is one that reads a number or a time; also `+x` and a function that is handed on. */
function conversionIn(node: Node): string | undefined {
  const { type, callee, operator, argument, arguments: given } = node;
  if (type === "UnaryExpression" && operator === "+" && isNode(argument) && argument["type"] !== "Literal") return "+";
  const handedOn = (Array.isArray(given) ? given : []).map(nameOf).find((name) => readsNumbers.has(name));
  if (handedOn !== undefined && type === "CallExpression") return handedOn;
  if (type !== "CallExpression" && type !== "NewExpression") return undefined;
  const name = nameOf(callee);
  const [first] = Array.isArray(given) ? (given as readonly unknown[]) : [];
  if (readsNumbers.has(name) && first !== undefined) return type === "NewExpression" ? `new ${name}` : name;
  const isWrittenOut = name === "Temporal.Duration.from" && isNode(first) && first["type"] === "ObjectExpression";
  return readsTimes.test(name) && !isWrittenOut ? name : undefined;
}

/** The reason of a failure whose retry is written out beside it; who hands on another's failure hands on its retry. */
function failureIn(node: Node): readonly string[] {
  if (node["type"] !== "ObjectExpression") return [];
  const members = new Map(
    (node["properties"] as readonly Node[]).map(({ key, value }) => [nameOf(key) || textIn(key), value]),
  );
  if (!members.has("reason") || textIn(members.get("retry")) === "") return [];
  return [textIn(members.get("reason")) || "a reason"];
}

/** `a.b.c` of names only, else nothing. */
function nameOf(node: unknown): string {
  if (!isNode(node)) return "";
  if (node["type"] === "Identifier") return node["name"] as string;
  if (node["type"] !== "MemberExpression" || node["computed"] === true) return "";
  const [object, property] = [nameOf(node["object"]), nameOf(node["property"])];
  return object === "" ? "" : `${object}.${property}`;
}

/** Members that are read: `a.b`, `a["b"]`, `{ b } = a`, and a text that may be the name of one. */
function readIn(node: Node): readonly string[] {
  switch (node["type"]) {
    case "MemberExpression":
      return [node["computed"] === true ? textIn(node["property"]) : nameOf(node["property"])];
    case "ObjectPattern":
      return (node["properties"] as readonly Node[]).map(({ key }) => nameOf(key) || textIn(key));
    case "CallExpression":
      return (node["arguments"] as readonly unknown[]).map(textIn);
    default:
      return [];
  }
}

function textIn(node: unknown): string {
  return isNode(node) && node["type"] === "Literal" && typeof node["value"] === "string" ? node["value"] : "";
}

function howOf(node: Node): Import["how"] {
  if (node["type"] === "ImportExpression") return "dynamic";
  const typeOnly = node["importKind"] === "type" || node["exportKind"] === "type" || node["type"] === "TSImportType";
  return typeOnly ? "type" : "static";
}

function targetOf(path: string, specifier: string): string {
  // As the "imports" of package.json say; what is proved pure sees src/providers/unseen.d.ts there.
  if (specifier.startsWith("#fetch/")) return `src/providers/${specifier.slice("#fetch/".length)}/fetch.ts`;
  return specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : specifier;
}

type Node = Readonly<Record<string, unknown>>;

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null;
}

/** Every node of a syntax tree (https://github.com/estree/estree), in no particular order. */
function* nodesOf(value: unknown): Generator<Node> {
  if (!isNode(value)) return;
  yield value;
  for (const child of Object.values(value)) yield* nodesOf(child);
}
