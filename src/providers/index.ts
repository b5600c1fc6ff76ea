// The list of providers: a new one is a folder, and one line here.
import { acr } from "./acr/index.ts";
import type { Definition, EntryWith } from "./definition.ts";
import { ecr } from "./ecr/index.ts";
import { google } from "./google/index.ts";
import { icr } from "./icr/index.ts";
import { ocir } from "./ocir/index.ts";
import { staticLogins } from "./static/index.ts";
import { tokenExchange } from "./token-exchange/index.ts";

/** In the order of the CRD and the reference. */
export const providers = [ecr, acr, google, ocir, icr, staticLogins, tokenExchange] as const;

type OneOf<D> =
  D extends Definition<infer Block, infer Settings, infer Grants, infer Budgets, unknown>
    ? {
        readonly entry: EntryWith<keyof Grants & string, Block, Settings>;
        readonly grant: Grants[keyof Grants];
        readonly authority: keyof Budgets & string;
      }
    : never;
type Each = OneOf<(typeof providers)[number]>;

/** One item of `spec.registries`: `provider` tells which settings are there. */
export type Entry = Each["entry"];

/**
 * An entry rendered for a namespace: all that decides which token is needed, and nothing else (no names of entries, no
 * hosts but where they are the endpoint), so that namespaces that render alike share one token.
 */
export type Grant = Each["grant"];

/** What the kinds name as their authority's kind. */
export type AuthorityKind = Each["authority"];
