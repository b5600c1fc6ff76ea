// The faults that are a story, step by step, and what a person does about those that no command fixes.
import { systemClock } from "../../src/runtime/clock.ts";
import { type Acts, type Draft, frozenLabel, login, refusesSecrets, type Stage } from "./explain-stage.ts";
import { credentialsPath, eventually, operatorNamespace } from "./test-env.ts";

/** A login that the registry knows for a while only. */
export const shortLived = { username: "bea", password: "short-lived-password" };

/** The references of the namespace go, then its Secret; that of a second namespace may not be deleted. */
export async function deletedButHeld({ namespace, credential, beside }: Draft, { world }: Acts): Promise<void> {
  const held = `${namespace}-held`;
  beside.push(held);
  await world.namespaces([held]);
  await eventually("the second one is served", async () => (await world.secret(held)) !== undefined);
  await world.admin.patch(`/api/v1/namespaces/${held}`, { metadata: { labels: { [frozenLabel]: "yes" } } });
  await refusesSecrets(world, held);
  await world.admin.remove(`${credentialsPath}/${credential}`);
  await eventually(
    "it waits",
    async () =>
      (await world.condition(credential, "DrainBlocked")) !== undefined &&
      (await world.secret(namespace)) === undefined,
  );
}

/** The operator has written when the login ends, and something keeps it from taking the login off then. */
export function endedInPlace(draft: Draft, prevent: (acts: Acts) => Promise<void>): void {
  if (draft.source) draft.source.stringData = { ...shortLived };
  const source = `/api/v1/namespaces/${operatorNamespace}/secrets/source-${draft.credential.split("-")[1]}`;
  draft.later = async (acts) => {
    const { world, registry } = acts;
    const known = [login, shortLived].map(({ username: name, password }) => ({ name, password }));
    await registry.setUsers(known);
    await eventually("it can pull", () => acts.pulls());
    const end = world.now().add({ minutes: 1 });
    await world.admin.patch(source, { metadata: { annotations: { "regcred.dev/expires-at": end.toString() } } });
    await eventually("the end is written", async () => {
      const { annotations } = (await world.secret(draft.namespace))?.metadata ?? {};
      return annotations?.["regcred.dev/entries"]?.includes("expires") === true;
    });
    await prevent(acts);
    await world.leap(end.since(world.now()));
    await registry.setUsers(known.slice(0, 1));
  };
}

/** What a person does where the advice is no whole command, by reason. */
export function byHand(
  { world, operator }: Pick<Acts, "world" | "operator">,
  { draft }: Stage,
): Readonly<Record<string, () => Promise<unknown>>> {
  const { admin } = world;
  const namespace = `/api/v1/namespaces/${draft.namespace}`;
  /** Nothing tells the operator that the API server would take the write now, and a test does not wait half a minute. */
  const retried = (reason: string): Promise<void> =>
    eventually(`${reason} is over`, async () => {
      await admin.patch(namespace, { metadata: { annotations: { touched: systemClock().now().toString() } } });
      const { failures = [] } = await world.status(draft.credential);
      return failures.every((failure) => failure.reason !== reason);
    });
  const source = `/api/v1/namespaces/${operatorNamespace}/secrets/source-${draft.credential.split("-")[1]}`;
  const newSource = async (): Promise<void> => {
    await admin.remove(source);
    await world.source(source.split("/").at(-1) ?? "", login);
  };
  return {
    SourceInvalid: newSource,
    HostMissing: newSource,
    SourceExpired: newSource,
    VerificationDenied: newSource,
    QuotaExceeded: async () => {
      await admin.patch(`${namespace}/resourcequotas/small`, { spec: { hard: { "count/secrets": "5" } } });
      await retried("QuotaExceeded");
    },
    AdmissionDenied: async () => {
      await admin.patch(namespace, { metadata: { labels: { [frozenLabel]: null } } });
      await retried("AdmissionDenied");
    },
    NoEntry: async () => {
      if (!(await admin.get(`${credentialsPath}/${draft.credential}`)))
        await world.credential(draft.credential, draft.spec);
    },
    Progressing: () => operator.start(),
    // The list is left out of the pod's template; the pod is deleted by the command.
    OtherReferences: async () => delete draft.podSpec["imagePullSecrets"],
  };
}
