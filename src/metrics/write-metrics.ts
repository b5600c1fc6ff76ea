// Metrics of writes to the cluster: how many succeed, and why others do not.
import type { Instruments } from "./instruments.ts";
import { ApiError } from "../runtime/client/api-error.ts";
import type { ClusterApi } from "../cluster/cluster-api.ts";

type Write = Exclude<keyof ClusterApi, "getSecret" | "tryCreateSecret" | "getServiceAccount">;

const writes: Readonly<Record<Write, { readonly kind: string; readonly verb: string }>> = {
  createSecret: { kind: "Secret", verb: "create" },
  replaceSecret: { kind: "Secret", verb: "update" },
  deleteSecret: { kind: "Secret", verb: "delete" },
  patchServiceAccount: { kind: "ServiceAccount", verb: "patch" },
  evictPod: { kind: "Pod", verb: "evict" },
  patchCredential: { kind: "RegistryCredential", verb: "patch" },
  patchCredentialStatus: { kind: "RegistryCredential/status", verb: "patch" },
  createEvent: { kind: "Event", verb: "create" },
  patchEvent: { kind: "Event", verb: "patch" },
};

export function withMetrics(api: ClusterApi, { count }: Pick<Instruments, "count">): ClusterApi {
  const counted = async <Answer>(write: Write, call: Promise<Answer>): Promise<Answer> => {
    try {
      const answer = await call;
      count("regcred_writes_total", { ...writes[write], result: "success" });
      return answer;
    } catch (error) {
      const result = error instanceof ApiError ? error.kind : "aborted";
      count("regcred_writes_total", { ...writes[write], result });
      throw error;
    }
  };
  return {
    ...api,
    createSecret: (...args) => counted("createSecret", api.createSecret(...args)),
    replaceSecret: (...args) => counted("replaceSecret", api.replaceSecret(...args)),
    deleteSecret: (...args) => counted("deleteSecret", api.deleteSecret(...args)),
    patchServiceAccount: (...args) => counted("patchServiceAccount", api.patchServiceAccount(...args)),
    evictPod: (...args) => counted("evictPod", api.evictPod(...args)),
    patchCredential: (...args) => counted("patchCredential", api.patchCredential(...args)),
    patchCredentialStatus: (...args) => counted("patchCredentialStatus", api.patchCredentialStatus(...args)),
    createEvent: (...args) => counted("createEvent", api.createEvent(...args)),
    patchEvent: (...args) => counted("patchEvent", api.patchEvent(...args)),
  };
}
