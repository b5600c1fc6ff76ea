// Does the removal guard hold without holding up the program? As many namespaces as an ordinary run has time for.
import { mistypedGlob } from "./mistyped-glob.ts";

mistypedGlob(2_000);
