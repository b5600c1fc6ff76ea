// Tests of whom it concerns where a policy of the cluster refuses the operator's writes to Secrets and ServiceAccounts.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { allow, changeControl, type Denial, deny } from "./denials.ts";
import { denialStage, names, type Stage, reportedBy } from "./denial-stage.ts";
import { eventually, operatorNamespace } from "./test-env.ts";

const inNamespace = (namespace: string): string => `request.namespace == '${namespace}'`;
const ofTenants = (): string => `request.namespace != '${operatorNamespace}'`;

interface Row extends Omit<Denial, "which"> {
  readonly what: string;
  readonly which?: (newcomer: string) => string;
  /** Who keeps the login that it had; a new one gets the former one, or what is there when it comes. */
  readonly stale?: (namespace: string, isNew: boolean) => boolean | "any";
  /** Nothing is written where nothing stands. */
  readonly noSecret?: true;
  readonly noReference?: (namespace: string, isNew: boolean) => boolean;
}

const rows: readonly Row[] = [
  {
    what: "creation of the Secret of one namespace",
    resource: "secrets",
    operations: ["CREATE"],
    which: inNamespace,
    noSecret: true,
  },
  {
    what: "creation of Secrets of tenants",
    resource: "secrets",
    operations: ["CREATE"],
    which: ofTenants,
    noSecret: true,
  },
  {
    what: "update of the Secret of one namespace",
    resource: "secrets",
    operations: ["UPDATE"],
    which: () => inNamespace("team-0"),
    stale: (namespace) => namespace === "team-0",
  },
  {
    what: "update of Secrets of tenants",
    resource: "secrets",
    operations: ["UPDATE"],
    which: ofTenants,
    stale: (_namespace, isNew) => (isNew ? "any" : true),
  },
  {
    what: "update of Secrets of the operator",
    resource: "secrets",
    operations: ["UPDATE"],
    which: () => inNamespace(operatorNamespace),
    stale: () => true,
  },
  { what: "update of all Secrets", resource: "secrets", operations: ["UPDATE"], stale: () => true },
  {
    what: "update of the ServiceAccounts of one namespace",
    resource: "serviceaccounts",
    operations: ["UPDATE"],
    which: inNamespace,
    noReference: (_namespace, isNew) => isNew,
  },
  {
    what: "update of all ServiceAccounts",
    resource: "serviceaccounts",
    operations: ["UPDATE"],
    noReference: (_namespace, isNew) => isNew,
  },
];

describe("a policy that denies", () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await denialStage({ install: {} });
  });
  afterEach(async () => {
    await allow(stage.world);
  });
  afterAll(() => stage?.close());

  it.each(rows.map((row, index) => ({ ...row, newcomer: `team-new-${index}` })))(
    "$what takes nothing from anybody, is told, and is over when it goes",
    async (row) => {
      const { resource, operations, which, newcomer, stale, noSecret, noReference } = row;
      await deny(stage.world, { resource, operations, ...(which && { which: which(newcomer) }) });
      await stage.rotate();
      await stage.join(newcomer);
      for (const namespace of stage.namespaces) {
        const isNew = namespace === newcomer;
        if (isNew && noSecret) continue;
        const passwords = {
          any: [stage.formerPassword, stage.password],
          true: [stage.formerPassword],
          false: [stage.password],
        }[`${stale?.(namespace, isNew) ?? false}`];
        for (const name of names)
          await eventually(`${namespace} has ${passwords.join(" or ")} of ${name}`, () =>
            stage.has(name, namespace, passwords),
          );
        if (noReference?.(namespace, isNew)) continue;
        await eventually(`${namespace} refers`, async () =>
          (await stage.world.references(namespace)).includes("regcred"),
        );
      }
      for (const name of names) {
        await eventually(`${name} tells why`, async () => {
          const reported = await reportedBy(stage.world, name);
          return reported.includes("AdmissionDenied") && reported.includes(changeControl);
        });
      }
      await allow(stage.world);
      await stage.well();
      expect(stage.losses()).toEqual([]);
    },
  );
});
