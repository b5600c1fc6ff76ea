// Plays one history of a tenant's attacks and administrators' work, and checks that it comes to a good end.
import { accountFaults, secretFaults } from "../threats/judge.ts";
import type { Step } from "../threats/steps.ts";
import { administration, patience, release } from "./threat-administrator.ts";
import { eventually } from "./test-env.ts";
import { bystanders, type Stage } from "./threat-stage.ts";
import { type Tenant, tryAs } from "./threat-tenant.ts";

let histories = 0;

/** Sentences about what went wrong; none, where nothing did. */
export async function play(stage: Stage, steps: readonly Step[]): Promise<readonly string[]> {
  histories += 1;
  const prefix = `h${histories}`;
  const tenant: Tenant = { prefix, stage, kept: [], meddledWith: new Set() };
  const administrator = administration(stage, prefix);
  const beside: Promise<void>[] = [];
  await administrator.begin();
  for (const step of steps) {
    if (step.by === "administrator") await administrator.perform(step.does);
    else if (step.beside) beside.push(tryAs(tenant, step.does));
    else await tryAs(tenant, step.does);
  }
  await Promise.all(beside);

  await administrator.rest();
  // What a tenant has meddled with is its own affair, but for what it may not have.
  const meddled = (namespace: string): boolean => tenant.meddledWith.has(namespace);
  await eventually("rest", () => Promise.resolve(administrator.unmet(meddled).length === 0), patience).catch(() =>
    administrator.faults.push(...administrator.unmet(meddled).map((each) => `at rest: ${each}`)),
  );
  await administrator.end();
  const concerned = (namespace: string): boolean =>
    bystanders.includes(namespace) || namespace.startsWith(`${prefix}-`);
  const faults = [
    ...administrator.faults,
    ...administrator.holdFaults(),
    ...secretFaults(stage.witness.secrets(concerned), administrator.rights),
    ...accountFaults(stage.witness.accounts(concerned), administrator.rights),
    ...stage.crashes,
  ];
  await clear(stage, prefix);
  return [...new Set(faults)];
}

/** Begins to remove what the tenant has; nobody waits for the end of it. */
async function clear(stage: Stage, prefix: string): Promise<void> {
  const { world, admin } = stage;
  await release(stage, prefix);
  for (const { metadata } of await world.admin.list("/api/v1/namespaces")) {
    if (!metadata.name.startsWith(`${prefix}-`)) continue;
    await admin.patch(`/api/v1/namespaces/${metadata.name}`, { metadata: { finalizers: null } }).catch(() => undefined);
    await admin.remove(`/api/v1/namespaces/${metadata.name}`);
  }
}
