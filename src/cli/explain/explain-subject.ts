// Explains why a pod or ServiceAccount cannot pull, or until when it can.
import { explanationOf } from "./explanation.ts";
import { imagesOfHosts } from "./input.ts";
import type { Action } from "../cluster-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { explainText, explanationJson, noSuchPod } from "./explain-text.ts";
import { readInput, subjectFrom } from "./read-input.ts";

const codes = { yes: exitCodes.succeeded, no: exitCodes.no, unknown: exitCodes.unknown } as const;

export const explainSubject: Action = async (session, [namespace = "", who], { image, readSecrets, output }) => {
  const { out } = session;
  const subject = subjectFrom(namespace, who);
  const found = await readInput(session, subject, {
    readSecrets: readSecrets === true,
    images: (image ?? []) as readonly string[],
  });
  if (!found) {
    out.write(noSuchPod(namespace, subject.pod));
    return exitCodes.no;
  }
  const called = found.images.length > 0 || found.pod ? new Map<string, string>() : imagesOfHosts(found);
  const input = { ...found, images: [...found.images, ...called.keys()] };
  const explanation = explanationOf(input);
  out.write(output === "json" ? explanationJson(explanation) : explainText(explanation, called, input.now, out));
  return codes[explanation.answer];
};
