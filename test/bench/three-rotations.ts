// Measures whether RegistryCredentials that rotate at the same time have an equal share.
import { randomBytes } from "node:crypto";
import { pollUntil } from "../cluster/poll-until.ts";
import { atOnce } from "./at-once.ts";
import { changesOf } from "./changes.ts";
import { patience } from "./patience.ts";
import { credentialsPath, operatorNamespace, secretsCalled, type Stage } from "./stage.ts";

const names = ["fair-a", "fair-b", "fair-c"] as const;
const sources = `/api/v1/namespaces/${operatorNamespace}/secrets`;
const passwordBytes = 750;

// A source cannot have the name of a pull Secret.
const sourceOf = (name: string): string => `${name}-source`;

/** For each round, of each RegistryCredential, the seconds from the change of all sources until its last Secret. */
export async function measureThree(stage: Stage, rounds: number): Promise<readonly (readonly number[])[]> {
  const { access, admin, namespaces } = stage;
  const body = (name: string): object => ({
    metadata: { name: sourceOf(name) },
    type: "kubernetes.io/basic-auth",
    stringData: { username: name, password: randomBytes(passwordBytes).toString("base64url") },
  });
  for (const name of names) {
    await admin.create(sources, body(name));
    await admin.create(credentialsPath, {
      apiVersion: "regcred.dev/v1alpha1",
      kind: "RegistryCredential",
      metadata: { name },
      spec: {
        registries: [
          { name, provider: "Static", hosts: [`${name}.example.com`], static: { secretName: sourceOf(name) } },
        ],
        namespaces: { include: ["team-*"] },
        references: "None",
        pullSecret: { name },
      },
    });
    await pollUntil(async () => (await secretsCalled(admin, name)).length === namespaces.length, {
      what: `the Secrets of ${name}`,
      limit: patience(namespaces.length),
      every: Temporal.Duration.from({ milliseconds: 500 + Math.ceil(namespaces.length / 4) }),
    });
  }
  const seen = await Promise.all(
    names.map((name) => changesOf(access, `/api/v1/secrets?fieldSelector=metadata.name%3D${name}`, { logins: 1 })),
  );
  const took: (readonly number[])[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const ends = seen.map((changes, index) =>
      changes.allOf(`the rotation of ${names[index]}`, namespaces, ({ type }) => type === "MODIFIED"),
    );
    const began = performance.now();
    await atOnce(names, (name) => admin.replace(`${sources}/${sourceOf(name)}`, body(name)));
    took.push((await Promise.all(ends)).map(({ last }) => (last - began) / 1000));
  }
  await Promise.all(seen.map((changes) => changes.close()));
  return took;
}
