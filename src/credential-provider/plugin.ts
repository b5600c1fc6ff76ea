// One run of the credential provider: a request of the kubelet in, an answer or the reasons why there is none out.
import type { Clock } from "../runtime/clock.ts";
import { OperatorError } from "../runtime/errors.ts";
import { aborted } from "../runtime/aborted.ts";
import { oneLine } from "../runtime/foreign-text.ts";
import type { Environment } from "../config/config.ts";
import type { Endpoints } from "../providers/endpoints.ts";
import { isFailure } from "../providers/grant.ts";
import { grantKeyText } from "../providers/grant-key.ts";
import type { Grant } from "../providers/index.ts";
import { loginAt } from "../registry/host.ts";
import type { NewToken } from "../cluster/token.ts";
import { answerOf, type FoundLogin, type ProviderAnswer } from "./answer.ts";
import { type Choice, choicesFor } from "./choices.ts";
import { type Handed, type LoginSource, loginSource } from "./login-source.ts";
import { type NodeFile, type NodeFileResult, parseNodeFile } from "./node-file.ts";
import { podAccount } from "./pod-account.ts";
import type { PrivateFiles } from "./private-files.ts";
import { parseRequest, type ProviderRequest } from "./request.ts";

export interface PluginOptions {
  /** Path of the file. */
  readonly config: string;
  /** Path of the folder in which its Secrets lie. */
  readonly secrets: string;
  readonly files: PrivateFiles;
  /** All of standard input. */
  readonly input: () => Promise<string>;
  readonly clock: Clock;
  readonly environment: Environment;
  readonly endpoints: Endpoints;
  /** Reads YAML; throws where it is none. */
  readonly parse: (text: string) => Promise<unknown>;
  /** For tests: from where the logins come. */
  readonly logins?: (handed: Handed | undefined) => LoginSource;
}

export interface PluginResult {
  /** Undefined: it has failed, and the kubelet is told so. */
  readonly answer: ProviderAnswer | undefined;
  /** For standard error: what failed, and what was left out, with the fix. No secret is in them. */
  readonly notes: readonly string[];
}

// The kubelet ends a plugin after a minute, and then knows no reason: k8s.io/kubernetes pkg/credentialprovider/plugin,
// pluginExecTimeout. A pod waits for as long, also where another entry has answered.
const deadline = Temporal.Duration.from({ seconds: 30 });

interface Ending {
  /** Aborts when the time is over. */
  readonly signal: AbortSignal;
  /** Rejects then; `who` completes "no answer within 30 s from". */
  readonly late: (who: string) => Promise<never>;
}

/** Never rejects, and ends within the deadline whatever a cloud or the kubelet does. */
export async function runPlugin(options: PluginOptions): Promise<PluginResult> {
  const over = new AbortController();
  const cancel = options.clock.schedule(deadline, () => over.abort());
  const late = async (who: string): Promise<never> => {
    await aborted(over.signal).catch(() => undefined);
    throw new Late(`no answer within ${deadline.total("seconds")} s from ${who}`);
  };
  try {
    return await answered(options, { signal: over.signal, late });
  } catch (error) {
    return failed([reasonOf(error)]);
  } finally {
    cancel();
  }
}

class Late extends Error {
  override readonly name = "Late";
}

function failed(notes: readonly string[]): PluginResult {
  return { answer: undefined, notes };
}

async function answered(options: PluginOptions, ending: Ending): Promise<PluginResult> {
  const { clock, config } = options;
  const silent = ending.late("standard input, to which the kubelet writes its request");
  const read = parseRequest(await Promise.race([options.input(), silent]));
  if (!read.ok) return failed([read.problem]);
  const { request } = read;
  const parsed = await fileOf(options);
  if (!parsed.ok) return failed(parsed.problems.map((problem) => `${config}: ${problem}`));
  const { file } = parsed;
  const handed = handedOver(request, file, { config, now: clock.now() });
  if (typeof handed === "string") return failed([handed]);
  const { chosen, passedOver } = choicesFor(request, file, { account: handed?.account, secrets: options.secrets });
  const entries = file.entries.map(({ entry }) => entry);
  const source =
    options.logins?.(handed) ??
    loginSource({ ...options, secret: (name) => options.files.secret(name), entries, handed });
  const outcomes = await outcomesOf(chosen, source, ending);
  const found = outcomes.filter((each) => typeof each !== "string");
  const failures = outcomes.filter((each) => typeof each === "string");
  const notes = [...failures, ...passedOver];
  if (found.length === 0 && failures.length > 0) return failed(notes);
  return { answer: answerOf(found, file, { isWhole: failures.length === 0, now: clock.now() }), notes };
}

async function fileOf({ files, config, parse }: PluginOptions): Promise<NodeFileResult> {
  const text = files.text(config);
  let raw: unknown;
  try {
    raw = await parse(text);
  } catch (error) {
    return { ok: false, problems: [`this is no YAML: ${oneLine(error instanceof Error ? error.message : "")}`] };
  }
  return parseNodeFile(raw);
}

/** What is known of the pod; undefined where the file serves the node itself; a text says what is wrong. */
function handedOver(
  { token }: ProviderRequest,
  { name, audience }: NodeFile,
  { config, now }: { readonly config: string; readonly now: Temporal.Instant },
): Handed | string | undefined {
  if (audience === undefined) {
    // Whoever has asked for tokens means pods to decide; the node's own login would go to each of them.
    return token === undefined
      ? undefined
      : `the kubelet has sent a ServiceAccount token, and ${config} serves the node itself: write serviceAccountToken.audience into it, or remove tokenAttributes of ${name} in the kubelet's CredentialProviderConfig`;
  }
  if (token === undefined) {
    return `the kubelet has sent no ServiceAccount token, which ${config} wants: write tokenAttributes with serviceAccountTokenAudience: ${audience} for ${name} in the kubelet's CredentialProviderConfig (Kubernetes 1.34 or later)`;
  }
  const read = podAccount(token.reveal(), audience, now);
  if (!read.ok) return `the ServiceAccount token of the request ${read.problem}`;
  return { account: read.account, token, audience };
}

/** A text for each that failed; one's trouble is not the others'. */
async function outcomesOf(
  chosen: readonly Choice[],
  source: LoginSource,
  { signal, late }: Ending,
): Promise<readonly (FoundLogin | string)[]> {
  const asked = new Map<string, Promise<NewToken>>();
  const mint = (grant: Grant): Promise<NewToken> => {
    const key = grantKeyText(grant);
    const asking = asked.get(key) ?? source.fetch(grant, signal);
    asked.set(key, asking);
    return asking;
  };
  try {
    return await Promise.all(
      chosen.map(async ({ name, host, grant }) => {
        if (isFailure(grant)) return `entry ${name}: ${grant.message}`;
        try {
          const { logins, expiresAt } = await Promise.race([mint(grant), late("its cloud")]);
          const login = "all" in logins ? logins.all : loginAt(logins.byHost, host);
          return login ? { host, login, expiresAt } : `entry ${name}: its source has no login for ${host}: add one`;
        } catch (error) {
          return `entry ${name}: ${reasonOf(error)}`;
        }
      }),
    );
  } finally {
    // Not waited for: the process ends.
    source.close().catch(() => undefined);
  }
}

/** An error that is not ours may quote what was sent or received. */
function reasonOf(error: unknown): string {
  if (error instanceof OperatorError) return error.message;
  if (error instanceof Late || (error instanceof Error && error.name === "NetworkError")) return error.message;
  return `it failed unexpectedly (${error instanceof Error ? error.name : typeof error}): report that`;
}
