// Validates the description of an exec plugin. (pure)
import { quotedText } from "../../foreign-text.ts";
import type { ExecPlugin } from "./exec-schema.ts";

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
