// The list of controllers, and what their runs may wait for.
import type { CredentialRecord } from "../cluster/records.ts";
import { type Controllers, controllers, type Source, waitable, type Watch } from "../runtime/queue/controllers.ts";
import type { Change } from "../runtime/watch/store.ts";
import type { Context } from "./context.ts";
import { credentialController } from "./credential/controller.ts";
import { concernsNamespaces } from "./changes.ts";
import { membersController } from "./members/controller.ts";
import { textOfWaited, type Waited } from "./outcome.ts";
import { podRecoveryController } from "./pod-recovery/controller.ts";
import { pullSecretController } from "./pull-secret/controller.ts";
import { serviceAccountController } from "./service-account/controller.ts";
import { tokenController } from "./token/controller.ts";

export function regcredControllers(context: Context): Controllers {
  const { inSlices } = context.runtime;
  const { enqueue, waits } = context.queue;
  return controllers({
    inSlices,
    enqueue,
    waits,
    waitedFor: waitedFor(context),
    controllers: [
      membersController(context),
      tokenController(context),
      pullSecretController(context),
      serviceAccountController(context),
      credentialController(context),
      podRecoveryController(context),
    ],
  });
}

/** Who finds something of a RegistryCredential, or begins its record, tells that at once; all else that may be waited for is here. */
function waitedFor({ cluster: { stores }, queue: { signals } }: Context): readonly Watch<string>[] {
  const objects =
    (of: Extract<Waited, { readonly of: string }>["of"]) =>
    ({ key }: { readonly key: string }): string =>
      textOfWaited({ of, object: key });
  return [
    waitable(concerning(stores.credentials), objects("credentials")),
    waitable(stores.namespaces, objects("namespaces")),
    waitable(stores.pullSecrets, objects("pullSecrets")),
    waitable(stores.operatorSecrets, objects("operatorSecrets")),
    waitable(stores.crds, objects("crds")),
    waitable(signals.secretsCalled, ({ name }) => textOfWaited({ secretsCalled: name })),
    waitable(signals.permissions, () => textOfWaited({ permissions: "changes" })),
  ];
}

/** Not each count in a status. */
function concerning(credentials: Context["cluster"]["stores"]["credentials"]): Source<Change<CredentialRecord>> {
  return {
    subscribe: (listener) =>
      credentials.subscribe((change) => {
        if (concernsNamespaces(change.before?.credential, change.after?.credential)) listener(change);
      }),
  };
}
