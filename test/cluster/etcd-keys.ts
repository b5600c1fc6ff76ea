// Reads and writes what is stored below the API server, by etcd's JSON gateway: https://etcd.io/docs/latest/dev-guide/api_grpc_gateway/
import { Client } from "undici";

export interface EtcdKeys {
  /** The revision at which each key of a prefix was last written. */
  revisions(prefix: string): Promise<ReadonlyMap<string, string>>;
  /** Base64, by key. */
  values(prefix: string): Promise<ReadonlyMap<string, string>>;
  /** Gives the revision of the write. */
  put(key: string, value: string): Promise<string>;
  remove(keys: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

interface Answer {
  readonly header: { readonly revision: string };
  readonly kvs?: readonly { readonly key: string; readonly value?: string; readonly mod_revision: string }[];
}

const timeout = 10_000;
// --max-txn-ops of etcd is 128.
const maxAtOnce = 100;

/** @param socketPath of the Unix socket on which etcd serves its clients. */
export function etcdKeys(socketPath: string): EtcdKeys {
  const client = new Client("http://etcd", { socketPath, headersTimeout: timeout, bodyTimeout: timeout });
  const ask = async (path: string, question: object): Promise<Answer> => {
    const answer = await client.request({ method: "POST", path: `/v3/kv/${path}`, body: JSON.stringify(question) });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`etcd answers ${answer.statusCode}: ${text}`);
    return JSON.parse(text) as Answer;
  };
  // The key after the last one with this prefix.
  const endOf = (prefix: string): string =>
    prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
  const range = async (prefix: string, keysOnly: boolean): Promise<NonNullable<Answer["kvs"]>> =>
    (await ask("range", { key: base64(prefix), range_end: base64(endOf(prefix)), keys_only: keysOnly })).kvs ?? [];
  return {
    revisions: async (prefix) =>
      new Map((await range(prefix, true)).map(({ key, mod_revision: revision }) => [text(key), revision])),
    values: async (prefix) => new Map((await range(prefix, false)).map(({ key, value = "" }) => [text(key), value])),
    put: async (key, value) => (await ask("put", { key: base64(key), value })).header.revision,
    remove: async (keys) => {
      for (let from = 0; from < keys.length; from += maxAtOnce) {
        const success = keys
          .slice(from, from + maxAtOnce)
          .map((key) => ({ request_delete_range: { key: base64(key) } }));
        await ask("txn", { success });
      }
    },
    close: () => client.close(),
  };
}

function base64(plain: string): string {
  return Buffer.from(plain).toString("base64");
}

function text(encoded: string): string {
  return Buffer.from(encoded, "base64").toString();
}
