// Tests that the removal guard holds without blocking the program, in a large cluster.
import { mistypedGlob } from "./mistyped-glob.ts";

mistypedGlob(6_000);
