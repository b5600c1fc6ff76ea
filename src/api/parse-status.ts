// Parses the status of a RegistryCredential, as far as it can be read.
import { z } from "zod";
import type { Status } from "./registry-credential.ts";
import { statusSchema } from "./status-schema.ts";

export interface ParsedStatus {
  readonly status: Status;
  /** Something in it could not be read, and is not in `status`: it is to be written anew. */
  readonly damaged: boolean;
}

/**
 * Field by field, and of a list item by item: a release before or after this one, or a person, may have written what is not
 * understood here, and the rest of it still is. Fields that the schema does not know are no damage.
 */
export function parseStatus(raw: unknown): ParsedStatus {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return { status: {}, damaged: raw !== undefined };
  let damaged = false;
  const read: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(statusSchema.shape)) {
    const value: unknown = (raw as Record<string, unknown>)[key];
    if (value === undefined) continue;
    const parsed = schema.safeParse(value);
    if (parsed.success) {
      read[key] = parsed.data;
      continue;
    }
    damaged = true;
    const items = schema.unwrap();
    if (!(items instanceof z.ZodArray) || !Array.isArray(value)) continue;
    const list = value.flatMap((item: unknown) => {
      const each = z.safeParse(items.element, item);
      return each.success ? [each.data] : [];
    });
    const whole = schema.safeParse(list);
    if (whole.success) read[key] = whole.data;
  }
  return { status: read, damaged };
}
