// What text do these contributions make, rendered once for every namespace that shares them?
import { type Content, contentOf } from "./plan-content.ts";
import { dockerConfigKey } from "./plan-types.ts";
import type { Context } from "../context.ts";
import type { Contributions } from "./contributions.ts";
import { encoded } from "./wire.ts";

export interface Rendered {
  readonly content: Content;
  /** Of the Secret's data; undefined where there is no text. */
  readonly digest: string | undefined;
  /** Base64 of the text; empty where there is none. */
  readonly encodedConfig: string;
}

// One for each tenant that has a token of its own, so a bound by count; the oldest goes first.
const maxKept = 512;

export type RenderContent = (context: Context, contributions: Contributions) => Rendered;

export function contentRenderer(): RenderContent {
  const kept = new Map<string, Rendered>();
  return ({ clock, digest }, { signature, contributions }) => {
    const known = kept.get(signature);
    if (known) return known;
    const content = contentOf(contributions, clock.now());
    const encodedConfig = content.text === undefined ? "" : encoded(content.text);
    const rendered = {
      content,
      encodedConfig,
      digest: content.text === undefined ? undefined : digest({ [dockerConfigKey]: encodedConfig }),
    };
    kept.set(signature, rendered);
    const oldest = kept.keys().next().value;
    if (kept.size > maxKept && oldest !== undefined) kept.delete(oldest);
    return rendered;
  };
}
