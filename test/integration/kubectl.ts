// What does a kubectl command that regcred gives as advice do to the cluster? Only the forms that its advice has.
import { parseArgs } from "node:util";
import type { AdminClient } from "../cluster/admin-client.ts";
import { credentialsPath } from "./test-env.ts";

/** What stands for the words in capitals that a person replaces: `--docker-username=USER`. */
export type Words = Readonly<Record<string, string>>;

/** Throws at a form that it does not know: advice that nobody can follow is wrong. */
export async function kubectl(admin: AdminClient, command: string, words: Words = {}): Promise<void> {
  const [program, verb, ...rest] = wordsOf(command).map((word) => replaced(word, words));
  if (program !== "kubectl") throw new Error(`no kubectl command: ${command}`);
  const { values, positionals } = parseArgs({
    args: rest.filter((word) => word !== "--overwrite"),
    allowPositionals: true,
    options: {
      namespace: { type: "string", short: "n" },
      patch: { type: "string", short: "p" },
      type: { type: "string" },
      "docker-server": { type: "string" },
      "docker-username": { type: "string" },
      "docker-password": { type: "string" },
    },
  });
  const { namespace = "" } = values;
  const [kind = "", name = "", change = ""] = positionals;
  switch (`${verb} ${kind}`) {
    case "annotate namespace":
    case "annotate serviceaccount":
    case "annotate secret":
    case "annotate registrycredential":
      return void (await admin.patch(pathOf(kind, namespace, name), { metadata: { annotations: pairOf(change) } }));
    case "label namespace":
      return void (await admin.patch(pathOf(kind, namespace, name), { metadata: { labels: pairOf(change) } }));
    case "patch regcred":
    case "patch serviceaccount": {
      const patch: unknown = JSON.parse(values.patch ?? "");
      const path = pathOf(kind, namespace, name);
      if (values.type === "merge") return void (await admin.patch(path, patch as object));
      if (values.type === "strategic") return await addReference(admin, path, patch as ReferencesPatch);
      return await addHost(admin, path, patch);
    }
    case "delete secret":
    case "delete pod":
      return await admin.remove(pathOf(kind, namespace, name));
    case "create namespace":
      return void (await admin.create("/api/v1/namespaces", { metadata: { name } }));
    case "create serviceaccount":
      return void (await admin.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } }));
    case "create secret": {
      const auth = { username: values["docker-username"], password: values["docker-password"] };
      const config = { auths: { [values["docker-server"] ?? ""]: auth } };
      // kubectl create secret docker-registry NAME
      return void (await admin.create(`/api/v1/namespaces/${namespace}/secrets`, {
        metadata: { name: change },
        type: "kubernetes.io/dockerconfigjson",
        stringData: { ".dockerconfigjson": JSON.stringify(config) },
      }));
    }
    case "get pods":
      return;
    default:
      throw new Error(`advice that this test cannot follow: ${command}`);
  }
}

function pathOf(kind: string, namespace: string, name: string): string {
  if (kind === "regcred" || kind === "registrycredential") return `${credentialsPath}/${name}`;
  return kind === "namespace" ? `/api/v1/namespaces/${name}` : `/api/v1/namespaces/${namespace}/${kind}s/${name}`;
}

/** `key=value` sets it, `key-` takes it off. */
function pairOf(change: string): Record<string, string | null> {
  const [key = "", value] = change.split("=");
  return value === undefined ? { [key.replace(/-$/, "")]: null } : { [key]: value };
}

interface ReferencesPatch {
  readonly imagePullSecrets?: readonly { readonly name: string }[];
}

/** The list is merged by name: https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/ */
async function addReference(
  admin: AdminClient,
  path: string,
  { imagePullSecrets = [] }: ReferencesPatch,
): Promise<void> {
  const before = ((await admin.get(path)) ?? {}) as ReferencesPatch;
  const added = imagePullSecrets.filter(({ name }) => !before.imagePullSecrets?.some((each) => each.name === name));
  await admin.patch(path, { imagePullSecrets: [...(before.imagePullSecrets ?? []), ...added] });
}

async function addHost(admin: AdminClient, path: string, patch: unknown): Promise<void> {
  const [{ op, path: at, value } = { op: "", path: "", value: "" }] = patch as {
    op: string;
    path: string;
    value: string;
  }[];
  if (op !== "add" || at !== "/spec/registries/0/hosts/-")
    throw new Error(`an unknown JSON patch: ${JSON.stringify(patch)}`);
  const { spec } = (await admin.get(path)) as unknown as { spec: { registries: { hosts: string[] }[] } };
  const [first, ...others] = spec.registries;
  await admin.patch(path, { spec: { registries: [{ ...first, hosts: [...(first?.hosts ?? []), value] }, ...others] } });
}

/** As a shell splits it: by spaces, but for what stands in single quotes. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ""));
}

function replaced(word: string, words: Words): string {
  // At the end of an option, or as a text of a patch.
  return word.replace(/(=|")([A-Z]+)(?=$|")/g, (whole, before: string, name: string) =>
    words[name] === undefined ? whole : `${before}${words[name]}`,
  );
}
