// What does a loop see where the operator may do all?
import { reach, type Reach } from "../../src/cluster/permissions.ts";
import { unrestricted } from "../mode.ts";

export const allInReach: Reach = reach(
  unrestricted,
  {
    pullSecrets: { refused: () => false, refusedSome: () => false, refusedAll: () => false },
    serviceAccountsRefused: () => false,
    refusedElsewhere: () => [],
  },
  "regcred-system",
);
