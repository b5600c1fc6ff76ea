// Tests that the removal guard holds without blocking the program, with as many namespaces as an ordinary run has time for.
import { mistypedGlob } from "./mistyped-glob.ts";

mistypedGlob(2_000);
