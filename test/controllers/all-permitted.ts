// Permissions as a controller sees them where the operator may do everything.
import { permissions, type Permissions } from "../../src/cluster/permissions.ts";
import { unrestricted } from "../mode.ts";

export const allPermitted: Permissions = permissions(
  unrestricted,
  {
    pullSecrets: { refused: () => false, refusedSome: () => false, refusedAll: () => false },
    serviceAccountsRefused: () => false,
    refusedElsewhere: () => [],
  },
  "regcred-system",
);
