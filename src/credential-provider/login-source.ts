// Gets the login of a grant on a node: loads the one provider that is asked for, and gives it what it needs of the node.
import type { Clock } from "../runtime/clock.ts";
import { failure } from "../api/reasons.ts";
import { OperatorError } from "../runtime/errors.ts";
import type { Redacted } from "../runtime/redacted.ts";
import type { Environment } from "../config/config.ts";
import type { NewToken } from "../cluster/token.ts";
import type { OperatorSecretRecord } from "../cluster/records.ts";
import { audienceProblem } from "../providers/audiences.ts";
import { caCertificates } from "../providers/ca-certificates.ts";
import { type Endpoints, originsOf } from "../providers/endpoints.ts";
import type { Entry, Grant } from "../providers/index.ts";
import { providers } from "../providers/index.ts";
import type { IdentitySource } from "../providers/identity-source.ts";
import { kindOf } from "../providers/kinds.ts";
import type { FetchOptions, Provider } from "../providers/provider.ts";
import type { PodAccount } from "./pod-account.ts";

export interface Handed {
  readonly account: PodAccount;
  readonly token: Redacted;
  readonly audience: string;
}

export interface LoginSourceOptions {
  readonly clock: Clock;
  readonly environment: Environment;
  readonly endpoints: Endpoints;
  /** The folder of the Secrets. */
  readonly secrets: string;
  /** Throws OperatorError. */
  readonly secret: (name: string) => OperatorSecretRecord;
  /** All of the file: whoever writes it names the token endpoints. */
  readonly entries: readonly Entry[];
  /** What the kubelet has handed over of the pod's ServiceAccount; undefined where the file serves the node itself. */
  readonly handed: Handed | undefined;
}

export interface LoginSource {
  /** One attempt. Throws OperatorError, or NetworkError where there was no answer. */
  fetch(grant: Grant, signal: AbortSignal): Promise<NewToken>;
  /** Cuts calls under way. */
  close(): Promise<void>;
}

export function loginSource(options: LoginSourceOptions): LoginSource {
  const { secrets } = options;
  const secret = secretBy(options);
  const sources = { clock: options.clock, secret, operatorNamespace: secrets, sourceNamespaces: [] };
  const closing: (() => Promise<void>)[] = [];
  return {
    fetch: async (grant, signal) => {
      const { provider, registries, authority } = kindOf(providers, grant.provider);
      const { fetchers } = (await provider.load()) as {
        fetchers: Record<string, (given: FetchOptions) => Provider>;
      };
      const fetcher = fetchers[grant.provider];
      if (!fetcher) throw new TypeError(`nobody mints for ${grant.provider}`);
      // A kept login needs no network, and so nothing of it is loaded.
      if (!authority) return fetcher(sources as never).fetch(grant, signal);
      const network = await networkOf(options);
      closing.push(() => network.close());
      return fetcher({
        ...sources,
        identities: identitiesOf(options),
        ca: caCertificates(secret, secrets),
        http: registries ? network.withEndpoints : network.http,
        metadataHttp: network.withMetadata,
        environment: options.environment,
        endpoints: options.endpoints,
      }).fetch(grant, signal);
    },
    close: async () => {
      await Promise.all(closing.map((close) => close()));
    },
  };
}

async function networkOf({ clock, environment, endpoints, entries }: LoginSourceOptions) {
  const [{ allowedHosts }, { guardedHttp }] = await Promise.all([
    import("../providers/http/allow-list.ts"),
    import("../providers/http/guarded-http.ts"),
  ]);
  const named = entries.flatMap((entry) =>
    entry.provider === "TokenExchange" ? [new URL(entry.tokenExchange.url)] : [],
  );
  const hosts = new Set(named.map(({ hostname }) => hostname));
  return guardedHttp({
    allowed: allowedHosts(named.map(({ hostname, port }) => (port === "" ? hostname : `${hostname}:${port}`))),
    // Who may write the file is root on this machine, and names the endpoint itself: it may be one of a private network.
    privateAllowed: (host) => hosts.has(host),
    led: originsOf(endpoints),
    environment,
    clock,
  });
}

/** By the path of its folder. */
function secretBy({ secret, secrets }: LoginSourceOptions): (key: string) => OperatorSecretRecord {
  return (key) => ({ ...secret(key.slice(key.lastIndexOf("/") + 1)), namespace: secrets, key });
}

/** The keys in files, and of ServiceAccounts the one token that there is. */
function identitiesOf({ secret, handed }: LoginSourceOptions): IdentitySource {
  return {
    secretValues: ({ name }) => {
      const record = secret(name);
      return record.kind === "source" ? (record.values ?? {}) : {};
    },
    serviceAccountToken: async ({ namespace, name, uid }, audience) => {
      const { account } = handed ?? {};
      if (!handed || account?.namespace !== namespace || account.name !== name || account.uid !== uid) {
        throw new TypeError("a token is asked for that the kubelet has not handed over");
      }
      const problem =
        audience === handed.audience
          ? audienceProblem(audience, [handed.account.issuer])
          : `the kubelet hands over tokens for ${handed.audience}, and this entry needs one for ${audience}: put it into a file of its own with serviceAccountToken.audience: ${audience}`;
      if (problem === undefined) return handed.token;
      const message = `no token of the ServiceAccount ${namespace}/${name} is used: ${problem}`;
      throw new OperatorError(failure("InvalidAudience", { message }));
    },
  };
}
