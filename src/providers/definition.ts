// The definition of a provider: what the index.ts of its folder must say, so that the rest of the program follows from the list.
import type { z } from "zod";
import type { EntryFields, Identity } from "../api/entry-fields.ts";
import type { Frozen } from "../api/field-schemas.ts";
import type { Rule } from "../api/rules.ts";
import type { RegistryNames } from "../registry/host-templates.ts";
import type { CloudGrant, HostGroup, KeptGrant, RenderScope } from "./grant-types.ts";

/** An entry of one provider: what every entry has, and its settings, empty ones where they may be left out. */
export type EntryWith<Kind extends string, Block extends string, Settings extends z.ZodObject> = EntryFields & {
  readonly provider: Kind;
} & { readonly [B in Block]: Frozen<z.output<Settings>> };

/** How hard one who answers may be asked for tokens, such as the services of one region. */
export interface Budget {
  /** Calls at once for one entry; four times as many for all together. */
  readonly concurrency: number;
  /** Calls begun per second, in the long run. */
  readonly perSecond: number;
  /** Calls begun at once after a rest. */
  readonly burst: number;
}

/** Of those that publish no number: what a patient person would call modest. */
export const unpublished: Budget = { concurrency: 4, perSecond: 5, burst: 20 };

/** Who answers together: if one grant's call hangs here, the next one's will. */
export interface AuthorityOf<Kind extends string> {
  /** Of clouds that share a limit; gcr.io and *.pkg.dev are one. */
  readonly kind: Kind;
  /** Unique within the kind, and told to people. */
  readonly name: string;
  /** What counts the calls, each by itself. */
  readonly counters: readonly string[];
}

/** Of each identity whether it may ask; a text is the reason why not, and what to write instead. */
export type Identities = Readonly<Record<Identity["from"], true | string>>;

/** A value of `provider` in an entry. The functions are pure. */
interface Kind<Entry, G, Authority extends string> {
  /** What the reference says of it, where its name says too little. */
  readonly about?: string;
  /** Of the cloud that runs the registries; undefined where entries name whatever hosts they like. */
  readonly registries: RegistryNames | undefined;
  /**
   * Templates of the hosts that its vendor runs beside the registries, to which credentials may be sent: token endpoints, and
   * what registries name as their realm. Never a whole domain such as *.amazonaws.com, under which customers' own servers
   * answer (S3, API Gateway, load balancers).
   */
  readonly hosts: readonly string[];
  /** The entry's hosts, split by what one token can serve. */
  readonly grants: (entry: Entry, scope: RenderScope) => readonly HostGroup<G>[];
  /** Whom one asks for the token of a grant; undefined where nobody is asked, because what is wanted is in memory. */
  readonly authority: G extends CloudGrant ? (grant: G) => AuthorityOf<Authority> : undefined;
  /** The grant as far as it tells who asks whom, where that is less than all of it. Grants that are alike so are refused together. */
  readonly asker?: (grant: G) => G;
  /** Under which kind its calls are counted, where not under its own. */
  readonly countedAs?: string;
}

type AuthorityName<Budgets> = keyof Budgets & string;

/** The entry may lack the block only where no setting is needed. `missing` completes "write ". */
type Missing<Settings extends z.ZodObject> =
  { readonly [Name in keyof Settings["shape"]]?: never } extends z.input<Settings>
    ? { readonly missing?: undefined }
    : { readonly missing: (kind: string) => string };

/** What the folder of a provider says of itself. */
export type Definition<Block extends string, Settings extends z.ZodObject, Grants, Budgets, Fetching> = {
  /** The member of an entry that holds the settings. */
  readonly block: Block;
  readonly settings: Settings;
  /** Ends the sentence about the settings in the reference. */
  readonly remark?: string;
  /** Rules on an entry, beside those that follow from the list. */
  readonly rules?: readonly Rule[];
  /** Who may ask for its tokens; undefined where nobody asks. */
  readonly identities: Identities | undefined;
  /** By which the cloud ties a ServiceAccount to an identity of its own. */
  readonly annotations: readonly string[];
  /** By the authorities that its kinds name. */
  readonly budgets: Budgets;
  readonly kinds: {
    readonly [K in keyof Grants]: Kind<
      EntryWith<keyof Grants & string, Block, Settings>,
      Grants[K],
      AuthorityName<Budgets>
    >;
  };
  /**
   * Loads its fetch.ts, in which `fetchers` makes whoever mints for each kind; see src/providers/fetching.ts. Lazy, so that
   * commands, and operators that do not use the cloud, leave it and its SDK where they are.
   */
  readonly load: () => Promise<Fetching>;
} & Missing<Settings>;

/** Checks a definition, and keeps its exact type. */
export function defineProvider<
  const Block extends string,
  Settings extends z.ZodObject,
  Grants extends Readonly<Record<string, CloudGrant | KeptGrant>>,
  const Budgets extends Readonly<Record<string, Budget>>,
  Fetching,
>(
  definition: Definition<Block, Settings, Grants, Budgets, Fetching>,
): Definition<Block, Settings, Grants, Budgets, Fetching> {
  return definition;
}

/** Any kind, as code sees it that works on all of them; whose entry or grant it is given, the caller knows. */
export interface RegistryKind extends Pick<
  Kind<never, unknown, string>,
  "about" | "registries" | "hosts" | "countedAs"
> {
  readonly grants: (entry: never, scope: RenderScope) => readonly HostGroup<CloudGrant | KeptGrant>[];
  readonly authority: ((grant: never) => AuthorityOf<string>) | undefined;
  readonly asker?: (grant: never) => object;
}

/** Any definition. */
export interface AnyProvider {
  readonly block: string;
  readonly settings: z.ZodObject;
  readonly remark?: string;
  readonly missing?: ((kind: string) => string) | undefined;
  readonly rules?: readonly Rule[];
  readonly identities: Identities | undefined;
  readonly annotations: readonly string[];
  readonly budgets: Readonly<Record<string, Budget>>;
  readonly kinds: Readonly<Record<string, RegistryKind>>;
  readonly load: () => Promise<unknown>;
}

export type ProviderList = readonly AnyProvider[];
