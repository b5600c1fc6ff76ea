// Tests that the files of docs/nodes.md can be used as they are.
import { expect, it } from "vitest";
import { parseNodeFile } from "../../src/credential-provider/node-file.ts";
import { examples } from "../documents.ts";

it("the documents show files of nodes that parse", () => {
  const shown = examples.filter(({ object }) => object.kind === "NodeCredentials");
  expect(shown.length).toBeGreaterThan(1);
  expect(shown.map(({ object }) => parseNodeFile(object)).filter(({ ok }) => !ok)).toEqual([]);
});
