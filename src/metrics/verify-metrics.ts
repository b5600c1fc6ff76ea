// Metrics of verification: how tries of new tokens at their registries end.
import type { Verify } from "../grants/verify.ts";
import type { Instruments } from "./instruments.ts";

export function countedVerify(verify: Verify, { count }: Pick<Instruments, "count">): Verify {
  return async (grant, target, minted, signal) => {
    const result = await verify(grant, target, minted, signal);
    count("regcred_verifications_total", { provider: grant.provider, result: result.verification });
    return result;
  };
}
