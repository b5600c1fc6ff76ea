// The annotations by which clouds tie a ServiceAccount to an identity of theirs; apart from names.ts, which providers read.
import { providers } from "../providers/index.ts";

/** No other annotation of a ServiceAccount is kept for a provider. */
export const cloudAnnotations: readonly string[] = providers.flatMap(({ annotations }) => annotations);
