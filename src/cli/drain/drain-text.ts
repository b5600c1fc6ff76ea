// The text of a drain, for whoever waits for it.
import { conditionOf } from "../../api/conditions.ts";
import { oneLine } from "../../runtime/foreign-text.ts";
import { giveUp } from "../../cluster/install-steps.ts";
import type { CredentialRecord } from "../../cluster/records.ts";
import { commandText } from "../../runtime/steps.ts";

const maxNamed = 5;

/** Which are left, and what holds them up. */
export function drainProgress(left: readonly CredentialRecord[]): string {
  const blocked = left.flatMap(({ name, credential }) => {
    const condition = conditionOf(credential?.status, "DrainBlocked");
    return condition ? [`  ${name} is held up: ${oneLine(condition.message)}\n`] : [];
  });
  const count = left.length === 1 ? "1 RegistryCredential" : `${left.length} RegistryCredentials`;
  return `Waiting for ${count}: ${named(left)}\n${blocked.join("")}`;
}

/** What to do when the time is over. */
export function leftBehind(left: readonly CredentialRecord[]): string {
  return (
    `Not drained: ${named(left)}. Does the operator run? Fix what holds them up and try again, or give up on what is ` +
    `left in tenants: ${commandText(giveUp("NAME"))}\n`
  );
}

function named(left: readonly CredentialRecord[]): string {
  const names = left.map(({ name }) => name);
  const more = names.length - maxNamed;
  return `${names.slice(0, maxNamed).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
