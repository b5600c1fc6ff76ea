// What follows from the installed CustomResourceDefinition, and from another one?
import { crdName } from "../api/names.ts";
import { crdOutdated } from "./crd-outdated.ts";
import { credentialKey, tokenKey } from "./keys.ts";
import type { CrdRecord } from "../cluster/records.ts";
import type { Context } from "./context.ts";
import { textWithSteps } from "../runtime/steps.ts";

/** To be called when the store is filled as far as the operator may see. */
export function followCrd({
  stores,
  tokens,
  enqueue,
  log,
}: Pick<Context, "stores" | "tokens" | "enqueue" | "log">): void {
  const tell = (record: CrdRecord | undefined): void => {
    const outdated = crdOutdated(record);
    if (outdated) log.warn("installed schema outdated", { reason: outdated.reason, detail: textWithSteps(outdated) });
    else log.info("installed schema complete");
  };
  const installed = stores.crds.get(crdName);
  if (installed) tell(installed);
  stores.crds.subscribe(({ before, after }) => {
    if (before?.gaps.join() === after?.gaps.join()) return;
    tell(after);
    for (const { key } of stores.credentials.values()) enqueue(credentialKey(key));
    for (const [grantKey] of tokens.wanted()) enqueue(tokenKey(grantKey), { lane: "bulk", flow: grantKey });
  });
}
