// Deletes every RegistryCredential and waits until tenants are cleaned up, as an uninstall does while the operator is still there.
import { group, plural, version } from "../../api/names.ts";
import { ApiError } from "../../runtime/client/api-error.ts";
import { resourcePath } from "../../runtime/client/resource-path.ts";
import type { Transport } from "../../runtime/client/transport.ts";
import { resources } from "../../cluster/resources.ts";
import { transformCredential } from "../../cluster/transform/credential.ts";
import type { Action } from "../cluster-command.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Session } from "../session.ts";
import { drainProgress, leftBehind } from "./drain-text.ts";

// A status is written once a second at most; who waits for an uninstall does not mind.
const interval = Temporal.Duration.from({ seconds: 1 });
const deadline = Temporal.Duration.from({ seconds: 10 });

export const drainAll: Action = async (session, _args, { timeout }) => {
  const { transport, clock, out, signal } = session;
  const limit = timeout as Temporal.Duration;
  const end = clock.elapsed() + limit.total("milliseconds");
  let before = "";
  for (;;) {
    const left = await present(session);
    if (left.length === 0) {
      out.write("Every RegistryCredential is gone: tenants are cleaned up\n");
      return exitCodes.succeeded;
    }
    // Those that were made meanwhile, too.
    await Promise.all(
      left.filter(({ deleting }) => !deleting).map((each) => deleteCredential(transport, each, signal)),
    );
    const text = drainProgress(left);
    if (text !== before) out.write(text);
    before = text;
    if (clock.elapsed() < end && (await slept(session))) continue;
    out.write(leftBehind(left));
    return exitCodes.no;
  }
};

async function present({ objects }: Pick<Session, "objects">): Promise<ReturnType<typeof transformCredential>[]> {
  try {
    return (await objects.list(resources.credentials)).map(transformCredential);
  } catch (error) {
    // The kind is not installed, so there are none.
    if (error instanceof ApiError && error.kind === "notFound") return [];
    throw error;
  }
}

/** False where a signal came first. */
function slept({ clock, signal }: Pick<Session, "clock" | "signal">): Promise<boolean> {
  return clock.sleep(interval, signal).then(
    () => true,
    () => false,
  );
}

/** No other one that has taken its name meanwhile. Resolves as well when it is gone. Its finalizer keeps it until it is drained. */
async function deleteCredential(
  transport: Transport,
  { name, uid }: { readonly name: string; readonly uid: string },
  signal: AbortSignal,
): Promise<void> {
  const path = resourcePath({ group, version, resource: plural, name });
  const body = JSON.stringify({ apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid } });
  try {
    await transport.request({ method: "DELETE", path, body, deadline, signal, idempotent: true });
  } catch (error) {
    if (!(error instanceof ApiError && (error.kind === "notFound" || error.kind === "conflict"))) throw error;
  }
}
