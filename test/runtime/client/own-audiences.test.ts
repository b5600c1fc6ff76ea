// Tests that the audiences for which the API server accepts tokens are read from the operator's own token.
import { expect, it } from "vitest";
import { ownAudiences } from "../../../src/runtime/client/connection.ts";
import { Redacted } from "../../../src/runtime/redacted.ts";

const bearing = (authorization: string | undefined): Parameters<typeof ownAudiences>[0] => ({
  credentials: () =>
    Promise.resolve({
      tls: {},
      headers: {},
      ...(authorization !== undefined && { authorization: new Redacted(authorization) }),
    }),
});
const tokenFor = (claims: object): string => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;

it.each([
  [
    "a list",
    `Bearer ${tokenFor({ aud: ["https://kubernetes.default.svc", "k3s"] })}`,
    ["https://kubernetes.default.svc", "k3s"],
  ],
  ["one", `Bearer ${tokenFor({ aud: "one" })}`, ["one"]],
  ["none", `Bearer ${tokenFor({})}`, []],
  ["something odd", `Bearer ${tokenFor({ aud: [1, null] })}`, []],
  ["no JSON Web Token", "Bearer opaque", []],
  ["a password", "Basic YTpi", []],
  ["a certificate", undefined, []],
])("of %s", async (_what, authorization, audiences) => {
  expect(await ownAudiences(bearing(authorization))).toEqual(audiences);
});
