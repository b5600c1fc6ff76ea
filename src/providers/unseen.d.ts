// What the compiler sees in place of each fetch.ts where it proves what is pure (tsconfig.pure.json, "customConditions").
export declare const fetchers: unknown;
