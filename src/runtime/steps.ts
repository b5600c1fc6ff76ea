// Steps: what a person does or types to fix a failure. Commands are data until they are shown.
import { isPrintable, oneLine } from "./foreign-text.ts";

/** A program and its arguments, as a shell would hand them over. Made by `kubectl` alone. */
export interface Command {
  readonly argv: readonly string[];
}

/** One thing to do. Steps follow each other, unless one says that it is another way. */
export interface Step {
  /** As in `label it`, or `or write acr.clientID`: a part of a sentence, without names that others chose. */
  readonly message: string;
  /** What to type for it; left out where no command does it. */
  readonly command?: Command;
}

/** Stands in a command for a value that nobody should type as it is. */
const unfit = "VALUE";

// More than any patch that is worth typing.
const longestValue = 4096;

/**
 * A command of kubectl: kubectl`delete pod -n ${namespace} ${name}`. What is written here is split at spaces, what is put
 * in never is, nor can it become an option: so no name, whoever chose it, makes another command of this one.
 */
export function kubectl(fixed: readonly string[], ...values: readonly string[]): Command {
  const argv = ["kubectl"];
  let word = "";
  for (const [index, text] of fixed.entries()) {
    const [end = "", ...others] = text.split(" ");
    word += end;
    for (const next of others) {
      if (word !== "") argv.push(word);
      word = next;
    }
    const value = values[index];
    if (value !== undefined) word += safeValue(value, word === "");
  }
  return { argv: word === "" ? argv : [...argv, word] };
}

function safeValue(value: string, begins: boolean): string {
  const isFit =
    value !== "" && value.length <= longestValue && isPrintable(value) && !(begins && value.startsWith("-"));
  return isFit ? value : unfit;
}

/** JSON as a value of a command: plain ASCII, whatever it holds. */
export function jsonValue(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** As it is typed into a POSIX shell. */
export function commandText({ argv }: Command): string {
  return argv.map(shellWord).join(" ");
}

/** One word, whatever it holds. */
function shellWord(word: string): string {
  return /^[\w.,:/=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** `label it: kubectl label ...; or remove it`. */
function stepsText(steps: readonly Step[]): string {
  return steps
    .map(({ message, command }) => (command ? `${oneLine(message)}: ${commandText(command)}` : oneLine(message)))
    .join("; ");
}

/** What a person reads of a failure: the message, then the steps. */
export interface MessageWithSteps {
  readonly message: string;
  readonly steps?: readonly Step[];
}

/**
 * At most `longest` bytes of UTF-8: half a command is none, so it is the message that is cut, and steps that do not fit
 * even then are left out.
 */
export function textWithSteps({ message, steps = [] }: MessageWithSteps, longest = Infinity): string {
  // What has slipped through where it entered is stopped here.
  const start = oneLine(message);
  for (let count = steps.length; count > 0; count -= 1) {
    const end = `; ${stepsText(steps.slice(0, count))}`;
    const room = longest - bytesOf(end);
    if (bytesOf(start) <= room) return `${start}${end}`;
    if (room >= minMessage) return `${cutToBytes(start, room)}${end}`;
  }
  return cutToBytes(start, longest);
}

/** Bytes of an Event's note: kubernetes/pkg/apis/core/validation/events.go */
export const longestNote = 1024;

// Less of it says nothing.
const minMessage = 100;
const ellipsis = "…";

function cutToBytes(text: string, longest: number): string {
  if (bytesOf(text) <= longest) return text;
  let room = longest - bytesOf(ellipsis);
  let kept = "";
  for (const character of text) {
    room -= bytesOf(character);
    if (room < 0) break;
    kept += character;
  }
  return `${kept}${ellipsis}`;
}

/** RFC 3629, section 3. */
function bytesOf(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x8_00 ? 2 : point < 0x1_00_00 ? 3 : 4;
  }
  return bytes;
}
