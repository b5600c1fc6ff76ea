// The settings of OCIR, which has none yet; its block is there for those to come.
import { z } from "zod";

export const ocirSettings = z.object({});
