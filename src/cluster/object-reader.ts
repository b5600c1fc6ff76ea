// Reads objects of any kind for a command, whole or their metadata only.
import { limits } from "./object-limits.ts";
import { type Shape, whole } from "../runtime/client/shape.ts";
import { ApiError } from "../runtime/client/api-error.ts";
import { pageReader } from "../runtime/client/bounded-json.ts";
import { partial } from "../runtime/client/list-watch.ts";
import type { Resource } from "./resources.ts";
import { resourcePath } from "../runtime/client/resource-path.ts";
import type { Transport } from "../runtime/client/transport.ts";

export interface Place {
  readonly namespace?: string;
  readonly name: string;
}

export interface Listing {
  /** Left out: of all namespaces. */
  readonly namespace?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface ObjectReader {
  /** Undefined where it, or its namespace, is not there. Rejects with ApiError. */
  get(kind: Resource, place: Place): Promise<unknown>;
  /** Without spec, status and data: a Secret's content does not leave the API server. */
  getMetadata(kind: Resource, place: Place): Promise<unknown>;
  /** All of them, however many pages that takes. */
  list(kind: Resource, listing?: Listing): Promise<readonly unknown[]>;
  listMetadata(kind: Resource, listing?: Listing): Promise<readonly unknown[]>;
}

// https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks: as kubectl does.
const pageSize = 500;
const listDeadline = Temporal.Duration.from({ seconds: 60 });

/** A person looks at it, so as it is: no object is larger. */
const anything = (): Shape => whole(limits.administrators);

export function objectReader(transport: Transport): ObjectReader {
  const get = async (kind: Resource, place: Place, accept?: string): Promise<unknown> => {
    try {
      return (await transport.request({ method: "GET", path: resourcePath({ ...kind, ...place }), accept })).json();
    } catch (error) {
      if (error instanceof ApiError && (error.kind === "notFound" || error.kind === "namespaceNotFound"))
        return undefined;
      throw error;
    }
  };
  const list = async (
    kind: Resource,
    { namespace, ...selectors }: Listing = {},
    accept?: string,
  ): Promise<readonly unknown[]> => {
    const found: unknown[] = [];
    let next: string | undefined;
    do {
      let items: unknown[] = [];
      const answer = await transport.request({
        method: "GET",
        path: resourcePath({ ...kind, namespace }),
        query: { ...selectors, limit: pageSize, continue: next },
        accept,
        deadline: listDeadline,
        // One item after the other: a page of the largest objects is longer than any text may be.
        reader: () => {
          items = [];
          return pageReader(anything, (item) => items.push(item));
        },
      });
      for (const item of items) found.push(item);
      const page = answer.json() as { readonly metadata?: { readonly continue?: string } };
      next = page.metadata?.continue || undefined;
    } while (next !== undefined);
    return found;
  };
  return {
    get: (kind, place) => get(kind, place),
    getMetadata: (kind, place) => get(kind, place, partial("PartialObjectMetadata")),
    list: (kind, listing) => list(kind, listing),
    listMetadata: (kind, listing) => list(kind, listing, partial("PartialObjectMetadataList")),
  };
}
