// A client of the API server for somebody who has stolen the operator's own token.
import { readFile } from "node:fs/promises";
import { Agent, request } from "undici";
import { parse } from "yaml";
import { eventually, operatorNamespace, type TestEnv } from "./test-env.ts";

export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: object;
}

export interface Answer {
  readonly status: number;
  /** Empty where there is none. */
  readonly message: string;
  readonly object: Readonly<Record<string, unknown>>;
}

export interface Thief {
  call(call: Call): Promise<Answer>;
  close(): Promise<void>;
}

/** @param kubeconfig a path, see `installed` */
export async function thief({ cluster }: Pick<TestEnv, "cluster">, kubeconfig: string): Promise<Thief> {
  const agent = new Agent({ connect: { ca: cluster.ca } });
  const { users } = parse(await readFile(kubeconfig, "utf8")) as { users: { user: { token: string } }[] };
  const token = users[0]?.user.token ?? "";
  return {
    call: async ({ method, path, body }) => {
      const answer = await request(`${cluster.server}${path}`, {
        method,
        dispatcher: agent,
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      const object = JSON.parse(await answer.body.text()) as Record<string, unknown> & { readonly message?: string };
      return { status: answer.statusCode, message: object.message ?? "", object };
    },
    close: () => agent.close(),
  };
}

/** As by a mistake: from then on only policies hold it back. */
export async function madeAdministrator({ admin }: Pick<TestEnv, "admin">, stolen: Thief): Promise<void> {
  await admin.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
    metadata: { name: "by-mistake" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "ServiceAccount", name: "regcred", namespace: operatorNamespace }],
  });
  await eventually(
    "the binding is in force",
    async () => (await stolen.call({ method: "GET", path: "/api/v1/secrets" })).status === 200,
  );
}
