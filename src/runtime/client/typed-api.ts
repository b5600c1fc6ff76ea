// client-node's typed API classes over our own transport.
import {
  AuthorizationV1Api,
  createConfiguration,
  HttpException,
  ResponseContext,
  ServerConfiguration,
  wrapHttpLibrary,
} from "@kubernetes/client-node";
import { malformed } from "./api-error.ts";
import type { ApiRequest, Transport } from "./transport.ts";

export interface TypedApi {
  readonly authorization: AuthorizationV1Api;
}

/**
 * Generated classes for calls that are rare enough to pay for their models; they keep known fields only, so nothing that was read
 * through them may be written back. Credentials, deadlines, retries, metrics and errors (ApiError) are the transport's.
 */
export function typedApi(transport: Transport): TypedApi {
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(placeholder, {}),
    httpApi: wrapHttpLibrary({
      send: async (context) => {
        const { pathname, searchParams } = new URL(context.getUrl());
        const body: unknown = context.getBody();
        if (body !== undefined && typeof body !== "string") throw new HttpException("only JSON bodies are sent");
        const headers = context.getHeaders();
        const answer = await transport.request({
          method: methodFrom(context.getHttpMethod()),
          path: pathname,
          query: Object.fromEntries(searchParams),
          body,
          contentType: headers["Content-Type"],
          signal: context.getSignal(),
        });
        // A proxy may answer with a page for people, and the classes throw whatever JSON.parse does.
        const value = answer.json();
        if (typeof value !== "object" || value === null) throw malformed("the API server's answer is no object");
        const { status, headers: answered, text } = answer;
        const flat = Object.entries(answered).map(([name, value]) => [name, String(value)] as const);
        return new ResponseContext(status, Object.fromEntries(flat), {
          text: () => Promise.resolve(text),
          binary: () => Promise.resolve(Buffer.from(text)),
          stream: () => null,
        });
      },
    }),
  });
  return {
    authorization: new AuthorizationV1Api(configuration),
  };
}

// The classes insist on a whole URL; only its path and query travel on, the transport knows the server.
const placeholder = "https://kubernetes.invalid";

function methodFrom(method: string): ApiRequest["method"] {
  switch (method) {
    case "GET":
    case "POST":
    case "PUT":
    case "PATCH":
    case "DELETE":
      return method;
    default:
      throw new HttpException(`${method} is not spoken`);
  }
}
