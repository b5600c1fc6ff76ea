// Whose pulls does the command line ask about?
import { expect, it } from "vitest";
import { subjectFrom } from "../../../src/cli/explain/subject.ts";

it.each([
  [undefined, { serviceAccount: "default", pod: undefined }],
  ["builder", { serviceAccount: "builder", pod: undefined }],
  ["sa/builder", { serviceAccount: "builder", pod: undefined }],
  ["serviceaccount/builder", { serviceAccount: "builder", pod: undefined }],
  ["pod/web", { pod: "web" }],
  ["po/web", { pod: "web" }],
])("%s", (who, subject) => {
  expect(subjectFrom("team-a", who)).toMatchObject({ namespace: "team-a", ...subject });
});
