// The settings of ICR.
import { z } from "zod";
import { template } from "../../api/field-schemas.ts";

export const icrSettings = z.object({
  trustedProfileID: template(253).optional().describe("IBM Cloud trusted profile to use. May hold placeholders."),
});
