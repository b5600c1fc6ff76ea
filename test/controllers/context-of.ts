// A context of which a test makes the members that what it tries needs, and no more.
import type { Context } from "../../src/controllers/context.ts";

/** As a method, so that a test may say more exactly what it is called with. */
interface Part<Given extends readonly unknown[], Result> {
  call(...given: Given): [Result] extends [Promise<unknown> | void] ? unknown : Parts<Result> | undefined;
}

/** Any part of it, and of what its functions give. A server may answer anything, and nobody reads what no one waits for. */
type Parts<T> = T extends (...given: infer Given) => infer Result
  ? Part<Given, Result>["call"]
  : T extends string
    ? string
    : T extends object
      ? { readonly [Member in keyof T]?: Parts<T[Member]> | undefined }
      : T;

/** Controllers get the whole: here is the one place where a part passes for it. Whatever is missing fails as it is used. */
export function contextOf(members: Parts<Context>): Context {
  return members as unknown as Context;
}
