// By which settings is the operator told with which rights it was installed?
import { type Setting, trueOrFalse } from "./setting.ts";

export const podRecovery: Setting<boolean> = {
  flag: "--pod-recovery",
  placeholder: "<true|false>",
  variables: ["REGCRED_POD_RECOVERY"],
  meaning: "whether the operator has the right to evict pods, for podRecovery: Evict",
  fallback: false,
  fallbackText: "false",
  parse: trueOrFalse,
  instead: "true or false",
};
