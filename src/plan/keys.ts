// How is a piece of work named in the queue?

export type Key =
  | { readonly loop: "token"; readonly grantKey: string }
  | { readonly loop: "secret"; readonly namespace: string; readonly name: string }
  | { readonly loop: "references"; readonly namespace: string }
  | { readonly loop: "pods"; readonly namespace: string }
  | { readonly loop: "credential"; readonly name: string }
  | { readonly loop: "members"; readonly credentialUid: string };

// Kubernetes names hold no slash, so the text is read back without doubt.
export const tokenKey = (grantKey: string): string => `token/${grantKey}`;
export const secretKey = (namespace: string, name: string): string => `secret/${namespace}/${name}`;
export const referencesKey = (namespace: string): string => `references/${namespace}`;
export const podsKey = (namespace: string): string => `pods/${namespace}`;
export const credentialKey = (name: string): string => `credential/${name}`;
export const membersKey = (credentialUid: string): string => `members/${credentialUid}`;

export function keyOf(text: string): Key {
  const [loop = "", first = "", second = ""] = text.split("/");
  switch (loop) {
    case "token":
      return { loop, grantKey: first };
    case "secret":
      return { loop, namespace: first, name: second };
    case "references":
    case "pods":
      return { loop, namespace: first };
    case "credential":
      return { loop, name: first };
    case "members":
      return { loop, credentialUid: first };
    default:
      throw new TypeError(`no loop is called ${loop}`);
  }
}
