// How is a token written, over the version of its Secret that is known?
import { managedBy, managedByLabel, tokenSecretType } from "../../api/names.ts";
import type { Token } from "../../cluster/token.ts";
import type { Minted } from "../../cluster/token.ts";
import type { Context } from "../context.ts";
import { tokenSecretName } from "./grant-tracker.ts";
import { tokenToData } from "../../cluster/token-wire.ts";

export async function storeToken(
  context: Context,
  minted: Minted,
  token: Pick<Token, "grantKey" | "fingerprint" | "refreshes" | "state" | "formers">,
  signal: AbortSignal,
): Promise<void> {
  const { api, settings, stores, transforms, tokens } = context;
  const { namespace } = settings;
  const name = tokenSecretName(token.grantKey);
  const before = stores.operatorSecrets.get(`${namespace}/${name}`);
  tokens.forgetCeased(token.grantKey);
  const body = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      namespace,
      name,
      labels: { [managedByLabel]: managedBy },
      ...(before && { resourceVersion: before.resourceVersion }),
    },
    type: tokenSecretType,
    data: tokenToData(minted, { ...token, makers: tokens.makers(token.grantKey) }),
  };
  const written = before
    ? await api.replaceSecret(namespace, name, body, signal)
    : await api.createSecret(namespace, body, signal);
  const record = transforms.operatorSecret(written);
  if (record) stores.operatorSecrets.wrote(record);
}
