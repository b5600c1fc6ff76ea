// The HTTP client of the Azure SDK's pipelines, over the guarded network. The shapes are those of @azure/core-rest-pipeline
// (HttpClient, PipelineRequest, PipelineResponse), written out because an SDK's packages belong to one provider's file.
import { anySignal, methodOf, type AbortSignalLike, type AdapterOptions } from "./sdk-adapters.ts";
import type { Http, HttpCall } from "./http.ts";

interface AzureHeaders extends Iterable<[string, string]> {
  get(name: string): string | undefined;
  has(name: string): boolean;
  set(name: string, value: string | number | boolean): void;
  delete(name: string): void;
  toJSON(options?: { preserveCase?: boolean }): Record<string, string>;
}

interface AzureRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: AzureHeaders;
  readonly body?: unknown;
  readonly abortSignal?: AbortSignalLike;
}

interface AzureResponse<R> {
  readonly request: R;
  readonly status: number;
  readonly headers: AzureHeaders;
  readonly bodyAsText: string;
}

export interface AzureHttpClient {
  sendRequest<R extends AzureRequest>(request: R): Promise<AzureResponse<R>>;
}

/** Give it as `httpClient` to every credential. */
export function azureHttpClient(http: Http, { ca, signal }: AdapterOptions = {}): AzureHttpClient {
  return {
    sendRequest: async (request) => {
      const call: HttpCall = {
        method: methodOf(request.method),
        url: request.url,
        headers: request.headers.toJSON(),
        ...(request.body === undefined || request.body === null ? {} : { body: bodyOf(request.body) }),
        ...(ca === undefined ? {} : { ca }),
      };
      const { status, headers, text } = await http(call, anySignal(signal, request.abortSignal));
      return { request, status, headers: azureHeaders(headers), bodyAsText: text };
    },
  };
}

function azureHeaders(answered: Readonly<Record<string, string>>): AzureHeaders {
  const headers = new Headers(answered);
  return {
    get: (name) => headers.get(name) ?? undefined,
    has: (name) => headers.has(name),
    set: (name, value) => headers.set(name, String(value)),
    delete: (name) => headers.delete(name),
    toJSON: () => Object.fromEntries(headers),
    [Symbol.iterator]: () => headers[Symbol.iterator](),
  };
}

function bodyOf(body: unknown): string | Uint8Array {
  if (typeof body === "string" || body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  throw new TypeError("the Azure SDK sends a body that is neither text nor bytes");
}
