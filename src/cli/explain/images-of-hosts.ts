// Images that stand for all of a host's, where nobody names one.
import { selectsNamespace } from "../../entitlement/selection.ts";
import { type ExplainInput, there } from "./input.ts";

/** Image references by what to call them: one for each host of the credentials that select the namespace, else of all. */
export function imagesOfHosts(input: ExplainInput): ReadonlyMap<string, string> {
  const { credentials, operatorNamespace } = input;
  const namespace = there(input.namespace);
  const readable = credentials.flatMap(({ credential }) => (credential ? [credential] : []));
  const selecting = namespace
    ? readable.filter(({ spec }) => selectsNamespace(spec.namespaces, namespace, operatorNamespace))
    : readable;
  const hosts = (selecting.length > 0 ? selecting : readable).flatMap(({ spec }) =>
    spec.registries.flatMap((entry) => entry.hosts),
  );
  return new Map(
    hosts.filter((host) => host !== "*").map((host) => [`${host.replaceAll("*", "x")}/image`, `the images of ${host}`]),
  );
}
