// Runs kube-score on manifests.
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { ensureBinaries } from "../cluster/ensure-binaries.ts";

export interface Finding {
  readonly check: string;
  readonly kind: string;
  readonly name: string;
  readonly summary: string;
}

/** The parts we read of its JSON output: https://github.com/zegl/kube-score/blob/v1.20.0/renderer/json_v2/output.go */
interface Scored {
  readonly object_name: string;
  readonly type_meta: { readonly kind: string };
  readonly object_meta: { readonly name: string };
  readonly checks: readonly {
    readonly check: { readonly id: string };
    readonly grade: number;
    readonly skipped: boolean;
    readonly comments: readonly { readonly summary: string }[] | null;
  }[];
}

// https://github.com/zegl/kube-score/blob/v1.20.0/scorecard/scorecard.go: 10 is "all ok".
const allOk = 10;

export async function kubeScore(manifests: string): Promise<readonly Finding[]> {
  const { "kube-score": file } = await ensureBinaries(["kube-score"]);
  const child = spawn(file, ["score", "--output-format=json", "--output-version=v2", "-"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(manifests);
  const scored = JSON.parse(await text(child.stdout)) as readonly Scored[];
  return scored.flatMap(({ type_meta: { kind }, object_meta: { name }, checks }) =>
    checks
      .filter(({ grade, skipped }) => !skipped && grade < allOk)
      .flatMap(({ check, comments }) =>
        (comments ?? []).map(({ summary }) => ({ check: check.id, kind, name, summary })),
      ),
  );
}
