// Does the removal guard hold without holding up the program, in a large cluster?
import { mistypedGlob } from "./mistyped-glob.ts";

mistypedGlob(6_000);
