// The operator's requests, as the API server's own audit log has them.
import { readFile } from "node:fs/promises";
import type { TestEnv } from "./test-env.ts";

/** A request that has ended, or a watch that has begun. */
export interface Audited {
  readonly verb: string;
  readonly uri: string;
  readonly resource: string;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** HTTP status. */
  readonly code: number;
  /** Who asked. */
  readonly user: string;
  readonly receivedAt: Temporal.Instant;
}

interface AuditLine {
  readonly stage: "ResponseStarted" | "ResponseComplete" | "Panic";
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent?: string;
  readonly user?: { readonly username?: string };
  /** MicroTime. */
  readonly requestReceivedTimestamp: string;
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
}

const writing = new Set(["create", "update", "patch", "delete", "deletecollection"]);

/** The operator's writes so far, in the order in which they ended. Questions about its own rights are posted, but write nothing. */
export async function operatorWrites(testEnv: Pick<TestEnv, "cluster">): Promise<readonly Audited[]> {
  const requests = await operatorRequests(testEnv);
  return requests.filter(({ verb, resource }) => writing.has(verb) && resource !== "selfsubjectaccessreviews");
}

/** All that the operator has asked for so far. A watch stands in the log before the operator has its answer. */
export async function operatorRequests({ cluster }: Pick<TestEnv, "cluster">): Promise<readonly Audited[]> {
  if (cluster.auditLog === undefined) throw new Error("the cluster has no audit log: testEnv({ auditLog: true })");
  const text = await readFile(cluster.auditLog, "utf8");
  return (
    text
      .split("\n")
      .filter((line) => line.includes('"userAgent":"regcred/'))
      .map((line) => JSON.parse(line) as AuditLine)
      // A watch has both stages, and ends some time after the operator: https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/
      .filter(({ stage, verb }) => (stage === "ResponseStarted") === (verb === "watch"))
      .map(({ verb, requestURI, objectRef, responseStatus, user, requestReceivedTimestamp }) => ({
        verb,
        uri: requestURI,
        resource: objectRef?.resource ?? "",
        subresource: objectRef?.subresource,
        namespace: objectRef?.namespace,
        name: objectRef?.name,
        code: responseStatus?.code ?? 0,
        user: user?.username ?? "",
        receivedAt: Temporal.Instant.from(requestReceivedTimestamp),
      }))
  );
}
