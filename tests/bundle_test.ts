import assert from "node:assert/strict";
import { join } from "node:path";
import * as esbuild from "esbuild";

const ROOT = join(import.meta.dirname!, "..");

Deno.test({
  name: "mod.ts is bundled for a browser, shaders included, nothing of a host left in",
  // esbuild's service process outlives the test by a moment.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const { outputFiles: [bundle], metafile } = await esbuild.build({
      entryPoints: [join(ROOT, "mod.ts")],
      bundle: true,
      format: "esm",
      platform: "browser",
      target: "es2022",
      minify: true,
      metafile: true,
      write: false,
      logLevel: "silent",
    });
    await esbuild.stop();
    assert.match(bundle.text, /@compute/);
    const outside = Object.values(metafile.outputs).flatMap(({ imports }) => imports);
    assert.deepEqual(outside.filter(({ external }) => external), []);
  },
});
