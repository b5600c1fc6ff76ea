// Makes tokens of moto live, which lets all of them end in 2015. Whatever else is asked and answered passes as it is.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { request } from "undici";

export interface EcrRelay {
  readonly url: string;
  /** `GetAuthorizationToken`, `AssumeRole` ..., each with the status of its answer, in order. */
  readonly calls: readonly { readonly operation: string; readonly status: number }[];
  stop(): Promise<void>;
}

interface TokenAnswer {
  readonly authorizationData: readonly object[];
}

/** @param now by which clock a token of ECR's begins; it lives for twelve hours, as AWS's do */
export async function ecrRelay(target: string, now: () => Temporal.Instant): Promise<EcrRelay> {
  const calls: { operation: string; status: number }[] = [];
  const server = createServer((asked, answer) => {
    const passed = async (): Promise<void> => {
      const body = await buffer(asked);
      const operation = operationOf(asked.headers["x-amz-target"], body.toString());
      const {
        statusCode: status,
        headers,
        body: answered,
      } = await request(`${target}${asked.url}`, {
        method: "POST",
        // With `host` as it is, which is signed.
        headers: Object.fromEntries(
          Object.entries(asked.headers).flatMap(([name, value]) =>
            name === "connection" || value === undefined ? [] : [[name, String(value)]],
          ),
        ),
        body,
      });
      const text = await answered.text();
      calls.push({ operation, status });
      const type = String(headers["content-type"]);
      answer.writeHead(status, { "content-type": type });
      answer.end(operation === "GetAuthorizationToken" && status === 200 ? alive(text, now()) : text);
    };
    passed().catch((error: unknown) => answer.destroy(error as Error));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function operationOf(target: unknown, body: string): string {
  return typeof target === "string" ? target.replace(/^.*\./, "") : (new URLSearchParams(body).get("Action") ?? "");
}

function alive(text: string, now: Temporal.Instant): string {
  const { authorizationData } = JSON.parse(text) as TokenAnswer;
  const expiresAt = now.add({ hours: 12 }).epochMilliseconds / 1000;
  return JSON.stringify({ authorizationData: authorizationData.map((each) => ({ ...each, expiresAt })) });
}
