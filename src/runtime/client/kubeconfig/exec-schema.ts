// The schema of an exec plugin in a kubeconfig, and what client-go refuses beside it. (pure)
import { z } from "zod";
import { quotedText } from "../../foreign-text.ts";

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins */
export const execSchema = z.object({
  apiVersion: text,
  command: text,
  args: z
    .array(z.string())
    .nullish()
    .transform((args) => args ?? []),
  env: z
    .array(z.object({ name: text, value: text }))
    .nullish()
    .transform((env) => env ?? []),
  installHint: text,
  provideClusterInfo: z
    .boolean()
    .nullish()
    .transform((value) => value === true),
  interactiveMode: text,
});

export type ExecPlugin = z.output<typeof execSchema>;

// k8s.io/client-go/plugin/pkg/client/auth/exec/exec.go: v1alpha1 is gone since 1.24.
const versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];
const modes = ["Never", "IfAvailable", "Always"];

/** What client-go refuses too: tools/clientcmd/validation.go; undefined: nothing. */
export function execFault({ apiVersion, command, env, interactiveMode }: ExecPlugin): string | undefined {
  if (command === "") return "exec names no command";
  if (!versions.includes(apiVersion))
    return `exec has the apiVersion ${quotedText(apiVersion)}: it must be ${versions.join(" or ")}`;
  if (env.some(({ name }) => name === "")) return "exec has a variable without a name";
  if (interactiveMode === "" && apiVersion === versions[0]) return `exec needs an interactiveMode: ${modes.join(", ")}`;
  if (interactiveMode !== "" && !modes.includes(interactiveMode))
    return `exec has the interactiveMode ${quotedText(interactiveMode)}: it must be ${modes.join(", ")}`;
  return undefined;
}
