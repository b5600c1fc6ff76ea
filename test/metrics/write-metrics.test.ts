// Tests that every write is counted, with its result, and no read.
import { expect, it } from "vitest";
import { ApiError } from "../../src/runtime/client/api-error.ts";
import type { ClusterApi } from "../../src/cluster/cluster-api.ts";
import { withMetrics } from "../../src/metrics/write-metrics.ts";
import { instruments } from "../../src/metrics/instruments.ts";
import { seriesIn } from "./series.ts";

const answer = (): Promise<never> => Promise.resolve({} as never);
const calls = {
  getSecret: answer,
  createSecret: answer,
  tryCreateSecret: answer,
  replaceSecret: () => Promise.reject(new ApiError({ kind: "conflict", message: "stale", details: { causes: [] } })),
  deleteSecret: answer,
  getServiceAccount: answer,
  patchServiceAccount: answer,
  evictPod: () => Promise.resolve(),
  patchCredential: answer,
  patchCredentialStatus: answer,
  createEvent: () => Promise.reject(new DOMException("stopped", "AbortError")),
  patchEvent: answer,
} satisfies ClusterApi;

it("counts each write by kind, verb and result", async () => {
  const made = instruments();
  const api = withMetrics(calls, made);
  await api.getSecret("team-a", "regcred");
  await api.tryCreateSecret("team-a", "{}");
  await api.getServiceAccount("team-a", "default");
  await api.createSecret("team-a", "{}");
  await api.createSecret("team-a", "{}");
  await expect(api.replaceSecret("team-a", "regcred", "{}")).rejects.toThrow("stale");
  await api.deleteSecret("team-a", "regcred", { uid: "1", resourceVersion: "1" });
  await api.patchServiceAccount("team-a", "default", "{}");
  await api.evictPod("team-a", "app", "1");
  await api.patchCredential("acme", "{}");
  await api.patchCredentialStatus("acme", "{}");
  await expect(api.createEvent("team-a", "{}")).rejects.toThrow("stopped");
  await api.patchEvent("team-a", "e", "{}");
  expect(seriesIn(await made.text(), "regcred_writes_total").map((line) => line.replace(/^\w+/, ""))).toEqual([
    '{kind="Secret",verb="create",result="success"} 2',
    '{kind="Secret",verb="update",result="conflict"} 1',
    '{kind="Secret",verb="delete",result="success"} 1',
    '{kind="ServiceAccount",verb="patch",result="success"} 1',
    '{kind="Pod",verb="evict",result="success"} 1',
    '{kind="RegistryCredential",verb="patch",result="success"} 1',
    '{kind="RegistryCredential/status",verb="patch",result="success"} 1',
    '{kind="Event",verb="create",result="aborted"} 1',
    '{kind="Event",verb="patch",result="success"} 1',
  ]);
});
