// The settings of GCR and GAR.
import { z } from "zod";
import { literal, template } from "../../api/field-schemas.ts";

export const googleSettings = z.object({
  impersonate: template(253)
    .optional()
    .describe("Email of the Google service account to impersonate. May hold placeholders."),
  workloadIdentityProvider: literal(512)
    .optional()
    .describe("Resource name projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER."),
  scopes: z
    .array(literal(256))
    .min(1)
    .max(8)
    .meta({ "x-kubernetes-list-type": "set" })
    .optional()
    .describe("OAuth scopes of the token; read-only storage if absent."),
});
