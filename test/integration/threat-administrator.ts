// What administrators do in a history of the threat test, and who has a right to which login by that.
import { systemClock } from "../../src/runtime/clock.ts";
import type { KubeObject } from "../cluster/admin-client.ts";
import { type NamespaceState, type Selection, selectedAbout, selects, vanishingAbout } from "../threats/entitled.ts";
import { type Lasting, lastingAt, loginText, type Rights } from "../threats/judge.ts";
import {
  type AdministratorStep,
  type CredentialName,
  credentialNames,
  places,
  pullSecretNames,
} from "../threats/steps.ts";
import { type Condition, credentialsPath, eventually, operatorNamespace } from "./test-env.ts";
import { bystanders, type Stage } from "./threat-stage.ts";
import { placeName } from "./threat-tenant.ts";

const clock = systemClock();
const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });
/** For what must come to pass soon; a busy machine takes its time. */
export const patience = seconds(20);
/** Writes that were under way when the operator had confirmed a spec. */
const slack = 2_000;

interface Hold {
  /** Uids of the namespaces that had the login, and would lose it. */
  readonly members: ReadonlySet<string>;
}

interface Kept {
  readonly selections: Lasting<Selection>[];
  generation: number;
  exists: boolean;
}

export interface Administration {
  perform(step: AdministratorStep): Promise<void>;
  /** Makes everything, and waits until the bystanders are served. */
  begin(): Promise<void>;
  /** Every namespace that should have a login has the newest, those that should not have none, and what is held is told. */
  rest(): Promise<void>;
  /** Deletes every credential. */
  end(): Promise<void>;
  readonly rights: Rights;
  /** What should not have been, so far. */
  readonly faults: string[];
  /** Whether the RegistryCredential `a` should have told of a hold, over all its versions. */
  holdFaults(): readonly string[];
  /** What is not as it should be now, apart from these namespaces. */
  unmet(besides: (namespace: string) => boolean): readonly string[];
}

const few = bystanders.slice(0, 3);

