// Writes an object as YAML that every reader takes alike.
import { stringify } from "yaml";
import { escapedJson, printable } from "../../runtime/foreign-text.ts";

/**
 * JSON is YAML, too, and it is what an object becomes that holds control characters or the line breaks of Unicode: readers
 * of YAML 1.1, such as kubectl, end a line at U+0085, U+2028 and U+2029, where those of YAML 1.2 do not. So what somebody
 * wrote into a Secret could end its text there and go on as an object of its own.
 */
export function yamlDocument(object: object): string {
  const text = stringify(object, { lineWidth: 0 });
  return text === printable(text) ? text : `${escapedJson(JSON.stringify(object, undefined, 2))}\n`;
}
