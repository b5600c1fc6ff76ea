// Settings that tell the operator with which rights it was installed.
import type { Mode } from "../cluster/install-mode.ts";
import { audienceGlobs, keyGlobs, namespaces, objectNames, type Setting, trueOrFalse } from "./setting.ts";

const pullSecretNames: Setting<readonly string[]> = {
  flag: "--pull-secret-names",
  placeholder: "<names>",
  variables: ["REGCRED_PULL_SECRET_NAMES"],
  meaning: "the names of pull Secrets that the operator has rights for",
  fallback: [],
  fallbackText: "any, as far as is known",
  parse: objectNames,
  instead: "names of Secrets with commas between them, such as regcred,harbor-pull",
};

const watchNamespaces: Setting<readonly string[]> = {
  flag: "--watch-namespaces",
  placeholder: "<names>",
  variables: ["REGCRED_WATCH_NAMESPACES"],
  meaning: "the only namespaces in which the operator has rights on Secrets and ServiceAccounts",
  fallback: [],
  fallbackText: "all",
  parse: namespaces,
  instead: "names of namespaces with commas between them, such as team-a,team-b",
};

const podRecovery: Setting<boolean> = {
  flag: "--pod-recovery",
  placeholder: "<true|false>",
  variables: ["REGCRED_POD_RECOVERY"],
  meaning: "whether the operator has the right to evict pods, for podRecovery: Evict",
  fallback: false,
  fallbackText: "false",
  parse: trueOrFalse,
  instead: "true or false",
};

const keys = {
  placeholder: "<keys>",
  fallback: undefined,
  fallbackText: "any",
  parse: keyGlobs,
  instead: "keys with commas between them, a * at the end for anything, such as acme.io/team,acme.io/*",
};

const pullSecretLabels: Setting<readonly string[] | undefined> = {
  ...keys,
  flag: "--pull-secret-labels",
  variables: ["REGCRED_PULL_SECRET_LABELS"],
  meaning: "the keys that spec.pullSecret.labels may set on pull Secrets",
};

const pullSecretAnnotations: Setting<readonly string[] | undefined> = {
  ...keys,
  flag: "--pull-secret-annotations",
  variables: ["REGCRED_PULL_SECRET_ANNOTATIONS"],
  meaning: "the same of spec.pullSecret.annotations",
};

export const tokenAudiences: Setting<readonly string[] | undefined> = {
  flag: "--token-audiences",
  placeholder: "<audiences>",
  variables: ["REGCRED_TOKEN_AUDIENCES"],
  meaning: "the audiences that tokens of ServiceAccounts may be asked for; never one of the API server's own",
  fallback: undefined,
  fallbackText: "any that a RegistryCredential needs",
  parse: audienceGlobs,
  instead:
    "audiences with commas between them and no spaces, a * at the start or at the end for anything, such as sts.amazonaws.com,*.svc.id.goog",
};

/** In the order of the help. */
export const modeSettings: { readonly [K in keyof Mode]-?: Setting<Mode[K]> } = {
  pullSecretNames,
  pullSecretLabels,
  pullSecretAnnotations,
  watchNamespaces,
  podRecovery,
};
