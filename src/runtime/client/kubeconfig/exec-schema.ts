// The schema of an exec plugin in a kubeconfig. (pure)
import { z } from "zod";

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
