// The options of the demo.
import { parseArgs } from "node:util";

export interface DemoOptions {
  /** End after the story instead of staying up. */
  readonly once: boolean;
  /** File for the JSON report. */
  readonly report: string | undefined;
  /** Play on the user's cluster with this kubeconfig context; undefined: on a control plane of the demo's own. */
  readonly context: string | undefined;
  /** Do not ask before touching that cluster. */
  readonly yes: boolean;
  /** How many tenant namespaces. */
  readonly namespaces: number;
}

export type Asked =
  | { readonly kind: "play"; readonly options: DemoOptions }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly message: string };

/** What the demo ends with; `--help` lists them. */
export const exitCodes = { ok: 0, failed: 1, refused: 2, interrupted: 130 } as const;

const usualNamespaces = 50;
// The story needs one tenant to pull, one that loses its Secret and one that loses its reference.
const fewestNamespaces = 3;
// Beyond it the story shows nothing new and a machine of two cores needs minutes: npm run bench is for that.
const maxNamespaces = 1000;

export const helpText = `regcred demo: watch registry credentials reach every tenant namespace of a real Kubernetes API server, and stay there.

Usage: npm run demo -- [options]

  --once            end after the story; without it the demo stays up until Ctrl-C
  --report FILE     write the steps and their times to FILE as JSON
  --namespaces N    number of tenant namespaces, ${fewestNamespaces} to ${maxNamespaces} (default ${usualNamespaces})
  --context NAME    play on your own cluster: the context NAME of your kubeconfig (KUBECONFIG, else ~/.kube/config).
                    Asks first. Makes and removes only namespaces called regcred-demo-*, one RegistryCredential, and the
                    CRD if it is not there yet. Refuses where RegistryCredentials exist. You need to be an administrator.
  --yes             with --context: do not ask
  --help            show this text

Without --context the demo starts Kubernetes (etcd, kube-apiserver, kube-controller-manager) and a registry on loopback,
in temporary folders. Their programs come from KUBEBUILDER_ASSETS, the cache (REGCRED_CACHE, else the user's cache
folder), a download, or a build with Go, which takes some minutes and happens once.

Exit codes: ${exitCodes.ok} the whole story was played; ${exitCodes.failed} a step failed; ${exitCodes.refused} wrong usage, or refused to touch your cluster;
${exitCodes.interrupted} interrupted before the end of the story. Whatever the code, everything that was started is stopped and removed.
`;

/** `args` without the program's own name. */
export function parseOptions(args: readonly string[]): Asked {
  const wrong = (message: string): Asked => ({ kind: "wrong", message: `${message} (see --help)` });
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        once: { type: "boolean", default: false },
        report: { type: "string" },
        context: { type: "string" },
        yes: { type: "boolean", default: false },
        namespaces: { type: "string", default: String(usualNamespaces) },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return { kind: "help" };
    if (values.report === "") return wrong("--report needs the name of a file");
    if (values.context === "") return wrong("--context needs the name of a context of your kubeconfig");
    const namespaces = /^\d{1,4}$/.test(values.namespaces) ? Number(values.namespaces) : 0;
    if (namespaces < fewestNamespaces || namespaces > maxNamespaces) {
      return wrong(
        `--namespaces takes a number from ${fewestNamespaces} to ${maxNamespaces}, not ${values.namespaces}`,
      );
    }
    const { once, report, context, yes } = values;
    return { kind: "play", options: { once, report, context, yes, namespaces } };
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
}
