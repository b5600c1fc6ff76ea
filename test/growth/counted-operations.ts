// Counts what is asked of what the controllers keep: each call, and each thing that one gives.
import type { Context } from "../../src/controllers/context.ts";

export interface Operations {
  count: number;
}

type Callable = (...args: readonly unknown[]) => unknown;

/** The same context, in which each question to indexes, stores, findings and grants is counted. */
export function countedContext(context: Context, operations: Operations): Context {
  const given = (answer: unknown): unknown => {
    if (answer instanceof Set || answer instanceof Map) operations.count += answer.size;
    else if (Array.isArray(answer)) operations.count += answer.length;
    else if (answer instanceof Iterator) return counting(answer as IteratorObject<unknown>);
    return answer;
  };
  const counting = function* (items: Iterable<unknown>): Generator {
    for (const item of items) {
      operations.count += 1;
      yield item;
    }
  };
  const counted = <T extends object>(subject: T): T =>
    new Proxy(subject, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function" || name === "subscribe" || name === "feed") return member;
        return (...args: readonly unknown[]): unknown => {
          operations.count += 1;
          return given(Reflect.apply(member as Callable, target, args));
        };
      },
    });
  const { cluster, credentials, grants } = context;
  const stores = Object.fromEntries(
    Object.entries(cluster.stores).map(([name, store]: [string, object]) => [name, counted(store)]),
  ) as unknown as Context["cluster"]["stores"];
  const { index, members, statusCache, judged } = credentials;
  const { scopeOf, grantKey } = counted({ scopeOf: grants.scopeOf, grantKey: grants.grantKey });
  return {
    ...context,
    cluster: { ...cluster, stores },
    credentials: {
      ...credentials,
      index: counted(index),
      members: counted(members),
      statusCache: counted(statusCache),
      judged: counted(judged),
    },
    grants: { ...grants, scopeOf, grantKey, tokens: counted(grants.tokens) },
  };
}
