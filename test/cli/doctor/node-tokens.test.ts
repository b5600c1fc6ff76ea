// Tests that the doctor finds where kubelets may not request the tokens that a file of nodes needs.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { kubeletsMayAsk } from "../../../src/cli/doctor/node-tokens.ts";
import type { Session } from "../../../src/cli/session.ts";
import { ApiError } from "../../../src/runtime/client/api-error.ts";
import { commandText } from "../../../src/runtime/steps.ts";
import { anyPod, hub, rawFile, rawPodFile } from "../../credential-provider/node.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "regcred-node-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function written(raw: object): string {
  const path = join(folder, "regcred.yaml");
  writeFileSync(path, JSON.stringify(raw));
  return path;
}

/** An API server that answers every review so, and keeps what it was asked. */
function sessionThat(answers: () => object) {
  const asked: unknown[] = [];
  const transport = {
    request: async ({ body }: { readonly body?: string }) => {
      asked.push(JSON.parse(body ?? "null"));
      const answer = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", ...answers() };
      return {
        status: 201,
        json: () => answer,
        text: JSON.stringify(answer),
        headers: { "content-type": "application/json" },
      };
    },
  };
  return { session: { transport } as unknown as Session, asked };
}

const forPods = rawPodFile([{ ...hub, pods: anyPod }]);

it("asks for the group of all nodes, with the audience as the resource", async () => {
  const { session, asked } = sessionThat(() => ({ status: { allowed: true } }));
  expect(await kubeletsMayAsk(session, written(forPods))).toMatchObject({
    state: "well",
    message: "kubelets may ask for tokens for pull.example.com",
  });
  expect(asked).toMatchObject([
    {
      spec: {
        groups: ["system:nodes", "system:authenticated"],
        resourceAttributes: { verb: "request-serviceaccounts-token-audience", resource: "pull.example.com" },
      },
    },
  ]);
});

it("says what grants it where it is missing", async () => {
  const { session } = sessionThat(() => ({ status: { allowed: false } }));
  const { state, message, commands } = await kubeletsMayAsk(session, written(forPods));
  expect(state).toBe("bad");
  expect(message).toContain("may not ask for tokens of every ServiceAccount for pull.example.com");
  expect(commands.map(commandText)).toEqual([
    "kubectl apply -k config/nodes",
    `kubectl patch clusterrole regcred-node-audiences --type=json -p '[{"op":"add","path":"/rules/0/resources/-","value":"pull.example.com"}]'`,
  ]);
});

it("has nothing to ask for a file of the node itself", async () => {
  const { session, asked } = sessionThat(() => ({}));
  expect(await kubeletsMayAsk(session, written(rawFile([hub])))).toMatchObject({ state: "well" });
  expect(asked).toEqual([]);
});

it("does not guess where whoever asks may not see it", async () => {
  const { session } = sessionThat(() => {
    throw new ApiError({ kind: "forbidden", message: "no", details: { causes: [] } });
  });
  expect(await kubeletsMayAsk(session, written(forPods))).toMatchObject({ state: "unknown" });
});
