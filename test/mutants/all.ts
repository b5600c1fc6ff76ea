// All faults that are put back, one at a time, to see that a test finds them: those that were seen on the installed operator,
// and those that tests once let through.
import { boundMutants } from "./bounds.ts";
import { cloudMutants } from "./clouds.ts";
import { drainMutants } from "./drain.ts";
import { failureMutants } from "./failures.ts";
import { hostMutants } from "./hosts.ts";
import { controllerMutants } from "./controllers.ts";
import { membershipMutants } from "./membership.ts";
import type { Mutant } from "./mutant.ts";
import { neighbourMutants } from "./neighbours.ts";
import { nodeMutants } from "./nodes.ts";
import { numberMutants } from "./numbers.ts";
import { paceMutants } from "./pace.ts";
import { allowanceMutants } from "./allowances.ts";
import { attackMutants } from "./attacks.ts";
import { guardrailMutants } from "./guardrails.ts";
import { textMutants } from "./text.ts";
import { worldMutants } from "./world.ts";

export const mutants: readonly Mutant[] = [
  ...membershipMutants,
  ...boundMutants,
  ...textMutants,
  ...guardrailMutants,
  ...drainMutants,
  ...numberMutants,
  ...failureMutants,
  ...controllerMutants,
  ...paceMutants,
  ...worldMutants,
  ...cloudMutants,
  ...hostMutants,
  ...nodeMutants,
  ...neighbourMutants,
  ...attackMutants,
  ...allowanceMutants,
];
