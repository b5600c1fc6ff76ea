// How does a library that wants `fetch` speak through the guarded network?
import { anySignal, methodOf, type AdapterOptions } from "./adapter-options.ts";
import type { Http, HttpCall } from "./http.ts";

// Their answers have no body, and Response takes none: https://fetch.spec.whatwg.org/#null-body-status
const bodiless: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/** For oci-common, in the place of its circuit breakers. Redirects are refused, whatever is asked for. */
export function fetchImplementation(http: Http, { ca, signal }: AdapterOptions = {}): typeof fetch {
  return async (input, init) => {
    // Request knows how each kind of body and header is written. It takes no signal: its own would never let go of it.
    const request = new Request(input, { ...init, signal: null });
    const asked = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    const bytes = request.body ? new Uint8Array(await request.arrayBuffer()) : undefined;
    const call: HttpCall = {
      method: methodOf(request.method),
      url: request.url,
      headers: Object.fromEntries(request.headers),
      ...(bytes ? { body: bytes } : {}),
      ...(ca === undefined ? {} : { ca }),
    };
    const { status, headers, text } = await http(call, anySignal(signal, asked));
    return new Response(bodiless.has(status) ? null : text, { status, headers });
  };
}
