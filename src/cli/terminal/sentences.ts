// Sentences that several commands say.
import { defaultOperatorNamespace } from "../../api/names.ts";
import { commandText, kubectl } from "../../runtime/steps.ts";

export function noSuchCredential(name: string): string {
  return `There is no RegistryCredential ${name}: ${commandText(kubectl`get regcred`)} lists those that are there\n`;
}

/** Ends in the command that does; a doctor that is not told asks about the usual namespace. */
export function seeWhetherItRuns(operatorNamespace = defaultOperatorNamespace): string {
  const doctor =
    operatorNamespace === defaultOperatorNamespace
      ? kubectl`regcred doctor`
      : kubectl`regcred doctor --namespace=${operatorNamespace}`;
  return `see whether it runs: ${commandText(doctor)}`;
}
