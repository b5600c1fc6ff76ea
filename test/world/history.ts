// What is complained of in a history.
import { excusedBy } from "./excuses.ts";
import { misgivings } from "./oracle.ts";
import { play } from "./play.ts";
import { rest } from "./rest.ts";
import type { SpecChoice, Step } from "./steps.ts";
import { cloudHost, hosts } from "./words.ts";
import { world } from "./world.ts";

/** With which every history begins: a login of a Secret, and one that a cloud mints, in all namespaces. */
export const usual: SpecChoice = {
  selects: "all",
  entries: [
    { name: "e1", from: "src-1", role: "r1", identity: "Operator", hosts: [hosts[0]] },
    { name: "e2", from: "cloud", role: "r1", identity: "Operator", hosts: [cloudHost] },
  ],
  secretName: "regcred",
  onConflict: "Fail",
  references: "ServiceAccounts",
  excludesApp: false,
  deletionPolicy: "Delete",
  suspend: false,
};

// What fails is tried again within five minutes, a fifth more or less.
const longEnough = 7 * 60_000;

/** Empty: all is well. The first step that is followed by a complaint is the last that is played. */
export async function complaintsOf(
  history: readonly Step[],
  counts: (complaint: string) => boolean = () => true,
): Promise<readonly string[]> {
  const made = await world(counts);
  const first: Step = { does: { act: "create credential", name: "a", spec: usual }, pause: 20_000 };
  await made.pass(2_000);
  await play(made, first);
  for (const each of misgivings(made, () => false)) made.ledger.complain(`at the beginning: ${each}`);
  for (const step of history) {
    if (made.ledger.complaints.length > 0) return made.ledger.complaints;
    await play(made, step);
    if (step.pause < longEnough || made.operator().dead()) continue;
    for (const each of misgivings(made, excusedBy(made))) made.ledger.complain(`while something fails: ${each}`);
  }
  if (made.ledger.complaints.length === 0) await rest(made);
  return made.ledger.complaints;
}
