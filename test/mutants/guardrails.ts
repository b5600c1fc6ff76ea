// Fault 5, as it was seen: the policies of the install leave what they do not name.
import type { Mutant } from "./mutant.ts";

export const guardrailMutants: readonly Mutant[] = [
  {
    fault: 5,
    name: "a listed audience may be the API server's own",
    edits: [
      {
        file: "src/providers/audiences.ts",
        from: "own.some((audience) => globMatches(glob, audience)));",
        to: "own.some((audience) => globMatches(glob, audience) && glob === ``));",
      },
    ],
    foundBy: { phase: "unit", path: "test/operator/preflight.test.ts" },
  },
  {
    fault: 5,
    name: "a pull Secret may hold anything",
    edits: [
      {
        file: "config/chart/templates/restraint/secrets.yaml",
        from: "variables.data.all(key, key == '.dockerconfigjson' || (",
        to: "variables.data.all(key, true || (",
      },
    ],
    foundBy: { phase: "integration", path: "test/integration/guardrail-fields.test.ts" },
  },
  {
    fault: 5,
    name: "the policies restrain the default ServiceAccount, whatever name the values give it",
    edits: [
      {
        file: "config/chart/templates/_names.tpl",
        from: 'system:serviceaccount:{{ .Release.Namespace }}:{{ include "regcred.serviceAccountName" . }}',
        to: "system:serviceaccount:{{ .Release.Namespace }}:regcred",
      },
    ],
    foundBy: { phase: "integration", path: "test/integration/chart-rendering.test.ts" },
  },
  {
    fault: 5,
    name: "an operator of another name may ask for tokens of itself",
    edits: [
      {
        file: "config/chart/templates/restraint/token-requests.yaml",
        from: `request.name == '{{ include "regcred.serviceAccountName" $ }}'`,
        to: "request.name == 'regcred'",
      },
    ],
    foundBy: { phase: "integration", path: "test/integration/chart-rendering.test.ts" },
  },
];
