// The request handler of the AWS SDK's clients, over the guarded network. The shapes are those of @smithy/types (HttpRequest,
// HttpResponse, RequestHandler), written out because an SDK's packages belong to one provider's file.
import { anySignal, methodOf, type AbortSignalLike, type AdapterOptions } from "./sdk-adapters.ts";
import type { Http, HttpCall } from "./http.ts";

/** HttpRequest: the SDK's endpoint and path, with the query apart. */
interface AwsRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  // oxlint-disable-next-line typescript/no-explicit-any -- the SDK's own type; a method's parameter may not be narrower
  readonly body?: any;
}

interface AwsResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

export interface AwsRequestHandler {
  handle(
    request: AwsRequest,
    options?: { readonly abortSignal?: AbortSignalLike },
  ): Promise<{ readonly response: AwsResponse }>;
  readonly metadata: { readonly handlerProtocol: string };
  /** Nothing to close: the sockets are shared. */
  destroy(): void;
  /** The SDK may offer settings; there are none. */
  updateHttpClientConfig(): void;
  httpHandlerConfigs(): Record<string, never>;
}

/** Give it as `requestHandler` to every client, also in `clientConfig` of those that the SDK makes by itself. */
export function awsRequestHandler(http: Http, { ca, signal }: AdapterOptions = {}): AwsRequestHandler {
  return {
    handle: async (request, { abortSignal } = {}) => {
      const call: HttpCall = {
        method: methodOf(request.method),
        url: urlOf(request),
        headers: request.headers,
        ...(request.body === undefined ? {} : { body: bodyOf(request.body) }),
        ...(ca === undefined ? {} : { ca }),
      };
      const { status, headers, text } = await http(call, anySignal(signal, abortSignal));
      return { response: { statusCode: status, headers: { ...headers }, body: new TextEncoder().encode(text) } };
    },
    metadata: { handlerProtocol: "http/1.1" },
    destroy: () => undefined,
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}

function urlOf({ protocol, hostname, port, path, query = {} }: AwsRequest): string {
  const parameters = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((one) => (one === null ? escaped(name) : `${escaped(name)}=${escaped(one)}`)),
  );
  const search = parameters.length === 0 ? "" : `?${parameters.join("&")}`;
  return `${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}${search}`;
}

// The signature covers the query in this spelling: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
function escaped(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function bodyOf(body: unknown): string | Uint8Array {
  if (typeof body === "string" || body instanceof Uint8Array) return body;
  throw new TypeError("the AWS SDK sends a body that is neither text nor bytes");
}
