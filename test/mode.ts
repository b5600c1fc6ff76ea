// The mode of the operator where a test does not care.
import type { Mode } from "../src/cluster/install-mode.ts";

export const unrestricted: Mode = { pullSecretNames: [], watchNamespaces: [], podRecovery: false };
