// How does the program become the one file that the image holds?
//
// Usage: node src/launch.mjs src/build/bundle.ts [FILE]
import { join } from "node:path";
import { rolldown, type RolldownPluginOption } from "rolldown";

const root = join(import.meta.dirname, "../..");

/**
 * Writes src/main.ts with everything it imports into `file`, minified. A module that is imported lazily is in it too, and
 * still runs only when it is asked for. Gives the size in bytes.
 */
export async function bundle(file: string, plugins: RolldownPluginOption = []): Promise<number> {
  await using made = await rolldown({ input: join(root, "src/main.ts"), cwd: root, platform: "node", plugins });
  const { output } = await made.write({
    file,
    format: "esm",
    codeSplitting: false,
    minify: true,
    // The names of functions and classes: stack traces stay readable, and SDKs tell errors apart by them.
    keepNames: true,
    // Licences go where the code goes.
    comments: { legal: true },
  });
  return Buffer.byteLength(output[0].code);
}

if (import.meta.main) {
  const file = process.argv[2] ?? join(root, "dist/regcred.mjs");
  const megabytes = (await bundle(file)) / 1e6;
  process.stdout.write(`wrote ${file} (${megabytes.toFixed(1)} MB)\n`);
}
