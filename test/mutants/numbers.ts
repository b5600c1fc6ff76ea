// Faults 7 to 10, as they were seen: what others say is believed, or costs too much to read.
import type { Mutant } from "./mutant.ts";

export const numberMutants: readonly Mutant[] = [
  {
    fault: 7,
    name: "a token endpoint is believed that names days",
    edits: [
      {
        file: "src/runtime/foreign-numbers.ts",
        from: "max: 15 * minutes, above",
        to: "max: 1500 * days, above",
      },
    ],
    foundBy: { phase: "unit", path: "test/runtime/foreign-numbers.test.ts" },
  },
  {
    fault: 8,
    name: "the spaces of a challenge are looked at again and again",
    edits: [
      {
        file: "src/registry/challenge.ts",
        from: "  while (at < text.length && isSkipped(text.charCodeAt(at))) at += 1;",
        to: "  while (at < text.length && isSkipped(text.slice(start, at + 1).charCodeAt(at - start))) at += 1;",
      },
    ],
    foundBy: { phase: "unit", path: "test/registry/challenge.test.ts" },
  },
  {
    fault: 9,
    name: "all made-up tokens are asked about at once",
    edits: [
      { file: "src/runtime/observability/metrics-access.ts", from: "const atOnce = 2;", to: "const atOnce = 1_000;" },
      {
        file: "src/runtime/observability/metrics-access.ts",
        from: "const maxWaiting = 2;",
        to: "const maxWaiting = 1_000;",
      },
    ],
    foundBy: { phase: "unit", path: "test/runtime/observability/metrics-access.test.ts" },
  },
  {
    fault: 9,
    name: "tokens are asked about in the pool of the writes",
    edits: [
      { file: "src/runtime/observability/metrics-access.ts", from: 'purpose: "access" }', to: 'purpose: "write" }' },
    ],
    foundBy: { phase: "unit", path: "test/runtime/observability/metrics-access.test.ts" },
  },
  {
    fault: 10,
    name: "a Kelvin sign is a k",
    edits: [
      {
        file: "src/runtime/ascii.ts",
        from: "  return text.replaceAll(/[A-Z]+/g, (capitals) => capitals.toLowerCase());",
        to: "  return text.toLowerCase();",
      },
    ],
    foundBy: { phase: "unit", path: "test/registry/host.test.ts" },
  },
  {
    fault: 10,
    name: "a path may lead upwards",
    edits: [
      {
        file: "src/registry/host.ts",
        from: 'const segment = "[._-]*[a-z0-9][a-z0-9._-]*";',
        to: 'const segment = "[a-z0-9._-]+";',
      },
    ],
    foundBy: { phase: "unit", path: "test/registry/host.test.ts" },
  },
  {
    fault: 10,
    name: "a login of one registry may be written for all",
    edits: [
      {
        file: "src/registry/host.ts",
        from: "  if (!/[^*.]/.test(name)) return undefined;\n",
        to: "",
      },
    ],
    foundBy: { phase: "unit", path: "test/registry/host.test.ts" },
  },
  {
    fault: 10,
    name: "verify asks whatever registry an image names",
    edits: [
      {
        file: "src/cli/verify/named-host.ts",
        from: "  const names = (host: string): boolean => serves(host, image);",
        to: "  const names = (host: string): boolean => serves(host, image) || host !== image;",
      },
    ],
    foundBy: { phase: "unit", path: "test/cli/verify/named-host.test.ts" },
  },
];
