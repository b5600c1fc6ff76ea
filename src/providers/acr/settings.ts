// The settings of ACR.
import { z } from "zod";
import { literal, template } from "../../api/field-schemas.ts";

export const acrSettings = z.object({
  tenantID: template(253).optional().describe("Entra tenant. May hold placeholders."),
  clientID: template(253)
    .optional()
    .describe("Client id of the Entra application or managed identity. May hold placeholders."),
  audience: literal(512)
    .optional()
    .describe("Entra audience; the registry service's own if absent. Sovereign clouds may need another."),
  repositories: z
    .array(template(512))
    .min(1)
    .max(16)
    .meta({ "x-kubernetes-list-type": "set" })
    .optional()
    .describe("Repositories that the token may pull; all that the identity may pull if absent. May hold placeholders."),
});
