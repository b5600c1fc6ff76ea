// A fake ECR: roles that mint passwords of its making, counted, and an operator that finds its way there.
import { base64OfText } from "../../src/runtime/base64.ts";
import { awsJson, awsJsonError, awsServer } from "../providers/servers/aws.ts";
import type { Routes } from "./routes.ts";

const region = "eu-west-3";
export const ecrHost = hostOf("111122223333");

const keyID = "AKIAIOSFODNN7EXAMPLE";
const keyOwner = "arn:aws:iam::111122223333:user/regcred";
/** The operator's own identity: the setting `environment`. */
export const environment = { AWS_ACCESS_KEY_ID: keyID, AWS_SECRET_ACCESS_KEY: "hunter2" };
/** The same as the keys of an identity's Secret. */
export const identityKeys = { accessKeyId: keyID, secretAccessKey: "hunter2" };

export interface Mint {
  /** The name of the role without the path of its ARN. */
  readonly role: string;
  readonly password: string;
  readonly until: Temporal.Instant;
}

type Trouble = "refused" | "throttled";

export interface EcrOptions {
  /** Names of roles that the operator's key may assume. */
  readonly roles?: readonly string[];
  /** Names of roles by the subject of the ServiceAccount tokens that may assume them. */
  readonly federated?: Readonly<Record<string, string>>;
  readonly lifetime: Temporal.Duration;
  /** Before the answer; `refused` is answered as an outage. */
  readonly asked?: (role: string) => Promise<Trouble | undefined> | Trouble | undefined;
  /** Before the answer, so that the registry knows the password when the operator does. */
  readonly minted?: (mint: Mint) => Promise<void> | void;
}

export interface Ecr {
  /** In order. */
  readonly mints: readonly Mint[];
  /** Calls for registry tokens so far, whatever the answer. */
  asked(): number;
  readonly routes: Routes;
  close(): Promise<void>;
}

export function hostOf(account: string): string {
  return `${account}.dkr.ecr.${region}.amazonaws.com`;
}

export function arnOf(role: string): string {
  return `arn:aws:iam::111122223333:role/${role}`;
}

export async function ecr(options: EcrOptions): Promise<Ecr> {
  const mints: Mint[] = [];
  let issued = 0;
  let asked = 0;
  const aws = await awsServer({
    keys: { [keyID]: keyOwner },
    roles: Object.fromEntries([
      ...(options.roles ?? []).map((role) => [arnOf(role), { principals: [keyOwner] }] as const),
      ...Object.entries(options.federated ?? {}).map(([subject, role]) => [arnOf(role), { subject }] as const),
    ]),
  });
  aws.answer("ecr:GetAuthorizationToken", async ({ principal }) => {
    asked++;
    if (principal === undefined) return awsJsonError(400, "UnrecognizedClientException");
    const role = principal.replace(/^.*\//, "");
    const trouble = await options.asked?.(role);
    if (trouble === "refused") return awsJsonError(503, "ServiceUnavailableException");
    if (trouble === "throttled") return awsJsonError(400, "ThrottlingException");
    const mint = { role, password: `${role}/${++issued}`, until: Temporal.Now.instant().add(options.lifetime) };
    mints.push(mint);
    await options.minted?.(mint);
    const expiresAt = mint.until.epochMilliseconds / 1000;
    return awsJson({
      authorizationData: [{ authorizationToken: base64OfText(`AWS:${mint.password}`), expiresAt }],
    });
  });
  return {
    mints,
    asked: () => asked,
    routes: {
      [`sts.${region}.amazonaws.com`]: { url: aws.url },
      [`api.ecr.${region}.amazonaws.com`]: { url: aws.url },
    },
    close: () => aws.close(),
  };
}
