// Tries to pull with what a tenant really has. Each login is tried, as a kubelet would.
import { quotedText } from "../../runtime/foreign-text.ts";
import { resources } from "../../cluster/resources.ts";
import { referencesOf, type ExplainInput } from "../explain/input.ts";
import { isObjectName } from "../../cluster/object-name.ts";
import { dockerConfigKey, parseDockerConfig } from "../../registry/docker-config.ts";
import { allowedHosts } from "../../providers/http/allow-list.ts";
import { privateHosts } from "../../providers/http/host-globs.ts";
import { guardedHttp } from "../../providers/http/guarded-http.ts";
import { textOfBase64 } from "../../runtime/base64.ts";
import { configKey } from "../../registry/host.ts";
import { parseImageReference } from "../../registry/image-reference.ts";
import { loginsFor } from "../../registry/kubelet-match.ts";
import type { Login } from "../../registry/login.ts";
import { type Exchange, pullCheck } from "../../registry/pull-check.ts";
import { type Command, commandText, kubectl } from "../../runtime/steps.ts";
import type { Action } from "../cluster-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { noSuchPod } from "../explain/explain-text.ts";
import { readInput, subjectFrom } from "../explain/read-input.ts";
import type { Session } from "../session.ts";
import { wrapped } from "../terminal/layout.ts";
import { entriesNaming } from "./named-host.ts";

interface Tried {
  readonly image: string;
  readonly answer: "yes" | "no" | "unknown";
  readonly why: string;
}

interface Held {
  readonly secret: string;
  readonly login: Login;
}

// A sound list has a handful.
const maxSecrets = 100;
const codes = { yes: exitCodes.succeeded, no: exitCodes.no, unknown: exitCodes.unknown } as const;
const styles = { yes: "green", no: "red", unknown: "yellow" } as const;

export const verifyPulls: Action = async (session, [namespace = "", who], { image }) => {
  const { out } = session;
  const subject = subjectFrom(namespace, who);
  const images = (image ?? []) as readonly string[];
  const input = await readInput(session, subject, { readSecrets: false, images });
  if (!input) {
    out.write(noSuchPod(namespace, subject.pod));
    return exitCodes.no;
  }
  if (input.images.length === 0) {
    out.write(
      `UNKNOWN: no pod of ServiceAccount ${namespace}/${subject.serviceAccount} names an image: name one with --image.\n`,
    );
    return exitCodes.unknown;
  }
  const held = await heldLogins(session, namespace, referencesOf(input) ?? []);
  const tried: Tried[] = [];
  for (const each of new Set(input.images)) tried.push(await tryImage(session, input, each, held));
  for (const { image: name, answer, why } of tried) {
    const shown = parseImageReference(name).ok ? name : quotedText(name);
    for (const [index, line] of wrapped(`${answer.toUpperCase()}: ${shown}: ${why}`, out.width).entries()) {
      out.write(`${index === 0 ? out.paint(styles[answer], line) : line}\n`);
    }
  }
  const worst = (["no", "unknown", "yes"] as const).find((answer) => tried.some((each) => each.answer === answer));
  return codes[worst ?? "unknown"];
};

/** The logins of all Secrets that are referred to, with their keys, in this order. */
async function heldLogins(
  { objects }: Session,
  namespace: string,
  names: readonly string[],
): Promise<readonly (readonly [string, Held])[]> {
  const found: (readonly [string, Held])[] = [];
  for (const secret of names.filter(isObjectName).slice(0, maxSecrets)) {
    const raw = (await objects.get(resources.secrets, { namespace, name: secret })) as
      | { readonly data?: Readonly<Record<string, string>> }
      | undefined;
    const parsed = parseDockerConfig(textOfBase64(raw?.data?.[dockerConfigKey] ?? "") ?? "", "dockerconfigjson");
    if (!parsed.ok) continue;
    for (const [host, login] of parsed.logins) found.push([configKey(host), { secret, login }]);
  }
  return found;
}

function explainCommand({ namespaceName, pod, serviceAccountName }: ExplainInput): Command {
  return kubectl`regcred explain ${namespaceName} ${pod ? `pod/${pod.name}` : serviceAccountName}`;
}

async function tryImage(
  session: Session,
  input: ExplainInput,
  image: string,
  held: readonly (readonly [string, Held])[],
): Promise<Tried> {
  const logins = loginsFor(image, held);
  const parsed = parseImageReference(image);
  if (!parsed.ok) return { image, answer: "no", why: `the image reference ${parsed.problem}` };
  if (logins.length === 0) {
    return {
      image,
      answer: "no",
      why: `no Secret has a login for ${parsed.image.domain}; ${commandText(explainCommand(input))} says why`,
    };
  }
  const { domain } = parsed.image;
  const entries = await entriesNaming(image, input, session.objects);
  if (entries.length === 0) {
    return {
      image,
      answer: "unknown",
      why: `no entry that serves the namespace, of the RegistryCredentials and sources that you may read, names ${domain}, so nothing was sent to it`,
    };
  }
  const tokenServers = entries.flatMap((entry) => entry.tokenServers ?? []);
  const scheme = isLoopback(domain) ? "http" : "https";
  const hasPort = /:\d+$/.test(domain);
  const network = guardedHttp({
    // A tenant has written the image's name, and this machine reaches what the tenant does not.
    allowed: allowedHosts([hasPort || scheme === "https" ? domain : `${domain}:80`, ...tokenServers]),
    privateAllowed: privateHosts(session.config.allowedPrivateHosts),
    plainAllowed: isLoopback,
    environment: session.config.environment,
    clock: session.clock,
  });
  const exchange: Exchange = (call, signal) => network.http(call, signal);
  const denials: string[] = [];
  try {
    for (const { secret, login } of logins) {
      const { verification, detail = "" } = await pullCheck(
        image,
        login,
        { exchange, scheme, tokenServers },
        session.signal,
      );
      const by = `with the login of ${quotedText(login.username)} in the Secret ${secret}`;
      if (verification === "Verified") return { image, answer: "yes", why: `pulled its manifest ${by}` };
      if (verification !== "Denied") return { image, answer: "unknown", why: `${by}: ${detail || verification}` };
      denials.push(`${by}: ${detail}`);
    }
    return { image, answer: "no", why: denials.join("; ") };
  } finally {
    await network.close();
  }
}

/** Runtimes speak to a registry on this machine without TLS: github.com/containerd/containerd, core/remotes/docker, MatchLocalhost. */
function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|::1)(?::\d+)?$/.test(host);
}
