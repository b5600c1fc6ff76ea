// Paths of objects in the URL space of the API server.

export interface ResourcePath {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Lower-case plural. */
  readonly resource: string;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris */
export function resourcePath({ group, version, resource, namespace, name, subresource }: ResourcePath): string {
  const root = groupPath({ group, version });
  const scope = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  const object = name === undefined ? "" : `/${encodeURIComponent(name)}`;
  return `${root}${scope}/${resource}${object}${subresource === undefined ? "" : `/${subresource}`}`;
}

/** Where the API server lists the resources of a group and version. */
export function groupPath({ group, version }: Pick<ResourcePath, "group" | "version">): string {
  return group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
}

export interface PathLabels {
  readonly group: string;
  /** `secrets`, or `serviceaccounts/token`; empty for a path that is no resource, such as /readyz. */
  readonly resource: string;
  readonly hasName: boolean;
}

/** The opposite way, as far as metrics need it: never a name, so that the number of label values stays small. */
export function pathLabels(path: string): PathLabels {
  const [root, ...rest] = path.split("/").filter(Boolean);
  if (root !== "api" && root !== "apis") return { group: "", resource: "", hasName: false };
  const group = root === "apis" ? (rest.shift() ?? "") : "";
  rest.shift(); // version
  // /namespaces/{namespace}/{resource}, but /namespaces/{name} and its subresources are about the Namespace itself.
  if (rest[0] === "namespaces" && rest.length > 2 && rest[2] !== "status" && rest[2] !== "finalize") rest.splice(0, 2);
  const [resource = "", name, subresource] = rest;
  return {
    group,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    hasName: name !== undefined,
  };
}
