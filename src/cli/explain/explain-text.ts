// The text of an explanation. The first line is the verdict.
import { escapedJson, quotedText } from "../../runtime/foreign-text.ts";
import type { Explanation } from "./explanation.ts";
import type { ImageFinding } from "./image-finding.ts";
import type { Blocker, Remedy } from "./blocker.ts";
import { parseImageReference } from "../../registry/image-reference.ts";
import { commandText, kubectl } from "../../runtime/steps.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { wrapped } from "../terminal/layout.ts";
import { timeLeftText } from "../terminal/time-left.ts";

/** For machines: commands as they are typed, and a blocker under the name that scripts know, `obstacle`. */
export function explanationJson({ blocker, images, ...explanation }: Explanation): string {
  const typed = (key: string, value: unknown): unknown =>
    key === "commands" ? (value as Remedy["commands"]).map(commandText) : value;
  const named = images.map((finding) => {
    if (finding.answer === "yes") return finding;
    const { blocker: obstacle, ...rest } = finding;
    return { ...rest, obstacle };
  });
  return `${escapedJson(JSON.stringify({ ...explanation, images: named, obstacle: blocker }, typed, 2))}\n`;
}

export function noSuchPod(namespace: string, pod = ""): string {
  const list = commandText(kubectl`get pods -n ${namespace}`);
  return `NO: there is no pod ${namespace}/${pod}: ${list} lists those that are there.\n`;
}

/** @param called what to call an image that only stands for its host's */
export function explainText(
  explanation: Explanation,
  called: ReadonlyMap<string, string>,
  now: Temporal.Instant,
  out: Terminal,
): string {
  const named = (image: string): string =>
    called.get(image) ?? (parseImageReference(image).ok ? image : quotedText(image));
  const lines = [
    ...verdict(explanation, named, now, out),
    ...explanation.images.flatMap((finding) => imageLines(finding, named(finding.image), now, out)),
    ...remedies(explanation, out),
    ...(explanation.onNode.length > 0 ? ["", out.paint("bold", "On the node")] : []),
    ...explanation.onNode.flatMap((sentence) => wrapped(sentence, out.width, "  ")),
    ...(explanation.unseen.length > 0 ? ["", out.paint("bold", "Not seen")] : []),
    ...explanation.unseen.flatMap((sentence) => wrapped(sentence, out.width, "  ")),
  ];
  return `${lines.join("\n")}\n`;
}

function verdict(
  { answer, subject, images, blocker, until }: Explanation,
  named: (image: string) => string,
  now: Temporal.Instant,
  out: Terminal,
): readonly string[] {
  if (blocker) return painted("red", `NO: ${subject} cannot pull anything: ${blocker.why}.`, out);
  const bad = images.filter((finding) => finding.answer === answer);
  const [first] = bad;
  const more = bad.length > 1 ? ` (and ${bad.length - 1} more)` : "";
  switch (answer) {
    case "yes": {
      const end = until
        ? `with logins valid until ${timeText(until)} (${timeLeftText(until, now)} left)`
        : "with logins that name no expiry";
      return painted(
        "green",
        `YES: ${subject} can pull ${images.length === 1 ? named(images[0]?.image ?? "") : `all ${images.length}`}, ${end}.`,
        out,
      );
    }
    case "no": {
      const why = first?.answer === "no" ? first.blocker.why : "";
      return painted("red", `NO: ${subject} cannot pull ${named(first?.image ?? "")}${more}: ${why}.`, out);
    }
    case "unknown": {
      const why =
        first?.answer === "unknown" ? first.why : "there is no RegistryCredential, and no image was named (--image)";
      return painted("yellow", `UNKNOWN: ${subject}${first ? `, ${named(first.image)}${more}` : ""}: ${why}.`, out);
    }
  }
}

function imageLines(finding: ImageFinding, name: string, now: Temporal.Instant, out: Terminal): readonly string[] {
  switch (finding.answer) {
    case "yes": {
      const { login, until } = finding;
      const end = until ? `valid until ${timeText(until)} (${timeLeftText(until, now)} left)` : "no expiry named";
      return [
        `  ${out.paint("green", "yes")}      ${name}`,
        ...wrapped(`from ${login.name}, in the Secret ${login.secret}, ${end}`, out.width, "           "),
      ];
    }
    case "no":
      return [`  ${out.paint("red", "no")}       ${name}`, ...blockerLines(finding.blocker, out)];
    case "unknown":
      return [
        `  ${out.paint("yellow", "unknown")}  ${name}`,
        ...wrapped(finding.why, out.width, "           "),
        ...(finding.blocker ? blockerLines(finding.blocker, out) : []),
      ];
  }
}

function blockerLines({ reason, why, cause, others }: Blocker, out: Terminal): readonly string[] {
  const who = cause === "Tenant" ? "the tenant can fix it" : "the platform team can fix it";
  const also = others > 0 ? `; it hits ${others} other ${others === 1 ? "namespace" : "namespaces"}` : "";
  return wrapped(`${reason}: ${why} (${who}${also})`, out.width, "           ");
}

/** Each change once, however many images it fixes. */
function remedies({ images, blocker }: Explanation, out: Terminal): readonly string[] {
  const blockers = blocker
    ? [blocker]
    : images.flatMap((finding) => (finding.answer !== "yes" && finding.blocker ? [finding.blocker] : []));
  const seen = new Set<string>();
  const lines = blockers.flatMap(({ remedy: { change, commands } }) => {
    const typed = commands.map(commandText);
    const key = [change, ...typed].join("\n");
    if (seen.has(key)) return [];
    seen.add(key);
    // A command stays on one line, so that it can be copied.
    return [...wrapped(change, out.width, "  "), ...typed.map((command) => `    ${out.paint("bold", command)}`)];
  });
  return lines.length > 0 ? ["", out.paint("bold", "To fix it"), ...lines] : [];
}

function painted(style: "red" | "yellow" | "green", sentence: string, out: Terminal): readonly string[] {
  return wrapped(sentence, out.width).map((line) => out.paint(style, line));
}

function timeText(at: Temporal.Instant): string {
  return at.toString({ smallestUnit: "minute" });
}
