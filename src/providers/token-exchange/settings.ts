// The settings of TokenExchange: how a token endpoint is described that regcred has no provider of its own for.
import { z } from "zod";
import { type Frozen, literal } from "../../api/field-schemas.ts";
import { matches, port, rules } from "../../api/rules.ts";

const textRules = {
  exchangeURL: {
    rule: matches(String.raw`https://[-a-zA-Z0-9.]+(:${port})?(/[^\s#@$]*)?`),
    message:
      "write an https:// URL without user, fragment or placeholders, such as https://identity.docker.com/oauth/token",
  },
  headerName: {
    rule: `${matches("[-A-Za-z0-9]+")} && !(self.lowerAscii() in ['authorization', 'content-length', 'content-type', 'cookie', 'host', 'transfer-encoding'])`,
    message:
      "write the name of another header: Authorization comes from auth, Content-Type from body.format, and the transport sets its own",
  },
  jsonPath: {
    rule: matches(String.raw`[-_A-Za-z0-9]+(\.[-_A-Za-z0-9]+)*`),
    message: "write field names joined by dots, such as access_token or data.token",
  },
  exchangeField: {
    rule: "has(self.value) != has(self.valueFrom)",
    message: "write either value or valueFrom",
  },
  exchangeUsername: {
    rule: "!has(self.username) || !has(self.response.usernamePath)",
    message: "write either username or response.usernamePath, or neither with the user name in the identity's Secret",
  },
} as const;

const valueFrom = ["Token", "Username", "Password"] as const;

export const tokenExchangeSettings = z
  .object({
    url: z
      .string()
      .min(1)
      .max(1024)
      .meta(rules(textRules.exchangeURL))
      .describe("Where to ask for the token; https only."),
    method: z.enum(["POST", "GET"]).default("POST").describe("HTTP method."),
    audience: literal(512)
      .optional()
      .describe("Audience of the ServiceAccount token that is exchanged; the operator's configured one if absent."),
    auth: z
      .object({
        type: z
          .enum(["None", "Basic", "Bearer"])
          .default("None")
          .describe("Basic: username and the identity's token or password. Bearer: the identity's token."),
        username: literal(256).optional().describe("User name for Basic; the identity Secret's if absent."),
      })
      .prefault({ type: "None" })
      .describe("The Authorization header of the request."),
    headers: z
      .array(
        z.object({
          name: z.string().min(1).max(64).meta(rules(textRules.headerName)).describe("Header name."),
          value: literal(1024).describe("Header value; no secret belongs here."),
        }),
      )
      .min(1)
      .max(8)
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
      .optional()
      .describe("Further request headers."),
    body: z
      .object({
        format: z.enum(["Form", "JSON"]).default("Form").describe("Encoding of the fields."),
        fields: z
          .array(
            z
              .object({
                name: literal(128).describe("Field name."),
                value: literal(1024).optional().describe("Literal value; no secret belongs here."),
                valueFrom: z
                  .enum(valueFrom)
                  .optional()
                  .describe(
                    "Token: the identity's token (of a Secret: key token). Username, Password: keys of the identity's Secret.",
                  ),
              })
              .meta(rules(textRules.exchangeField)),
          )
          .min(1)
          .max(16)
          .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
          .describe("What is sent, in this order."),
      })
      .optional()
      .describe("Request body; none if absent."),
    response: z
      .object({
        tokenPath: z
          .string()
          .min(1)
          .max(128)
          .meta(rules(textRules.jsonPath))
          .default("access_token")
          .describe("Where the token stands in the JSON answer: field names joined by dots."),
        expiry: z
          .enum(["Seconds", "Time", "JWT"])
          .default("Seconds")
          .describe(
            "Seconds: expiryPath holds a length. Time: expiryPath holds RFC 3339 or epoch seconds. JWT: the token's exp claim.",
          ),
        expiryPath: z
          .string()
          .min(1)
          .max(128)
          .meta(rules(textRules.jsonPath))
          .default("expires_in")
          .describe("Where the expiry stands in the JSON answer; unused with JWT."),
        usernamePath: z
          .string()
          .min(1)
          .max(128)
          .meta(rules(textRules.jsonPath))
          .optional()
          .describe("Where the user name stands in the JSON answer, if it is not fixed."),
      })
      .prefault({ tokenPath: "access_token", expiry: "Seconds", expiryPath: "expires_in" })
      .describe("How to read the answer."),
    username: literal(256)
      .optional()
      .describe("User name that goes with the token at the registry; that of the identity's Secret if absent."),
  })
  .meta(rules(textRules.exchangeUsername));

export type TokenExchangeSettings = Frozen<z.output<typeof tokenExchangeSettings>>;
