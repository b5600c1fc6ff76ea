// The keys of the queue: a controller's name, and of what its run is about.

export type Key =
  | { readonly controller: "token"; readonly grantKey: string }
  | { readonly controller: "secret"; readonly namespace: string; readonly name: string }
  | { readonly controller: "references"; readonly namespace: string }
  | { readonly controller: "pods"; readonly namespace: string }
  | { readonly controller: "credential"; readonly name: string }
  | { readonly controller: "members"; readonly credentialUid: string };

/** Controllers that look at the answer to their own write in the run that has written: that the store has it brings no other run of theirs. */
export const writer = { token: "token", secret: "secret", references: "references" } as const satisfies {
  readonly [Name in Key["controller"]]?: Name;
};

// Kubernetes names hold no slash, so the text is read back without doubt.
export const tokenKey = (grantKey: string): string => `token/${grantKey}`;
export const secretKey = (namespace: string, name: string): string => `secret/${namespace}/${name}`;
export const referencesKey = (namespace: string): string => `references/${namespace}`;
export const podsKey = (namespace: string): string => `pods/${namespace}`;
export const credentialKey = (name: string): string => `credential/${name}`;
export const membersKey = (credentialUid: string): string => `members/${credentialUid}`;

export function keyOf(text: string): Key {
  // Not split: each key that is queued is asked for its namespace.
  const slash = text.indexOf("/");
  const controller = text.slice(0, Math.max(slash, 0));
  const first = text.slice(slash + 1);
  switch (controller) {
    case "token":
      return { controller, grantKey: first };
    case "secret": {
      const end = first.indexOf("/");
      return { controller, namespace: first.slice(0, end), name: first.slice(end + 1) };
    }
    case "references":
    case "pods":
      return { controller, namespace: first };
    case "credential":
      return { controller, name: first };
    case "members":
      return { controller, credentialUid: first };
    default:
      throw new TypeError(`no controller is called ${controller}`);
  }
}

/** What follows the controller's name: one name, or two. */
export function partsOf(key: string): readonly [first: string, second: string] {
  const [, first = "", second = ""] = key.split("/");
  return [first, second];
}
