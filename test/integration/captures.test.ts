// Tests that the commands print what docs/cli.md shows. With REGCRED_CAPTURES=write, what they print is written there.
import { readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "./ask.ts";
import { eventually, operatorNamespace, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

const document = join(import.meta.dirname, "..", "..", "docs", "cli.md");
// What the document calls harbor.yaml.
const planned = join(tmpdir(), `regcred-harbor-${process.pid}.yaml`);
const prompt = "$ kubectl regcred ";
// As wide as a line of the document may be, and a terminal usually is.
const columns = 80;

describe("docs/cli.md", () => {
  let world: TestEnv;
  /** A token of twelve hours and a half is asked about when seven of them are left. */
  const expiresAt = Temporal.Now.instant().round("minute").add({ hours: 12, minutes: 30 });
  const at = expiresAt.subtract({ hours: 7 });

  beforeAll(async () => {
    world = await testEnv();
    const { admin } = world;
    await world.startOperator();
    await world.namespaces(["team-a", "team-b", "team-c"]);
    await admin.create(`/api/v1/namespaces/${operatorNamespace}/secrets`, {
      metadata: { name: "harbor", annotations: { "regcred.dev/expires-at": expiresAt.toString() } },
      type: "kubernetes.io/basic-auth",
      stringData: { username: "robot", password: "hunter2" },
    });
    await admin.create("/api/v1/namespaces/team-b/secrets", { metadata: { name: "regcred" } });
    await world.credential("harbor", staticSpec("harbor", { hosts: ["harbor.acme.example"] }));
    await world.credential("hub", {
      ...staticSpec("docker-hub", { hosts: ["docker.io"], namespaces: { include: ["team-c"] } }),
      pullSecret: { name: "hub" },
    });
    await eventually(
      "all is told",
      async () =>
        (await world.status("harbor")).namespaces?.ready === 2 &&
        (await world.condition("hub", "Ready"))?.reason === "SourceMissing",
    );
    await writeFile(
      planned,
      stringify({
        apiVersion: "regcred.dev/v1alpha1",
        kind: "RegistryCredential",
        metadata: { name: "harbor" },
        spec: staticSpec("harbor", { hosts: ["harbor.acme.example"], namespaces: { include: ["team-a", "shop-*"] } }),
      }),
    );
    await world.namespaces(["shop-web"]);
    await admin.create("/api/v1/namespaces/team-a/pods", {
      metadata: { name: "web" },
      spec: { containers: [{ name: "web", image: "harbor.acme.example/shop/web:1.4" }] },
    });
  });
  afterAll(async () => {
    await rm(planned, { force: true });
    await world?.close();
  });

  it("shows what the commands say", async () => {
    const text = await readFile(document, "utf8");
    const parts = text.split(/^(```console\n[^]*?^```$)/m);
    const shown = await Promise.all(
      parts.map(async (part) => (part.startsWith("```console") ? await captured(part) : part)),
    );
    expect(shown.length).toBeGreaterThan(3);
    if (process.env["REGCRED_CAPTURES"] === "write") await writeFile(document, shown.join(""));
    expect(await readFile(document, "utf8")).toBe(shown.join(""));
  });

  async function captured(block: string): Promise<string> {
    const commands = block.split("\n").filter((line) => line.startsWith(prompt));
    const answers: string[] = [];
    for (const command of commands) {
      const { stdout, stderr } = await ask(
        world.cluster.kubeconfig,
        command.slice(prompt.length).replace("harbor.yaml", planned).split(" "),
        {
          at,
          columns,
        },
      );
      answers.push(`${command}\n${sameTimes(stdout + stderr)}`);
    }
    return `\`\`\`console\n${answers.join("\n")}\`\`\``;
  }

  /** Times of day differ from run to run. */
  function sameTimes(text: string): string {
    return text.replaceAll(expiresAt.toString({ smallestUnit: "minute" }), "2026-11-25T20:00Z");
  }
});
