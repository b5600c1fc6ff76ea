// Counts what is asked of what the controllers keep: each call, and each thing that one gives.
import type { Context } from "../../src/controllers/context.ts";

export interface Operations {
  count: number;
  /** By subject and question. */
  by: Record<string, number>;
}

type Callable = (...args: readonly unknown[]) => unknown;

/** The same context, in which each question to indexes, stores, findings and grants is counted. */
export function countedContext(context: Context, operations: Operations): Context {
  const count = (question: string, by: number): void => {
    operations.count += by;
    operations.by[question] = (operations.by[question] ?? 0) + by;
  };
  const given = (question: string, answer: unknown): unknown => {
    if (answer instanceof Set || answer instanceof Map) count(question, answer.size);
    else if (Array.isArray(answer)) count(question, answer.length);
    else if (answer instanceof Iterator) return counting(question, answer as IteratorObject<unknown>);
    return answer;
  };
  const counting = function* (question: string, items: Iterable<unknown>): Generator {
    for (const item of items) {
      count(question, 1);
      yield item;
    }
  };
  const counted = <T extends object>(of: string, subject: T): T =>
    new Proxy(subject, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function" || name === "subscribe" || name === "feed") return member;
        const question = `${of}.${String(name)}`;
        return (...args: readonly unknown[]): unknown => {
          count(question, 1);
          return given(question, Reflect.apply(member as Callable, target, args));
        };
      },
    });
  const { cluster, credentials, grants } = context;
  const stores = Object.fromEntries(
    Object.entries(cluster.stores).map(([name, store]: [string, object]) => [name, counted(name, store)]),
  ) as unknown as Context["cluster"]["stores"];
  const { index, members, statusCache, judged } = credentials;
  const { scopeOf, grantKey } = counted("grants", { scopeOf: grants.scopeOf, grantKey: grants.grantKey });
  return {
    ...context,
    cluster: { ...cluster, stores },
    credentials: {
      ...credentials,
      index: counted("index", index),
      members: counted("members", members),
      statusCache: counted("statusCache", statusCache),
      judged: counted("judged", judged),
    },
    grants: { ...grants, scopeOf, grantKey, tokens: counted("tokens", grants.tokens) },
  };
}
