// The settings of Quayside, a provider that is made up: it shows what a new one needs.
import { z } from "zod";
import { template } from "../../../src/api/field-schemas.ts";

export const quaysideSettings = z.object({
  account: template(64).describe("Account at Quayside that the token is for. May hold placeholders."),
});
