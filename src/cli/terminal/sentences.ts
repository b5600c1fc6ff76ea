// What do several commands say?
import { commandText, kubectl } from "../../runtime/steps.ts";

export function noSuchCredential(name: string): string {
  return `There is no RegistryCredential ${name}: ${commandText(kubectl`get regcred`)} lists those that are there\n`;
}
