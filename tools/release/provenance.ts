// Says of a release from what it was made, and how: https://slsa.dev/spec/v1.0/provenance
import type { Shipped } from "./sbom.ts";
import type { Statement } from "./signature.ts";

export interface ProvenanceOptions {
  readonly version: string;
  /** The commit. */
  readonly revision: string;
  /** Name and digest (`sha256:...`) of what was made. */
  readonly subjects: readonly { readonly name: string; readonly digest: string }[];
  readonly shipped: readonly Shipped[];
  /** Of package-lock.json, as hexadecimal SHA-256. */
  readonly lockFile: string;
}

const statementType = "https://in-toto.io/Statement/v1";

/** It has no time and no machine in it: the same commit gives the same text. */
export function provenance({ version, revision, subjects, shipped, lockFile }: ProvenanceOptions): Statement {
  return {
    _type: statementType,
    subject: subjects.map(subjectOf),
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType: "https://regcred.dev/build/npm-run-release/v1",
        externalParameters: { version },
        resolvedDependencies: [
          { name: "regcred", digest: { gitCommit: revision } },
          { name: "package-lock.json", digest: { sha256: lockFile } },
          ...shipped.flatMap(({ purl, checksum }) =>
            checksum ? [{ uri: purl, digest: { [checksum.algorithm.toLowerCase()]: checksum.value } }] : [],
          ),
        ],
      },
      // Whoever has the key: nothing else is claimed of where it ran.
      runDetails: { builder: { id: "https://regcred.dev/builders/npm-run-release" } },
    },
  };
}

/** That `text`, SPDX as JSON, is of the subject. */
export function sbomStatement(text: string, subject: ProvenanceOptions["subjects"][number]): Statement {
  return {
    _type: statementType,
    subject: [subjectOf(subject)],
    predicateType: "https://spdx.dev/Document",
    predicate: JSON.parse(text) as object,
  };
}

function subjectOf({ name, digest }: ProvenanceOptions["subjects"][number]): object {
  return { name, digest: { sha256: digest.slice("sha256:".length) } };
}