export function administration(stage: Stage, prefix: string): Administration {
  const { witness, world, admin } = stage;
  const faults: string[] = [];
  const named = (name: CredentialName): string => `${prefix}-${name}`;
  const place = (at: 0 | 1 | 2 | 3): string => placeName(prefix, at);
  const kept: Record<CredentialName, Kept> = {
    a: { selections: [], generation: 1, exists: false },
    b: { selections: [], generation: 1, exists: false },
    c: { selections: [], generation: 1, exists: false },
  };
  const ofA = {
    all: { include: ["by-*", place(0), place(1)], exclude: [], label: undefined },
    "few less": { include: ["by-*", place(0), place(1)], exclude: [...few, place(0)], label: undefined },
    "many less": { include: [...few, place(1)], exclude: [], label: undefined },
  } satisfies Record<string, Selection>;
  const ofB: Selection = { include: [...bystanders.slice(0, 2), place(1), place(2)], exclude: [], label: undefined };
  const ofC: Selection = { include: [`${prefix}-*`], exclude: [], label: prefix };
  let which: keyof typeof ofA = "all";
  let secretName: string = pullSecretNames[0];
  let suspended = false;
  let confirmed = false;
  let wasHeld: { at: number; until: number }[] = [];
  const holds: Lasting<Hold>[] = [];

  const stateOf = (namespace: string): NamespaceState | undefined =>
    witness.namespace(namespace).findLast(({ until }) => until === Infinity)?.what;
  const newest = (name: CredentialName): KubeObject | undefined => {
    const last = witness.credential(named(name)).at(-1);
    return last?.gone ? undefined : last?.object;
  };
  const held = (): boolean => holds.at(-1)?.until === Infinity;
  const unhold = (): void => {
    const last = holds.at(-1);
    if (!last || last.until !== Infinity) return;
    holds[holds.length - 1] = { ...last, until: clock.elapsed() + slack };
    const reported = wasHeld.at(-1);
    if (reported) reported.until = Math.min(reported.until, clock.elapsed());
  };

  const writeSource = async (name: CredentialName): Promise<void> => {
    const { generation } = kept[name];
    const write = (secret: string, namespace: string): Promise<void> =>
      world.source(secret, {
        username: "ann",
        password: loginText({ credential: named(name), namespace, generation }),
      });
    if (name !== "b") return await write(named(name), "");
    await Promise.all(ofB.include.map((namespace) => write(`${named("b")}-${namespace}`, namespace)));
  };
  const selectionField = ({ include, exclude, label }: Selection): object => ({
    include,
    exclude: exclude.length > 0 ? exclude : null,
    ...(label !== undefined && { selector: { matchLabels: { threat: label } } }),
  });
  const create = async (name: CredentialName, selection: Selection): Promise<void> => {
    kept[name].selections.push({ what: selection, from: clock.elapsed(), until: Infinity });
    kept[name].exists = true;
    const source = name === "b" ? `${named("b")}-$(namespace.name)` : named(name);
    const { exclude: _, ...namespaces } = selectionField(selection) as { readonly exclude: unknown };
    await admin.create(credentialsPath, {
      apiVersion: "regcred.dev/v1alpha1",
      kind: "RegistryCredential",
      metadata: { name: named(name) },
      spec: {
        registries: [
          { name: "main", provider: "Static", hosts: [`${named(name)}.example.com`], static: { secretName: source } },
        ],
        namespaces,
        pullSecret: { name: name === "a" ? secretName : pullSecretNames[0] },
      },
    });
  };

  /** What was selected until now is selected no longer, once the operator has said that it has read the spec. */
  const change = async (spec: object, selection: Selection): Promise<void> => {
    const { selections } = kept.a;
    selections.push({ what: selection, from: clock.elapsed(), until: Infinity });
    const { metadata } = await admin.patch(`${credentialsPath}/${named("a")}`, { spec });
    const observed = (): number =>
      (newest("a")?.["status"] as { observedGeneration?: number } | undefined)?.observedGeneration ?? 0;
    await soon(`generation ${metadata.generation} of a is observed`, () => observed() >= (metadata.generation ?? 0));
    const until = clock.elapsed() + slack;
    selections.splice(
      0,
      selections.length - 1,
      ...selections.slice(0, -1).map((each) => ({ ...each, until: Math.min(each.until, until) })),
    );
  };
  const soon = async (what: string, check: () => boolean, found: () => unknown = () => ""): Promise<void> => {
    await eventually(what, () => Promise.resolve(check() && !stage.restarting()), patience).catch(() => {
      faults.push(`in vain: ${what} ${String(found())}`);
    });
  };
  const conditionOf = (object: KubeObject | undefined, type: string): Condition | undefined =>
    (object?.["status"] as { conditions?: readonly Condition[] } | undefined)?.conditions?.find(
      (each) => each.type === type,
    );
  const tellsHold = (): boolean => conditionOf(newest("a"), "RemovalHeld")?.status === "True";

  const has = (namespace: string, name: CredentialName, min: number): boolean =>
    pullSecretNames.some(
      (secret) =>
        witness
          .secret(namespace, secret)
          ?.logins.some(({ credential, generation }) => credential === named(name) && generation >= min) === true,
    );
  const selectedNow = (name: CredentialName, namespace: string): boolean => {
    const state = stateOf(namespace);
    const selection = kept[name].selections.at(-1)?.what;
    return kept[name].exists && state !== undefined && selection !== undefined && selects(selection, state);
  };
  const heldNow = (name: CredentialName, namespace: string): boolean =>
    name === "a" && held() && holds.at(-1)?.what.members.has(stateOf(namespace)?.uid ?? "") === true;

  const unmet: Administration["unmet"] = (besides) => [
    ...[...bystanders, ...places.map(place)]
      .filter((namespace) => !besides(namespace))
      .flatMap((namespace) =>
        credentialNames.flatMap((name) => {
          const right = selectedNow(name, namespace) || heldNow(name, namespace);
          if (right)
            return has(namespace, name, kept[name].generation) ? [] : [`${namespace} has no new login of ${name}`];
          return has(namespace, name, 0) ? [`${namespace} still has a login of ${name}`] : [];
        }),
      ),
    ...(kept.a.exists && tellsHold() !== held() ? [`a ${held() ? "does not tell" : "tells"} of a hold`] : []),
  ];
  /** A hold renews a login where the one before stands: what has missed one stays as it is until the hold ends. */
  const renew = async (...names: readonly CredentialName[]): Promise<void> => {
    if (held() && names.includes("a")) {
      await soon("who is held is served before the next login", bystandersServed);
      await tenantServed();
    }
    for (const name of names) kept[name].generation += 1;
    await Promise.all(names.map(writeSource));
  };
  /** The tenant that may be held has time to be served. One that keeps itself from that misses a login. */
  const tenantServed = async (): Promise<void> => {
    const hasIt = (): boolean => has(place(0), "a", kept.a.generation);
    const mayHaveIt = (): boolean => selectedNow("a", place(0)) || heldNow("a", place(0));
    await eventually("a tenant is served", () => Promise.resolve(hasIt() || !mayHaveIt()), seconds(3)).catch(
      () => undefined,
    );
  };
  const bystandersServed = (): boolean => unmet((namespace) => !bystanders.includes(namespace)).length === 0;

  const remove = async (name: CredentialName): Promise<void> => {
    const path = `${credentialsPath}/${named(name)}`;
    unhold();
    kept[name].exists = false;
    await admin.remove(path);
    const gone = (): boolean => newest(name) === undefined;
    const blamesTenant = (): boolean => JSON.stringify(newest(name)?.["status"] ?? {}).includes(`${prefix}-m`);
    await soon(`${name} is gone, or tells who holds it`, () => gone() || blamesTenant());
    if (!gone()) {
      await release(stage, prefix);
      await soon(`${name} is gone once nobody holds it`, gone, () => JSON.stringify(newest(name)?.["status"]));
    }
    const until = clock.elapsed() + slack;
    kept[name].selections.splice(
      0,
      Infinity,
      ...kept[name].selections.map((each) => ({ ...each, until: Math.min(each.until, until) })),
    );
  };

  const select = async (to: keyof typeof ofA): Promise<void> => {
    if (to === which || (confirmed && to !== "all")) return;
    if (to === "many less") {
      // What is not there cannot be missed.
      if (suspended) return;
      await soon("bystanders are served before many are taken out", bystandersServed);
      await tenantServed();
    }
    const members = new Set(
      [...bystanders, ...places.map(place)]
        .filter((namespace) => selectedNow("a", namespace))
        .map((namespace) => stateOf(namespace)?.uid ?? ""),
    );
    const from = clock.elapsed();
    const wasHeldBefore = held();
    which = to;
    if (to === "many less") holds.push({ what: { members }, from, until: Infinity });
    else if (wasHeldBefore) {
      const reported = wasHeld.at(-1);
      if (reported) reported.until = from;
    }
    await change({ namespaces: selectionField(ofA[to]) }, ofA[to]);
    if (to === "many less") {
      await soon("the removal of many is held", tellsHold);
      wasHeld = [...wasHeld, { at: clock.elapsed(), until: Infinity }];
    } else if (wasHeldBefore) unhold();
  };

  /** As the condition says, which may come a moment later, and once more where more are held by then. */
  const allow = async (): Promise<void> => {
    if (!held()) return;
    let last: string | undefined;
    const isAllowed = async (): Promise<boolean> => {
      const { message = "" } = conditionOf(newest("a"), "RemovalHeld") ?? {};
      const command = /allow-removal=(\S+)/.exec(message)?.[1];
      if (command === undefined || command === last) return last !== undefined && !tellsHold() && !stage.restarting();
      const reported = wasHeld.at(-1);
      if (reported) reported.until = clock.elapsed();
      last = command;
      confirmed = true;
      await admin.patch(`${credentialsPath}/${named("a")}`, {
        metadata: { annotations: { "regcred.dev/allow-removal": command } },
      });
      return false;
    };
    const what = "what was confirmed is held no longer";
    await eventually(what, isAllowed, patience).catch(() => faults.push(`in vain: ${what}`));
    unhold();
  };

  return {
    faults,
    unmet,
    begin: async () => {
      await Promise.all([...places.map((at) => stage.ownedByTenant(place(at))), ...credentialNames.map(writeSource)]);
      await Promise.all([create("a", ofA.all), create("b", ofB), create("c", ofC)]);
      await soon("everybody is served at first", () => unmet(() => false).length === 0);
    },
    perform: async (step) => {
      switch (step.act) {
        case "select":
          return await select(step.which);
        case "allow":
          return await allow();
        case "rotate":
          return await renew(step.of);
        case "suspend":
          suspended = step.on;
          return await change({ suspend: step.on }, ofA[which]);
        case "rename":
          if (held() || step.to === secretName) return;
          secretName = step.to;
          return await change({ pullSecret: { name: secretName } }, ofA[which]);
        case "replace":
          await remove("a");
          // The new one has the name of the old.
          await soon("bystanders have lost the old a", () => !bystanders.some((each) => has(each, "a", 0)));
          which = "all";
          confirmed = false;
          suspended = false;
          await create("a", ofA.all);
          await soon("bystanders are served by a new a", bystandersServed);
          return await tenantServed();
        case "restart":
          return await stage.restart(step.killed);
        case "wait":
          return await clock.sleep(seconds(1));
      }
    },
    rest: async () => {
      if (suspended) {
        suspended = false;
        await change({ suspend: false }, ofA[which]);
      }
      await renew("a", "b");
    },
    end: async () => {
      for (const name of credentialNames) await remove(name);
      await soon(
        "no bystander has anything of it",
        () => !bystanders.some((namespace) => credentialNames.some((name) => has(namespace, name, 0))),
      );
      await Promise.all(
        [named("a"), named("c"), ...ofB.include.map((namespace) => `${named("b")}-${namespace}`)].map((name) =>
          admin.remove(`/api/v1/namespaces/${operatorNamespace}/secrets/${name}`),
        ),
      );
    },
    rights: {
      selects: (credential, namespace, at) => {
        const name = credentialNames.find((each) => named(each) === credential);
        if (name) return selectedAbout(kept[name].selections, witness.namespace(namespace), at);
        // The canary's own namespaces, and what another history gives to the bystanders.
        return credential === "canary" ? namespace.startsWith("canary-") : bystanders.includes(namespace);
      },
      held: (credential, namespace, at) =>
        credential === named("a") &&
        lastingAt(holds, at).some(({ members }) =>
          lastingAt(witness.namespace(namespace), at).some(({ uid }) => members.has(uid)),
        ),
      vanishing: (namespace, at) => vanishingAbout(witness.namespace(namespace), at),
    },
    holdFaults: () =>
      witness.credential(named("a")).flatMap(({ at, object, gone }) => {
        const reported = !gone && conditionOf(object, "RemovalHeld")?.status === "True";
        const right = holds.some(({ from, until }) => from <= at && at <= until + slack);
        const wanted = !gone && wasHeld.some((hold) => hold.at < at && at < hold.until);
        if (reported && !right) return ["a told of a hold that was none"];
        return !reported && wanted ? ["a told of no hold while one lasted"] : [];
      }),
  };
}

/** What an administrator does to a tenant who holds something up: its finalizers go, and its Secrets of our names. */
export async function release({ world, admin, witness }: Stage, prefix: string): Promise<void> {
  for (const { metadata } of await world.admin.list("/api/v1/namespaces")) {
    if (!metadata.name.startsWith(`${prefix}-`)) continue;
    for (const kind of ["secrets", "serviceaccounts"]) {
      const path = `/api/v1/namespaces/${metadata.name}/${kind}`;
      for (const object of await world.admin.list(path)) {
        if ((object.metadata.finalizers ?? []).length === 0) continue;
        witness.claimDeletion(object.metadata.uid);
        await admin.patch(`${path}/${object.metadata.name}`, { metadata: { finalizers: null } }).catch(() => undefined);
      }
    }
    for (const name of pullSecretNames) await admin.remove(`/api/v1/namespaces/${metadata.name}/secrets/${name}`);
  }
}
